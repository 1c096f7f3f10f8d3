"""Sound for behind the agent, from a WAV file. Rule: it is made ready once, and one player of it serves every call."""

import os
import wave
from pathlib import Path
from typing import Any, Final

import numpy as np
import pjsua2 as pj
from numpy.typing import NDArray

from pipeline.audio import NARROW_HZ, SAMPLE_BYTES
from telephony.leg import Ambience
from telephony.media.rates import rate_change

SHORTEST_S: Final = 1
LONGEST_S: Final = 600
_FULL_SCALE: Final = 32_768
_SEAM_SAMPLES: Final = NARROW_HZ // 10


class UnplayableError(Exception):
    """A file gives no ambience; the message says why."""


def ambience_of(path: Path, loudness_db: float) -> Ambience:
    """The whole of a WAV file (PCM, any rate, any channels), as loud as that (RMS, dBFS); raises UnplayableError."""
    samples = _narrow(*_read(path))
    loudness = float(np.sqrt(np.mean(samples**2)))
    if loudness < 1:
        raise UnplayableError("is silent")
    scaled = _seamless(samples) * (_FULL_SCALE * 10 ** (loudness_db / 20) / loudness)
    return Ambience(np.clip(np.rint(scaled), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2").tobytes())


def player_of(ambience: Ambience, *, once: bool = False) -> Any:
    """An AudioMedia that plays it for ever, or once. For the thread that owns pjsua2, here and when dropped."""
    # A player reads a file; this one is memory, and lives for as long as it is read.
    file = os.memfd_create("ambience")
    try:
        with os.fdopen(file, "wb", closefd=False) as raw, wave.open(raw, "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(SAMPLE_BYTES)
            wav.setframerate(NARROW_HZ)
            wav.writeframes(ambience.pcm)
        player = pj.AudioMediaPlayer()
        player.createPlayer(f"/proc/self/fd/{file}", pj.PJMEDIA_FILE_NO_LOOP if once else 0)
    finally:
        os.close(file)
    return player


def _read(path: Path) -> tuple[bytes, int]:
    """Mono PCM16 and its rate."""
    try:
        with wave.open(str(path), "rb") as wav:
            rate_hz, channels, width, count = (
                wav.getframerate(),
                wav.getnchannels(),
                wav.getsampwidth(),
                wav.getnframes(),
            )
            if not SHORTEST_S * rate_hz <= count <= LONGEST_S * rate_hz:
                raise UnplayableError(f"lasts {count // rate_hz} s, and may last {SHORTEST_S} to {LONGEST_S} s")
            raw = np.frombuffer(wav.readframes(count), dtype=np.uint8)
    except OSError as error:
        raise UnplayableError(f"cannot be read: {error.strerror}") from None
    except (wave.Error, EOFError) as error:
        raise UnplayableError(
            f"is no WAV file of whole-number samples (PCM): {str(error) or 'it ends too early'}"
        ) from None
    return _mixed_down(_pcm16(raw[: len(raw) - len(raw) % (width * channels)], width), channels), rate_hz


def _pcm16(raw: NDArray[np.uint8], width: int) -> NDArray[np.int16]:
    """Samples of so many bytes, of which the upper two are kept; those of one byte have no sign."""
    if width == 1:
        return (raw.astype(np.int16) - 128) * 256
    return np.ascontiguousarray(raw.reshape(-1, width)[:, -SAMPLE_BYTES:]).reshape(-1).view("<i2")


def _mixed_down(samples: NDArray[np.int16], channels: int) -> bytes:
    mono: NDArray[np.float64] = samples.reshape(-1, channels).mean(axis=1)
    return mono.astype("<i2").tobytes()


def _narrow(pcm: bytes, rate_hz: int) -> NDArray[np.float64]:
    return np.frombuffer(rate_change(rate_hz, NARROW_HZ).process(pcm), dtype="<i2").astype(np.float64)


def _seamless(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Its end fades into its beginning, at one power, so that no click tells how long it is."""
    fade = np.sin(np.linspace(0, np.pi / 2, _SEAM_SAMPLES))
    first, last = samples[:_SEAM_SAMPLES], samples[-_SEAM_SAMPLES:]
    return np.concatenate((first * fade + last * fade[::-1], samples[_SEAM_SAMPLES:-_SEAM_SAMPLES]))
