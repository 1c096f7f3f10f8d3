"""A caller before the answer: it rings, or words are heard that cost nothing. Rule: whoever leaves ends it."""

import asyncio

from pipeline.audio import NARROW_HZ, SAMPLE_BYTES, WIDE_HZ
from telephony.leg import Ambience, Leg
from telephony.media.rates import rate_change


async def ring(leg: Leg, ring_s: float, announcement: bytes) -> None:
    """Let it ring for so long; or let these words, PCM16 at 24 kHz, be heard instead, to their end."""
    if not announcement:
        leg.ring()
        await asyncio.sleep(ring_s)
        return
    words = rate_change(WIDE_HZ, NARROW_HZ).process(announcement)
    leg.announce(Ambience(words))
    await asyncio.sleep(len(words) / SAMPLE_BYTES / NARROW_HZ)
