"""Speech of either rate on its way to a line of 8 kHz. Rule: as long out as in, and nothing torn where rates meet.

The filter down from 24 kHz holds the end of what it was given. Narrow-band speech that follows begins together with it.
"""

from typing import Final

import numpy as np

from pipeline.audio import FILTER_TAPS, SAMPLE_BYTES, Narrow, Speech
from telephony.media.rates import Rate

_RINGING_BYTES: Final = (FILTER_TAPS - 1) * SAMPLE_BYTES


class Narrowing:
    """One line's."""

    def __init__(self, down: Rate) -> None:
        """`down` is a filter from 24 kHz to 8 kHz of its own."""
        self._down = down
        self._odd = b""  # half a sample
        self._filtering = False
        self._ringing = b""

    def process(self, speech: Speech) -> bytes:
        """The next speech as PCM16 at 8 kHz."""
        match speech:
            case Narrow(pcm):
                if self._filtering:
                    self._ringing = self._down.process(bytes(_RINGING_BYTES))
                    self._down.reset()
                    self._filtering = False
                return self._with_ringing(pcm)
            case wide:
                wide = self._odd + wide
                whole = len(wide) - len(wide) % SAMPLE_BYTES
                self._odd = wide[whole:]
                self._filtering = True
                return self._with_ringing(self._down.process(wide[:whole]))

    def reset(self) -> None:
        """What follows has nothing to do with what was before."""
        self._odd = self._ringing = b""
        self._filtering = False
        self._down.reset()

    def _with_ringing(self, pcm: bytes) -> bytes:
        if not self._ringing:
            return pcm
        ringing, self._ringing = self._ringing[: len(pcm)], self._ringing[len(pcm) :]
        both = np.frombuffer(pcm[: len(ringing)], dtype="<i2") + np.frombuffer(ringing, dtype="<i2").astype(np.int32)
        return bytes(np.clip(both, -32_768, 32_767).astype("<i2")) + pcm[len(ringing) :]
