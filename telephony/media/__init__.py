"""The audio seam between the media clock thread and the event loop. Rule: no Python runs in the clock thread."""
