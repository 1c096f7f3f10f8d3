"""What a telephone makes of the packets that came. Rule: pure; a packet that comes after its moment is lost.

A jitter buffer of fixed length: sound is played `buffer_ms` after the earliest that a packet of this stream may come.
In place of a lost packet the one before is heard again, softer each time, as G.711's appendix I does in principle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.audio import NARROW_HZ, bytes_of
from telephony.wire.rtp import PACKET_MS, PACKET_SAMPLES

SOFTER = 0.5
HEARD_AGAIN = 3
NS_PER_MS = 1_000_000
SAMPLES_PER_MS = NARROW_HZ // 1_000


@dataclass(frozen=True, slots=True)
class Packet:
    """One that came: its RTP timestamp, unwrapped, and its sound as PCM16 at 8 kHz."""

    arrival_ms: float
    timestamp: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Played:
    """What was heard from `from_ms` on, and how much of it had to be made up."""

    pcm: bytes
    from_ms: float
    packets: int
    lost: int

    def between(self, begin_ms: float, end_ms: float) -> bytes:
        """The part that was heard between two moments."""
        begin, end = (max(0, bytes_of(int(ms - self.from_ms), NARROW_HZ)) for ms in (begin_ms, end_ms))
        return self.pcm[begin:end]


def unwrapped(timestamps: Sequence[int]) -> list[int]:
    """RTP timestamps, counted on where 32 bits end."""
    whole: list[int] = []
    for stamp in timestamps:
        before = whole[-1] if whole else stamp
        whole.append(before + (stamp - before + 0x8000_0000) % 0x1_0000_0000 - 0x8000_0000)
    return whole


def played(packets: Sequence[Packet], buffer_ms: float) -> Played:
    """One stream, at least one packet, as it is heard."""
    begun = min(packet.timestamp for packet in packets)
    due_ms = {(packet.timestamp - begun) // PACKET_SAMPLES: packet for packet in packets}
    from_ms = buffer_ms + min(packet.arrival_ms - (packet.timestamp - begun) / SAMPLES_PER_MS for packet in packets)
    pieces, lost, silent = [], 0, bytes(bytes_of(PACKET_MS, NARROW_HZ))
    last, missing = silent, 0
    for number in range(max(due_ms) + 1):
        packet = due_ms.get(number)
        if packet is not None and packet.arrival_ms <= from_ms + number * PACKET_MS:
            last, missing = packet.pcm, 0
            pieces.append(packet.pcm)
            continue
        lost, missing = lost + 1, missing + 1
        pieces.append(_softer(last, SOFTER**missing) if missing <= HEARD_AGAIN else silent)
    return Played(b"".join(pieces), from_ms, len(pieces), lost)


def _softer(pcm: bytes, factor: float) -> bytes:
    return (np.frombuffer(pcm, "<i2") * factor).astype("<i2").tobytes()
