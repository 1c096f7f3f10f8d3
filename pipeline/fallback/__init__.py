"""Providers that stand in for one another within a turn. Rule: each of them is a provider like those it stands on.

A layer is a list of candidates. The first that answers in time serves the request; one that is late is not given up
but raced by the next; one that breaks in the middle is continued by the next from where the caller's ear is.
"""
