"""What goes over the loopback of this process's own network. Rule: it only listens; it takes root."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

ETHERTYPE_IPV4 = 0x0800
UDP = 17
G711 = frozenset({0, 8})
PLAIN_BYTES = 12 + 160
"""An RTP packet of 20 ms of G.711; what SRTP adds makes it longer (RFC 3711)."""


@dataclass
class Wiretap:
    """The sizes of the RTP packets with G.711 that went by."""

    sizes: list[int] = field(default_factory=list)

    @property
    def plain(self) -> int:
        """How many of them anybody can listen to."""
        return sum(size == PLAIN_BYTES for size in self.sizes)

    def take(self, packet: bytes) -> None:
        """One IPv4 packet."""
        header = 4 * (packet[0] & 15)
        rtp = packet[header + 8 :]
        if packet[9] == UDP and len(rtp) > 12 and rtp[0] >> 6 == 2 and rtp[1] & 127 in G711:
            self.sizes.append(len(rtp))


@contextlib.contextmanager
def a_wiretap() -> Iterator[Wiretap]:
    """It listens from now on."""
    loop = asyncio.get_running_loop()
    tap = Wiretap()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETHERTYPE_IPV4)) as ear:
        ear.setblocking(False)
        ear.bind(("lo", ETHERTYPE_IPV4))

        def read() -> None:
            with contextlib.suppress(BlockingIOError):
                while True:
                    tap.take(ear.recv(2_048))

        loop.add_reader(ear, read)
        try:
            yield tap
        finally:
            loop.remove_reader(ear)
