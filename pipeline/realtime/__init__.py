"""The Realtime session object and events as typed structs. Rule: values only."""
