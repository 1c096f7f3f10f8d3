"""What one call sends: speech, keys, else silence. Rule: one packet every 20 ms for as long as the call is up."""

import asyncio
import secrets
from collections import deque
from dataclasses import dataclass
from struct import pack_into

from telephony.wire.rtp import HEADER_BYTES, MARKER, PACKET_SAMPLES, header, key_press
from telephony.wire.sdp import PAYLOAD_TYPES, Law
from telephony.wire.speech import Speech, silence

KEY_HOLD_MS = 100
KEY_PAUSE_PACKETS = 4
NS_PER_MS = 1_000_000


class CutShortError(Exception):
    """It was not said to its end: the speaker was hushed, or the call ended first."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said: the moments its first and its last packet were sent."""

    start_ms: float
    end_ms: float


@dataclass(slots=True)
class _Part:
    """A run of packets of one kind; `step` counts timestamps that pass per packet of the run."""

    payloads: tuple[bytes, ...]
    event: bool
    done: asyncio.Future[Spoken] | None
    at: int = 0
    start_ms: float = 0.0


class Mouth:
    """Builds the packets of one stream in one buffer."""

    def __init__(self, law: Law, events_type: int | None) -> None:
        self._law = law
        self._type = PAYLOAD_TYPES[law]
        self._events_type = events_type
        self._silence = silence(law)
        self._sequence = secrets.randbelow(0x8000)
        self._timestamp = secrets.randbelow(0x8000_0000)
        first = header(self._type, True, self._sequence, self._timestamp, secrets.randbits(32))
        self._packet = bytearray(first + self._silence)
        self._parts: deque[_Part] = deque()
        self._event_timestamp = 0
        self.sent = 0

    def say(self, speech: Speech) -> asyncio.Future[Spoken]:
        """Queue speech behind what is queued; resolves when its last packet is sent, or raises CutShortError."""
        return self._queue(speech.packets(self._law), event=False)

    def press(self, digit: str) -> asyncio.Future[Spoken]:
        """Queue one key press and the pause after it; raises ValueError where the far end takes no events."""
        if self._events_type is None:
            raise ValueError("the far end takes no telephone events")
        pressed = self._queue(tuple(key_press(digit, KEY_HOLD_MS)), event=True)
        self._parts.append(_Part((self._silence,) * KEY_PAUSE_PACKETS, False, None))
        return pressed

    def hush(self) -> None:
        """Say nothing more of what is queued."""
        for part in self._parts:
            if part.done is not None and not part.done.done():
                part.done.set_exception(CutShortError())
                part.done.exception()  # nobody need await it
        self._parts.clear()

    def packet(self, now_ns: int) -> bytearray:
        """The next packet, sent at this moment; valid until the next one."""
        part = self._parts[0] if self._parts else None
        buffer = self._packet
        if part is not None and part.event:
            self._event_packet(part)
        else:
            buffer = self._packet
            buffer[HEADER_BYTES:] = part.payloads[part.at] if part else self._silence
            kind = self._type | (0 if self.sent else MARKER)
            pack_into("!BHI", buffer, 1, kind, self._sequence, self._timestamp)
        if part is not None:
            self._passed(part, now_ns)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + PACKET_SAMPLES) & 0xFFFFFFFF
        self.sent += 1
        return buffer

    def _event_packet(self, part: _Part) -> None:
        """All packets of an event carry the timestamp at which it began (RFC 4733 section 2.5.1.2)."""
        if part.at == 0:
            self._event_timestamp = self._timestamp
        kind = (self._events_type or 0) | (0 if part.at else MARKER)
        self._packet[HEADER_BYTES:] = part.payloads[part.at]
        pack_into("!BHI", self._packet, 1, kind, self._sequence, self._event_timestamp)

    def _passed(self, part: _Part, now_ns: int) -> None:
        if part.at == 0:
            part.start_ms = now_ns / NS_PER_MS
        part.at += 1
        if part.at < len(part.payloads):
            return
        self._parts.popleft()
        if part.done is not None and not part.done.done():
            part.done.set_result(Spoken(part.start_ms, now_ns / NS_PER_MS))

    def _queue(self, payloads: tuple[bytes, ...], *, event: bool) -> asyncio.Future[Spoken]:
        if not payloads:
            raise ValueError("nothing audible to say")
        done: asyncio.Future[Spoken] = asyncio.get_running_loop().create_future()
        self._parts.append(_Part(payloads, event, done))
        return done
