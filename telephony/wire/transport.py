"""SIP over UDP and TCP sockets (RFC 3261 section 18). Rule: whole messages; what is no SIP is dropped."""

import asyncio
from collections.abc import Callable
from typing import Literal, Protocol, cast

from telephony.wire.message import MalformedMessageError, Message, first_message_bytes, read

Address = tuple[str, int]
Name = Literal["UDP", "TCP"]


class Link(Protocol):
    """A way to one peer."""

    name: Name
    local: Address

    def send(self, wire: bytes) -> None:
        """Send one message; a closed link loses it, as the network would."""
        ...


Receive = Callable[[Message, Link], None]


class UdpLink:
    """Datagrams to one address through the phone's socket."""

    name: Name = "UDP"

    def __init__(self, transport: asyncio.DatagramTransport, local: Address, peer: Address) -> None:
        self._transport = transport
        self.local = local
        self._peer = peer

    def send(self, wire: bytes) -> None:
        """One datagram."""
        if not self._transport.is_closing():
            self._transport.sendto(wire, self._peer)


class UdpPort(asyncio.DatagramProtocol):
    """The phone's UDP socket."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._transport: asyncio.DatagramTransport | None = None
        self.malformed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, wire: bytes, peer: Address) -> None:
        """One message, or a keepalive of nothing but line ends."""
        if not wire.strip(b"\r\n\0"):
            return
        try:
            message = read(wire)
        except MalformedMessageError:
            self.malformed += 1
            return
        self._receive(message, self.link(peer))

    @property
    def local(self) -> Address:
        """Where the socket is bound."""
        return cast(Address, self._open().get_extra_info("sockname"))

    def link(self, peer: Address) -> UdpLink:
        """A way to this peer."""
        return UdpLink(self._open(), self.local, peer)

    def close(self) -> None:
        """Close the socket."""
        self._open().close()

    def _open(self) -> asyncio.DatagramTransport:
        if self._transport is None:
            raise RuntimeError("the UDP socket is not open yet")
        return self._transport


class TcpLink(asyncio.Protocol):
    """One connection; messages are cut out of the stream by Content-Length."""

    name: Name = "TCP"

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._transport: asyncio.Transport | None = None
        self._pending = b""
        self.local: Address = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._transport = cast(asyncio.Transport, transport)
        self.local = cast(Address, transport.get_extra_info("sockname"))

    def data_received(self, more: bytes) -> None:
        """Some more of the stream; a stream that is no SIP is closed."""
        self._pending = (self._pending + more).lstrip(b"\r\n")
        try:
            while length := first_message_bytes(self._pending):
                whole, self._pending = self._pending[:length], self._pending[length:].lstrip(b"\r\n")
                self._receive(read(whole), self)
        except MalformedMessageError:
            self.close()

    def send(self, wire: bytes) -> None:
        """One message."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(wire)

    @property
    def closed(self) -> bool:
        """True when nothing can be sent any more."""
        return self._transport is None or self._transport.is_closing()

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()
