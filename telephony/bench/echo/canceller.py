"""Speex's echo canceller and suppressor, by ctypes: what stands behind pjmedia's `PJMEDIA_ECHO_SPEEX`.

Rule: one per call; only the bench uses it, to compare.
"""

import ctypes
import ctypes.util
from typing import Any, Final, Self

from pipeline.audio import NARROW_HZ
from telephony.bench.echo.room import FRAME
from telephony.bench.turns.sound import PER_MS

TAIL_MS: Final = 500
_SET_RATE: Final = 24
_SET_ECHO_STATE: Final = 24


def library() -> Any:
    """Debian's libspeexdsp; None where that is not installed."""
    name = ctypes.util.find_library("speexdsp")
    if name is None:
        return None
    speex = ctypes.CDLL(name)
    for opens in (speex.speex_echo_state_init, speex.speex_preprocess_state_init):
        opens.restype = ctypes.c_void_p
    return speex


class SpeexCanceller:
    """A tail of TAIL_MS, which is what a speakerphone behind 300 ms of network needs."""

    def __init__(self, speex: Any) -> None:
        self._speex = speex
        rate = ctypes.c_int(NARROW_HZ)
        self._echo = ctypes.c_void_p(speex.speex_echo_state_init(FRAME, TAIL_MS * PER_MS))
        self._after = ctypes.c_void_p(speex.speex_preprocess_state_init(FRAME, NARROW_HZ))
        speex.speex_echo_ctl(self._echo, _SET_RATE, ctypes.byref(rate))
        speex.speex_preprocess_ctl(self._after, _SET_ECHO_STATE, self._echo)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._speex.speex_preprocess_state_destroy(self._after)
        self._speex.speex_echo_state_destroy(self._echo)

    def clean(self, heard: bytes, sent: bytes) -> bytes:
        """One tick: what comes back without the echo of what was sent."""
        cleaned = ctypes.create_string_buffer(len(heard))
        self._speex.speex_echo_cancellation(self._echo, heard, sent, cleaned)
        self._speex.speex_preprocess_run(self._after, cleaned)
        return cleaned.raw
