"""Speech that a simulated recogniser can tell without understanding it. Rule: the mark comes before the speech.

Two tones for 40 ms, then 60 ms of silence, then the speech itself. The tones are those of `tone_words`: the low one and
how far the high one lies from it make up the number of what is said. No speech detector takes them for speech, and an
utterance reaches back far enough to hold them.
"""

import numpy as np

from pipeline.audio import NARROW_HZ
from telephony.bench.vendor_servers.tone_words import HIGH_HZ, LOW_HZ
from telephony.wire.rtp import PACKET_MS
from telephony.wire.speech import Speech, silence, speech_of

MARK_MS = 40
GAP_MS = 60
LEAD_MS = MARK_MS + GAP_MS
PEAK = 1_500
PUREST = 0.8
QUIETEST = 300.0
CODES = len(LOW_HZ)


def marked(number: int, speech: Speech) -> Speech:
    """The speech with its mark before it."""
    tones, gap = speech_of(_tones(number)), GAP_MS // PACKET_MS
    return Speech(
        (*tones.ulaw, *[silence("ulaw")] * gap, *speech.ulaw), (*tones.alaw, *[silence("alaw")] * gap, *speech.alaw)
    )


def joined(first: Speech, second: Speech, *, pause_ms: int) -> Speech:
    """One after the other; the pause holds the second one's mark."""
    gap = (pause_ms - LEAD_MS) // PACKET_MS
    return Speech(
        (*first.ulaw, *[silence("ulaw")] * gap, *second.ulaw), (*first.alaw, *[silence("alaw")] * gap, *second.alaw)
    )


def number_in(frame: bytes) -> int | None:
    """Which line's mark fills this frame of PCM16 at 8 kHz, if any does."""
    samples = np.frombuffer(frame, dtype="<i2").astype(np.float64)
    # Not by a product of matrices: BLAS would wake threads for it, and they would spin.
    levels = np.abs((samples[:, np.newaxis] * _PROBES).sum(axis=0)) * (2 / len(samples))
    low, high = levels[:CODES], levels[CODES:]
    nth, other = int(low.argmax()), int(high.argmax())
    tones = low[nth] ** 2 + high[other] ** 2
    whole = float(samples @ samples) * 2 / len(samples)
    clear = min(low[nth], high[other]) > QUIETEST and tones > PUREST * whole
    return (other - nth) % CODES * CODES + nth if clear else None


def _tones(number: int) -> bytes:
    time_s = np.arange(NARROW_HZ * MARK_MS // 1_000) / NARROW_HZ
    farther, nth = divmod(number, CODES)
    low, high = LOW_HZ[nth], HIGH_HZ[(nth + farther) % CODES]
    wave = PEAK * (np.sin(2 * np.pi * low * time_s) + np.sin(2 * np.pi * high * time_s))
    return bytes(wave.astype("<i2"))


_PROBES = np.exp(
    -2j * np.pi * np.outer(np.arange(NARROW_HZ // 50) / NARROW_HZ, np.array(LOW_HZ[:CODES] + HIGH_HZ[:CODES]))
)
