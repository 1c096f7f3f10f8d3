"""What a far end recorded: WAV files, also unfinished ones, and which words are in them. Rule: it only looks."""

import struct
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from tests.drive.speech import narrow

NARROW_HZ = 8_000
HEADER_BYTES = 44
PIECE = 3_200  # samples of a word's part that is looked for: 400 ms
QUIET = 1e6  # the energy of a piece that is taken for silence
LIKE = 0.75  # the same words through two jitter buffers reach 0.99, on a busy machine 0.78; others 0.7


def write_wav(path: Path, pcm: bytes, rate_hz: int = NARROW_HZ, channels: int = 1) -> None:
    """PCM16."""
    with wave.open(str(path), "wb") as wav:
        wav.setparams((channels, 2, rate_hz, 0, "NONE", ""))
        wav.writeframes(pcm)


def read_wav(path: Path) -> bytes:
    """The samples of a plain WAV file of PCM16 at 8 kHz, of which the end may not be written yet."""
    octets = path.read_bytes()[HEADER_BYTES:]
    return octets[: len(octets) & ~1]


def read_left(path: Path) -> tuple[bytes, int]:
    """The same of a file of any rate, which comes too, and with any number of channels, of which the first counts."""
    header = path.read_bytes()[:HEADER_BYTES]
    channels, rate_hz = struct.unpack_from("<HI", header, 22) if len(header) == HEADER_BYTES else (1, NARROW_HZ)
    samples = np.frombuffer(read_wav(path), dtype="<i2")
    return samples[::channels].tobytes(), rate_hz


def likeness(text: str, heard: bytes, voice: str = "slt") -> float:
    """How much of what was heard is this sentence in this voice: the middle one of its parts' correlations, 0 to 1."""
    wanted = _samples(narrow(text, voice))
    loud = np.flatnonzero(np.abs(wanted) > 500)
    wanted, sound = wanted[loud[0] : loud[-1]], _samples(heard)
    if len(sound) <= PIECE:
        return 0.0
    starts = range(0, max(1, len(wanted) - PIECE + 1), PIECE)
    products = (fftconvolve(sound, _even(wanted[start : start + PIECE])[::-1], mode="valid") for start in starts)
    sums = np.concatenate([[0.0], np.cumsum(sound**2)])
    loudness = np.sqrt(np.maximum(sums[PIECE:] - sums[:-PIECE], QUIET))
    return float(np.median([np.max(np.abs(product) / loudness) for product in products]))


def says(text: str, heard: bytes, voice: str = "slt") -> bool:
    """Whether this sentence was heard."""
    return likeness(text, heard, voice) > LIKE


def _even(part: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without its mean, and of energy 1."""
    part = part - part.mean()
    return np.asarray(part / np.sqrt(np.sum(part**2)))


def _samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)
