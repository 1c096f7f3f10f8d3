"""The sound that tells a caller that somebody is still there. Rule: it is made here, and the same for all."""

from functools import cache
from typing import Final

import numpy as np

from pipeline.audio import WIDE_HZ
from telephony.leg import Ambience

NOTES_HZ: Final = (392.0, 523.3)
NOTE_MS: Final = 700
REST_MS: Final = 1_100
PEAK: Final = 2_000
_FADES_IN_MS: Final = 15
_FADES_OUT_MS: Final = 180


@cache
def hold_ambience() -> Ambience:
    """The same at 8 kHz, one for all calls: its notes lie so low that every third sample is enough."""
    return Ambience(np.frombuffer(hold_sound(), "<i2")[::3].tobytes())


@cache
def hold_sound() -> bytes:
    """Two notes that die away, and a rest: PCM16 at 24 kHz, to be heard again and again."""
    moments_ms = np.arange(WIDE_HZ * NOTE_MS // 1_000) * 1_000 / WIDE_HZ
    swell = np.minimum(moments_ms / _FADES_IN_MS, 1) * np.exp(-moments_ms / _FADES_OUT_MS)
    notes = [PEAK * swell * np.sin(2 * np.pi * hz * moments_ms / 1_000) for hz in NOTES_HZ]
    return np.concatenate((*notes, np.zeros(WIDE_HZ * REST_MS // 1_000))).astype("<i2").tobytes()
