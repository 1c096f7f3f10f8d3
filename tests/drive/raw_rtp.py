"""RTP by hand: a tone in PCMU, in packets of any length, from any address. Rule: the story says what is odd."""

import asyncio
import socket
import struct
from typing import Self

from pipeline.audio import NARROW_HZ, ulaw_encoded
from tests.drive.tones import a_tone

PCMU, COMFORT_NOISE = 0, 13


class RawRtp:
    """One socket that sends to one port on loopback, in real time."""

    def __init__(self, to_port: int, *, host: str = "127.0.0.1", ssrc: int = 1) -> None:
        self.ssrc, self.sequence, self.timestamp = ssrc, 65_500, 2**32 - 8_000  # both run over in the story
        self._to_port = to_port
        self._host = host

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self._host, 0))
        self._socket.setblocking(False)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def port(self) -> int:
        """Where what the endpoint sends can be received."""
        return int(self._socket.getsockname()[1])

    async def tone(self, hz: float, ms: int, ptime_ms: int = 20) -> None:
        """A tone for so long, a packet each ptime."""
        sound = ulaw_encoded(a_tone(hz, ms, rate_hz=NARROW_HZ))
        samples = ptime_ms * NARROW_HZ // 1_000
        for start in range(0, len(sound), samples):
            self.send(sound[start : start + samples])
            await asyncio.sleep(ptime_ms / 1_000)

    async def hears(self) -> bytes:
        """The next packet that comes here."""
        return await asyncio.get_running_loop().sock_recv(self._socket, 2_048)

    def reports(self, ssrc: int, lost: int, newest: int) -> None:
        """A receiver's report (RFC 3550 section 6.4.2): so much of that stream was lost, up to this sequence number."""
        block = struct.pack("!IIIIII", ssrc, 255 << 24 | lost, newest, 0, 0, 0)
        self._socket.sendto(struct.pack("!BBHI", 0x81, 201, 7, self.ssrc) + block, ("127.0.0.1", self._to_port + 1))

    def send(self, payload: bytes, kind: int = PCMU, *, samples: int | None = None) -> None:
        """One packet now."""
        header = struct.pack("!BBHII", 0x80, kind, self.sequence, self.timestamp, self.ssrc)
        self._socket.sendto(header + payload, ("127.0.0.1", self._to_port))
        self.sequence = (self.sequence + 1) % 2**16
        self.timestamp = (self.timestamp + (len(payload) if samples is None else samples)) % 2**32
