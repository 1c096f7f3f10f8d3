"""A telephone on plain sockets, for the demo and the benches. Rule: it shares no code with the service's SIP."""
