"""What the simulated vendors of the benches take and say, and what a turn then takes at best."""

import re

from pipeline.audio import FRAME_MS
from pipeline.providers.simulated import Latency
from pipeline.realtime.config import ServerVad
from pipeline.sentences import SentenceCutter

# Speech is taken in and given out in frames: spread over one, half a frame more or less is told as half a frame.
LATENCY = Latency(spread_ms=FRAME_MS)
REPLY = "Of course I can, and the table by the window is free. Is there anything else for you?"
SPARE_CALLS = 8
PARTIAL_MS = 150.0
"""How old a word is when a recogniser that gives words as they are spoken tells it."""


def nominal_ms() -> float:
    """Voice to voice if everything but endpointing and vendors took no time (see telephony.bench.calls)."""
    cutter = SentenceCutter()
    tokens = 0
    for word in REPLY.split(" "):
        tokens += 1
        if cutter.feed(f"{word} "):
            break
    waits_ms = (ServerVad().silence_duration_ms, LATENCY.final_ms, LATENCY.first_token_ms, LATENCY.first_chunk_ms)
    return sum(waits_ms) + (tokens - 1) / LATENCY.tokens_per_s * 1_000


def reply_ms() -> float:
    """How long the simulated voice speaks the reply."""
    return len(re.findall(r"\w+", REPLY)) * LATENCY.word_ms
