"""The Realtime session object and events as typed structs. Rule: what a peer sent decodes or is refused, never raises."""
