"""Simulated vendors, for tests and benches only. Rule: the framing is the vendor's, the answers mean nothing."""
