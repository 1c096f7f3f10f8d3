"""Tones, and what is heard of them. Rule: pure; PCM16 in, figures out."""

import numpy as np
from numpy.typing import NDArray

WIDE_HZ = 24_000


def a_tone(hz: float, ms: int, *, level: float = 8_000.0, rate_hz: int = WIDE_HZ) -> bytes:
    """A sine of this peak level."""
    moments = np.arange(rate_hz * ms // 1_000) / rate_hz
    return (level * np.sin(2 * np.pi * hz * moments)).astype("<i2").tobytes()


def samples_of(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


def loudest_hz(pcm: bytes, rate_hz: int = WIDE_HZ) -> float:
    """The frequency with the most energy, to 10 Hz: a frame that slipped breaks the phase and widens the peak."""
    samples = samples_of(pcm)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return round(float(np.argmax(spectrum)) * rate_hz / len(samples), -1)


def tone_and_noise(pcm: bytes, hz: float, rate_hz: int = WIDE_HZ) -> tuple[float, float]:
    """Peak level of the tone at `hz`, and how far all the rest lies below it, in dB."""
    samples = samples_of(pcm)
    angle = 2 * np.pi * hz * np.arange(len(samples)) / rate_hz
    basis = np.stack([np.sin(angle), np.cos(angle), np.ones_like(angle)], axis=1)
    fit, *_ = np.linalg.lstsq(basis, samples, rcond=None)
    rest = samples - basis @ fit
    level = float(np.hypot(fit[0], fit[1]))
    return level, float(10 * np.log10(level**2 / 2 / max(float(np.mean(rest**2)), 1e-9)))


def cleanest(pcm: bytes, hz: float, *, window_ms: int = 250) -> tuple[float, float]:
    """tone_and_noise of the cleanest window: clicks at frame edges are in all of them, a late machine's gap is not."""
    length = 2 * WIDE_HZ * window_ms // 1_000
    windows = (pcm[start : start + length] for start in range(0, len(pcm) - length + 1, length))
    return max((tone_and_noise(window, hz) for window in windows), key=lambda found: found[1])


def decibels(level: float, reference: float) -> float:
    return float(20 * np.log10(level / reference))


def a_key(
    key: str, ms: int, *, level: float = 6_000.0, stray: float = 1.0, twist_db: float = 0.0, rate_hz: int = 8_000
) -> bytes:
    """A key as its two tones: the column's is `twist_db` louder than the row's, both `stray` times what they ought."""
    place = "123A456B789C*0#D".index(key)
    row_hz, column_hz = (697, 770, 852, 941)[place // 4], (1_209, 1_336, 1_477, 1_633)[place % 4]
    moments = np.arange(rate_hz * ms // 1_000) / rate_hz
    row = np.sin(2 * np.pi * row_hz * stray * moments)
    column = 10 ** (twist_db / 20) * np.sin(2 * np.pi * column_hz * stray * moments)
    return (level * (row + column)).astype("<i2").tobytes()
