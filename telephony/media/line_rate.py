"""A leg's audio between the bridge's clock and the rates that the house speaks. Rule: each sound changes its rate once.

A bridge at 8 kHz suits G.711, and narrow speech passes as it is; at 16 kHz G.722 and Opus keep what they are worth.
"""

from typing import Final, Protocol

import numpy as np

from pipeline.audio import FRAME_MS, NARROW_HZ, SAMPLE_BYTES, WIDE_HZ, Narrow, Speech, bytes_of
from telephony.media.narrowing import Narrowing
from telephony.media.rates import rate_change

WIDEBAND_HZ: Final = 16_000


class LineRate(Protocol):
    """One leg's conversions; PCM16 of 20 ms at the bridge's clock is `frame_bytes` long."""

    clock_hz: int

    def heard(self, pcm: bytes) -> tuple[bytes, bytes]:
        """A frame of the caller's, at 8 and at 24 kHz."""
        ...

    def to_line(self, speech: Speech) -> bytes:
        """The agent's next speech at the bridge's clock."""
        ...

    def reset(self) -> None:
        """What the agent says next has nothing to do with what was before."""
        ...

    def left(self, pcm: bytes) -> bytes:
        """A frame of the agent's that the line took, at 8 kHz."""
        ...

    def recorded(self, stereo: bytes) -> bytes:
        """Both sides of the line, at 8 kHz."""
        ...


class NarrowLine:
    """On a bridge at 8 kHz."""

    clock_hz = NARROW_HZ

    def __init__(self) -> None:
        self._up = rate_change(NARROW_HZ, WIDE_HZ)
        self._down = Narrowing(rate_change(WIDE_HZ, NARROW_HZ))

    def heard(self, pcm: bytes) -> tuple[bytes, bytes]:
        """The frame itself, and at 24 kHz."""
        return pcm, self._up.process(pcm)

    def to_line(self, speech: Speech) -> bytes:
        """Narrow speech as it is."""
        return self._down.process(speech)

    def reset(self) -> None:
        """Forget what the filter holds."""
        self._down.reset()

    def left(self, pcm: bytes) -> bytes:
        """As it is."""
        return pcm

    def recorded(self, stereo: bytes) -> bytes:
        """As it is."""
        return stereo


class WidebandLine:
    """On a bridge at 16 kHz."""

    clock_hz = WIDEBAND_HZ

    def __init__(self) -> None:
        self._up = rate_change(WIDEBAND_HZ, WIDE_HZ)
        self._heard, self._left, *self._sides = (rate_change(WIDEBAND_HZ, NARROW_HZ) for _ in range(4))
        self._from_wide = rate_change(WIDE_HZ, WIDEBAND_HZ)
        self._from_narrow = rate_change(NARROW_HZ, WIDEBAND_HZ)
        self._odd = b""  # half a sample

    def heard(self, pcm: bytes) -> tuple[bytes, bytes]:
        """The frame at 8 and at 24 kHz."""
        return self._heard.process(pcm), self._up.process(pcm)

    def to_line(self, speech: Speech) -> bytes:
        """Speech of either rate."""
        match speech:
            case Narrow(pcm):
                return self._from_narrow.process(pcm)
            case wide:
                wide = self._odd + wide
                whole = len(wide) - len(wide) % SAMPLE_BYTES
                self._odd = wide[whole:]
                return self._from_wide.process(wide[:whole])

    def reset(self) -> None:
        """Forget what the filters hold."""
        self._odd = b""
        self._from_wide.reset()
        self._from_narrow.reset()

    def left(self, pcm: bytes) -> bytes:
        """The frame at 8 kHz."""
        return self._left.process(pcm)

    def recorded(self, stereo: bytes) -> bytes:
        """Each side at 8 kHz."""
        both = np.frombuffer(stereo, "<i2").reshape(-1, 2)
        sides = [side.process(both[:, i].tobytes()) for i, side in enumerate(self._sides)]
        return np.stack([np.frombuffer(side, "<i2") for side in sides], axis=1).tobytes()


def frame_bytes(line: LineRate) -> int:
    """20 ms at the bridge's clock."""
    return bytes_of(FRAME_MS, line.clock_hz)
