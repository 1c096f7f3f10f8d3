"""Speech ready for the wire: cut to what is audible and encoded once. Rule: it begins and ends audible."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import NARROW_HZ, alaw_decoded, alaw_encoded, ulaw_decoded, ulaw_encoded
from telephony.wire.rtp import PACKET_SAMPLES
from telephony.wire.sdp import Law

AUDIBLE_LEVEL = 64
"""Mean magnitude of PCM16 samples (-54 dBFS) from which a packet counts as sound; idle G.711 is 0 to 8."""
EDGE_SAMPLES = 40
"""Speech is cut to 5 ms at its ends."""
LOUDNESS_STEP = 8


@dataclass(frozen=True, slots=True)
class Speech:
    """One thing to say as packets of 20 ms, in both laws."""

    ulaw: tuple[bytes, ...]
    alaw: tuple[bytes, ...]

    @property
    def duration_ms(self) -> int:
        """Length on the wire."""
        return len(self.ulaw) * PACKET_SAMPLES * 1_000 // NARROW_HZ

    def packets(self, law: Law) -> tuple[bytes, ...]:
        """The payloads in one law."""
        return self.ulaw if law == "ulaw" else self.alaw


def speech_of(pcm: bytes) -> Speech:
    """Speech from PCM16 at 8 kHz. Silence around it goes; silence before the onset fills the first packet."""
    audible = trimmed(pcm)
    missing = -len(audible) % (2 * PACKET_SAMPLES)
    whole = bytes(missing) + audible
    return Speech(_cut(ulaw_encoded(whole)), _cut(alaw_encoded(whole)))


def trimmed(pcm: bytes) -> bytes:
    """PCM16 without its inaudible ends; empty when nothing is audible."""
    samples = np.abs(np.frombuffer(pcm, dtype="<i2").astype(np.int32))
    edges = len(samples) // EDGE_SAMPLES
    levels = samples[: edges * EDGE_SAMPLES].reshape(edges, EDGE_SAMPLES).mean(axis=1)
    loud = np.flatnonzero(levels >= AUDIBLE_LEVEL)
    if not len(loud):
        return b""
    return pcm[2 * EDGE_SAMPLES * int(loud[0]) : 2 * EDGE_SAMPLES * (int(loud[-1]) + 1)]


def silence(law: Law) -> bytes:
    """One packet of nothing to say."""
    quiet = bytes(2 * PACKET_SAMPLES)
    return ulaw_encoded(quiet) if law == "ulaw" else alaw_encoded(quiet)


def decoded(payload: bytes, law: Law) -> bytes:
    """A payload as PCM16 at 8 kHz."""
    return ulaw_decoded(payload) if law == "ulaw" else alaw_decoded(payload)


@cache
def loudness_table(law: Law) -> bytes:
    """Code -> magnitude of its sample in steps of LOUDNESS_STEP, at most 255."""
    magnitudes = np.abs(np.frombuffer(decoded(bytes(range(256)), law), dtype="<i2").astype(np.int32))
    steps: NDArray[np.uint8] = np.minimum(magnitudes // LOUDNESS_STEP, 255).astype(np.uint8)
    return steps.tobytes()


def level_of(payload: bytes, table: bytes) -> int:
    """Mean magnitude of a payload's samples (each capped at 2040), by its law's loudness table."""
    return sum(payload.translate(table)) * LOUDNESS_STEP // (len(payload) or 1)


def _cut(codes: bytes) -> tuple[bytes, ...]:
    return tuple(codes[at : at + PACKET_SAMPLES] for at in range(0, len(codes), PACKET_SAMPLES))
