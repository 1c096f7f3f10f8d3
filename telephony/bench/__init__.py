"""Measurements from the caller's side of the wire. Rule: who measures and who is measured are two processes."""

from telephony.bench.calls import run_calls
from telephony.bench.faults import run_faults
from telephony.bench.media import run_media
from telephony.bench.realtime import run_realtime

__all__ = ["run_calls", "run_faults", "run_media", "run_realtime"]
