"""RTP packets and telephone events (RFC 3550, RFC 4733). Rule: bytes in and out, no socket and no clock."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

VERSION = 0x80
MARKER = 0x80
HEADER_BYTES = 12
PACKET_SAMPLES = 160
PACKET_MS = 20
DIGITS = "0123456789*#ABCD"
END_OF_EVENT = 0x80
END_REPEATS = 3
EVENT_VOLUME = 10
"""Power of the tone in -dBm0."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One received RTP packet."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def header(payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int) -> bytes:
    """The twelve bytes before a payload."""
    kind = payload_type | (MARKER if marker else 0)
    return struct.pack("!BBHII", VERSION, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)


def read(wire: bytes) -> Packet | None:
    """A packet, or None for what is not RTP; skips contributing sources, an extension and padding."""
    if len(wire) < HEADER_BYTES or wire[0] & 0xC0 != VERSION:
        return None
    first, kind, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", wire)
    start, stop = HEADER_BYTES, len(wire)
    if first & 0x3F:
        start += 4 * (first & 0x0F)
        if first & 0x10:
            if stop < start + 4:
                return None
            start += 4 + 4 * int.from_bytes(wire[start + 2 : start + 4], "big")
        if first & 0x20:
            stop -= wire[-1]
    if stop < start:
        return None
    return Packet(kind & 0x7F, bool(kind & MARKER), sequence, timestamp, ssrc, wire[start:stop])


def key_press(digit: str, hold_ms: int) -> Iterator[bytes]:
    """The payloads of one key press, one per 20 ms: the event grows while held, its end is sent three times."""
    event = DIGITS.index(digit.upper())
    held = max(1, hold_ms // PACKET_MS)
    for step in range(1, held + 1):
        yield struct.pack("!BBH", event, EVENT_VOLUME, step * PACKET_SAMPLES)
    for _ in range(END_REPEATS):
        yield struct.pack("!BBH", event, END_OF_EVENT | EVENT_VOLUME, held * PACKET_SAMPLES)


def key_released(payload: bytes) -> str | None:
    """The digit whose end this event payload tells, else None."""
    if len(payload) < 4 or payload[0] >= len(DIGITS) or not payload[1] & END_OF_EVENT:
        return None
    return DIGITS[payload[0]]
