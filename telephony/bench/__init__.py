"""Measurements from the caller's side of the wire. Rule: who measures and who is measured are two processes."""
