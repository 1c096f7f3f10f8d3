"""PCM16 from one rate to another, as a stream, in C++. Rule: one filter each, however its input is cut."""

from typing import Final, Protocol

import numpy as np
import pjsua2 as pj

from pipeline.audio import filter_taps

FILTER_DELAY_MS: Final = 4
"""What a filter holds back at most, between any two rates that are in use."""


class Rate(Protocol):
    """One stream on its way to another rate."""

    def process(self, pcm: bytes) -> bytes:
        """The next PCM16, an even number of bytes, at the new rate."""
        ...

    def reset(self) -> None:
        """What follows has nothing to do with what was before."""
        ...


class _Same:
    """The rate is right already."""

    def process(self, pcm: bytes) -> bytes:
        return pcm

    def reset(self) -> None:
        pass


def rate_change(from_hz: int, to_hz: int) -> Rate:
    """A stream from the one rate to the other. The first for a pair of rates designs its filter, some 10 ms."""
    if from_hz == to_hz:
        return _Same()
    divisor = int(np.gcd(from_hz, to_hz))
    up, down = to_hz // divisor, from_hz // divisor
    changed: Rate = pj.Resampler(filter_taps(up, down, from_hz).tobytes(), up, down)
    return changed
