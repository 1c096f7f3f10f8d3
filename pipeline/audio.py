"""PCM16 framing, durations, G.711 and the 8 kHz <-> 24 kHz resampler. Rule: pure functions of samples.

The telephone side runs at 8 kHz, the session at 24 kHz. Audio crosses between them once each way, through one
anti-alias filter: 145 taps at 24 kHz, Kaiser window (beta 8), cut at 3850 Hz. Passband 0..3400 Hz within 0.01 dB, what
lies there has no images and no aliases above -90 dB; delay 3 ms each way.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

NARROW_HZ = 8_000
WIDE_HZ = 24_000
FRAME_MS = 20
SAMPLE_BYTES = 2
FILTER_TAPS = 145
FILTER_CUT_HZ = 3_850.0
FILTER_BETA = 8.0


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of one speaker, the same sound at both rates: PCM16 LE mono, 8 kHz (320 bytes) and 24 kHz (960 bytes).

    `agent` is what the line took from the agent meanwhile, at 8 kHz; empty when that was silent, or nobody knows.
    """

    narrow: bytes
    wide: bytes
    agent: bytes = b""


@dataclass(frozen=True, slots=True)
class Narrow:
    """Speech that was made for a narrow-band line: PCM16 LE mono at 8 kHz."""

    pcm: bytes


Speech = bytes | Narrow
"""Speech as voices make it. Plain bytes are PCM16 LE mono at 24 kHz."""


def speech_ms(speech: Speech) -> float:
    """How long it is heard."""
    match speech:
        case Narrow(pcm):
            return len(pcm) * 1_000 / (SAMPLE_BYTES * NARROW_HZ)
        case wide:
            return len(wide) * 1_000 / (SAMPLE_BYTES * WIDE_HZ)


def ms_of(pcm: bytes, rate_hz: int) -> int:
    """Whole milliseconds of PCM16 mono audio."""
    return len(pcm) * 1_000 // (SAMPLE_BYTES * rate_hz)


def bytes_of(ms: int, rate_hz: int) -> int:
    """Length in bytes of so many milliseconds of PCM16 mono audio."""
    return ms * rate_hz // 1_000 * SAMPLE_BYTES


def frames_of(pcm: bytes, frame_bytes: int) -> Iterator[bytes]:
    """Whole frames of PCM, in order; a shorter rest is left out."""
    for start in range(0, len(pcm) - frame_bytes + 1, frame_bytes):
        yield pcm[start : start + frame_bytes]


@cache
def filter_taps(up: int, down: int, rate_hz: int) -> NDArray[np.float32]:
    """Low-pass taps for `rate_hz * up / down`, designed at `rate_hz * up`, gain `up`.

    Between 8 kHz and 24 kHz this is the filter named above; other ratios keep its shape below the lower Nyquist limit.
    """
    fast_hz = rate_hz * up
    low_hz = min(rate_hz, fast_hz // down)
    cut_hz = FILTER_CUT_HZ * low_hz / NARROW_HZ
    length = int(FILTER_TAPS * fast_hz * NARROW_HZ / (WIDE_HZ * low_hz)) | 1
    lags = np.arange(length) - (length - 1) / 2
    taps = np.sinc(2 * cut_hz / fast_hz * lags) * np.kaiser(length, FILTER_BETA)
    scaled: NDArray[np.float32] = (taps / taps.sum() * up).astype(np.float32)
    return scaled


class Resampler:
    """Streaming polyphase resampler between two PCM16 rates; the output does not depend on how the input is cut."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        divisor = int(np.gcd(from_hz, to_hz))
        self._up = to_hz // divisor
        self._down = from_hz // divisor
        taps = filter_taps(self._up, self._down, from_hz)
        self._reach = -(-len(taps) // self._up)
        padded = np.zeros(self._reach * self._up, dtype=np.float32)
        padded[: len(taps)] = taps
        self._phases = np.ascontiguousarray(padded.reshape(self._reach, self._up)[::-1])
        self._past = np.zeros(self._reach - 1, dtype=np.float32)
        self._next = 0
        self.delay_ms = (len(taps) - 1) / 2 / (from_hz * self._up) * 1_000
        self._odd = b""

    def process(self, pcm: bytes) -> bytes:
        """Resample a chunk of any length; half a sample at its end waits for the next chunk."""
        if self._odd:
            pcm = self._odd + pcm
        if len(pcm) % SAMPLE_BYTES:
            pcm, self._odd = pcm[:-1], pcm[-1:]
        else:
            self._odd = b""
        fresh = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
        line = np.concatenate((self._past, fresh))
        self._past = line[len(line) - self._reach + 1 :]
        if self._down == 1 and len(fresh):
            # Every sample gives all its phases.
            return _to_pcm((np.lib.stride_tricks.sliding_window_view(line, self._reach) @ self._phases).reshape(-1))
        ticks = np.arange(self._next, len(fresh) * self._up, self._down)
        self._next = (int(ticks[-1]) + self._down if len(ticks) else self._next) - len(fresh) * self._up
        if not len(ticks):
            return b""
        return _to_pcm(self._filtered(line, ticks))

    def _filtered(self, line: NDArray[np.float32], ticks: NDArray[Any]) -> NDArray[np.float32]:
        starts, phases = np.divmod(ticks, self._up)
        windows = np.lib.stride_tricks.sliding_window_view(line, self._reach)
        if self._up == 1:
            return windows[starts] @ self._phases[:, 0]
        out = np.empty(len(ticks), dtype=np.float32)
        for phase in range(self._up):
            chosen = phases == phase
            out[chosen] = windows[starts[chosen]] @ self._phases[:, phase]
        return out


def _to_pcm(samples: NDArray[np.float32]) -> bytes:
    return np.clip(np.rint(samples), -32_768, 32_767).astype("<i2").tobytes()


@cache
def _encoder(law: str) -> NDArray[np.uint8]:
    """PCM16, taken as unsigned -> the code whose value is nearest."""
    decoded = ulaw_decoded if law == "ulaw" else alaw_decoded
    table = np.frombuffer(decoded(bytes(range(256))), dtype="<i2")
    order = np.argsort(table, kind="stable")
    values = table[order].astype(np.int32)
    edges = (values[1:] + values[:-1]) // 2
    pcm = np.arange(65_536, dtype=np.uint16).view(np.int16)
    return order[np.searchsorted(edges, pcm, side="left")].astype(np.uint8)


def ulaw_decoded(codes: bytes) -> bytes:
    """G.711 mu-law, one byte a sample -> PCM16 LE."""
    return audioop.ulaw2lin(codes, SAMPLE_BYTES)


def alaw_decoded(codes: bytes) -> bytes:
    """G.711 A-law, one byte a sample -> PCM16 LE."""
    return audioop.alaw2lin(codes, SAMPLE_BYTES)


def ulaw_encoded(pcm: bytes) -> bytes:
    """PCM16 LE -> G.711 mu-law."""
    return _encoder("ulaw").take(np.frombuffer(pcm, dtype="<u2")).tobytes()


def alaw_encoded(pcm: bytes) -> bytes:
    """PCM16 LE -> G.711 A-law."""
    return _encoder("alaw").take(np.frombuffer(pcm, dtype="<u2")).tobytes()
