"""Speech to tell stories with: a sentence by the embedded voice, as the telephone carries it. Rule: real audio only."""

from collections.abc import AsyncIterator
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from pipeline.audio import NARROW_HZ, Frame, Speech, frames_of, ulaw_decoded, ulaw_encoded
from pipeline.providers.embedded_tts import FLITE_HZ, Flite, speakable

FRAME_BYTES = 320

Chunk = TypeVar("Chunk", bound=Speech)


async def gathered(chunks: AsyncIterator[Chunk]) -> list[Chunk]:
    """Everything that a voice gives."""
    return [chunk async for chunk in chunks]


@cache
def narrow(text: str, voice: str = "kal16") -> bytes:
    """A sentence as PCM16 at 8 kHz after G.711, with the voice's own silence around it."""
    pieces: list[bytes] = []

    def take(pcm: bytes, rate_hz: int) -> bool:
        assert rate_hz == FLITE_HZ
        pieces.append(pcm)
        return True

    Flite().say(speakable(text), voice, 1.0, take)
    loud = np.frombuffer(b"".join(pieces), dtype="<i2").astype(np.float64)
    return over_the_telephone(resample_poly(loud, 1, FLITE_HZ // NARROW_HZ))


def over_the_telephone(samples: NDArray[np.float64]) -> bytes:
    """PCM16 at 8 kHz after a G.711 round trip."""
    pcm = np.clip(np.rint(samples), -32_768, 32_767).astype("<i2").tobytes()
    return ulaw_decoded(ulaw_encoded(pcm))


def silence(ms: int) -> bytes:
    """A quiet line at 8 kHz."""
    return bytes(ms * NARROW_HZ // 1_000 * 2)


def frames(narrow_pcm: bytes) -> list[Frame]:
    """Frames as the bridge gives them; their wide half is silent, for listeners that take 8 kHz."""
    return [Frame(pcm, bytes(3 * FRAME_BYTES)) for pcm in frames_of(narrow_pcm, FRAME_BYTES)]
