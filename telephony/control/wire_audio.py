"""A client's audio: its bytes into 20 ms frames, the agent's PCM into its bytes. Rule: no sample is lost or shifted.

Formats are OpenAI's and Inworld's. Whatever the client's rate, audio is resampled once each way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.audio import (
    FRAME_MS,
    NARROW_HZ,
    SAMPLE_BYTES,
    WIDE_HZ,
    Frame,
    alaw_decoded,
    alaw_encoded,
    bytes_of,
    ulaw_decoded,
    ulaw_encoded,
)
from pipeline.realtime.config import Format
from telephony.media.rates import FILTER_DELAY_MS, rate_change

NARROW_FRAME_BYTES: Final = bytes_of(FRAME_MS, NARROW_HZ)
WIDE_FRAME_BYTES: Final = bytes_of(FRAME_MS, WIDE_HZ)
FULL_SCALE: Final = 32_767.0


@dataclass(frozen=True, slots=True)
class Coding:
    """How samples look on a client's wire."""

    sample_bytes: int
    decoded: Callable[[bytes], bytes]
    encoded: Callable[[bytes], bytes]


def _as_it_is(pcm: bytes) -> bytes:
    return pcm


def _from_floats(samples: bytes) -> bytes:
    floats = np.nan_to_num(np.frombuffer(samples, dtype="<f4"), nan=0.0, posinf=1.0, neginf=-1.0)
    pcm = np.rint(np.clip(floats, -1.0, 1.0) * FULL_SCALE).astype("<i2")
    return bytes(pcm.tobytes())


def _to_floats(pcm: bytes) -> bytes:
    return (np.frombuffer(pcm, dtype="<i2") / np.float32(FULL_SCALE)).astype("<f4").tobytes()


PCM: Final = Coding(SAMPLE_BYTES, _as_it_is, _as_it_is)
CODINGS: Final = {
    "audio/pcm": PCM,
    "audio/pcmu": Coding(1, ulaw_decoded, ulaw_encoded),
    "audio/pcma": Coding(1, alaw_decoded, alaw_encoded),
    "audio/float32": Coding(4, _from_floats, _to_floats),
}


def rate_of(wire: Format) -> int:
    """Samples a second; G.711 has one rate only."""
    return NARROW_HZ if wire.type in ("audio/pcmu", "audio/pcma") else wire.rate or WIDE_HZ


class CallerAudio:
    """What a client sends, as frames. Less than a sample, and less than a frame, waits for what comes next."""

    def __init__(self, wire: Format) -> None:
        self._coding = CODINGS[wire.type]
        rate_hz = rate_of(wire)
        self._step_bytes = rate_hz * FRAME_MS // 1_000 * self._coding.sample_bytes
        self._to_narrow = rate_change(rate_hz, NARROW_HZ)
        self._to_wide = rate_change(rate_hz, WIDE_HZ)
        self._raw = b""
        self._taken = 0
        self._narrow = b""
        self._wide = b""

    def take(self, raw: bytes) -> None:
        """The next bytes, of any length."""
        self._raw = self._raw[self._taken :] + raw
        self._taken = 0

    @property
    def waiting(self) -> bool:
        """True while `frames` has more to give."""
        return len(self._raw) - self._taken >= self._step_bytes

    def crowded(self, frames: int) -> bool:
        """True while more than so many frames wait."""
        return len(self._raw) - self._taken > frames * self._step_bytes

    def frames(self, most: int) -> Iterator[Frame]:
        """The next frames, about so many at most."""
        while most > 0 and self.waiting:
            most -= 1
            pcm = self._coding.decoded(self._raw[self._taken : self._taken + self._step_bytes])
            self._taken += self._step_bytes
            self._narrow += self._to_narrow.process(pcm)
            self._wide += self._to_wide.process(pcm)
            # At a rate that 20 ms do not divide, a step is a little shorter than a frame.
            if len(self._narrow) >= NARROW_FRAME_BYTES and len(self._wide) >= WIDE_FRAME_BYTES:
                yield Frame(self._narrow[:NARROW_FRAME_BYTES], self._wide[:WIDE_FRAME_BYTES])
                self._narrow = self._narrow[NARROW_FRAME_BYTES:]
                self._wide = self._wide[WIDE_FRAME_BYTES:]

    def drop(self) -> None:
        """What waits will not be heard."""
        self._raw = self._narrow = self._wide = b""
        self._taken = 0
        self._to_narrow.reset()
        self._to_wide.reset()


class AgentAudio:
    """What the agent says in one content part, as the client wants it."""

    def __init__(self, wire: Format) -> None:
        self._coding = CODINGS[wire.type]
        rate_hz = rate_of(wire)
        self._filtered = rate_hz != WIDE_HZ
        self._rate = rate_change(WIDE_HZ, rate_hz)
        self._odd = b""

    def encoded(self, pcm: bytes) -> bytes:
        """The next PCM16 at 24 kHz, of any length, in the client's format."""
        pcm = self._odd + pcm
        whole = len(pcm) - len(pcm) % SAMPLE_BYTES
        self._odd = pcm[whole:]
        return self._coding.encoded(self._rate.process(pcm[:whole]))

    def ended(self) -> bytes:
        """What the filter still holds."""
        return self.encoded(bytes(bytes_of(FILTER_DELAY_MS, WIDE_HZ))) if self._filtered else b""
