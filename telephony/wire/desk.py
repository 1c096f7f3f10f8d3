"""What all calls of a phone share: sockets, transactions, the metronome. Rule: whoever opens it closes everything."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from telephony.wire.dialog import answer, host_and_port
from telephony.wire.message import Message, Request, Response, cseq, parameter, value
from telephony.wire.metronome import Metronome
from telephony.wire.transactions import Transactions
from telephony.wire.transport import Address, Link, TcpLink, UdpPort


class Party(Protocol):
    """One call as the desk sees it."""

    def receive(self, request: Request, link: Link) -> None:
        """A request of this call came."""
        ...

    def receive_again(self, response: Response) -> None:
        """A response came to what is already answered."""
        ...


PORT_TRIES = 10


class Desk:
    """Sends and sorts messages by Call-ID; opens a connection where a URI asks for TCP."""

    def __init__(self, on_invite: Callable[[Request, Link], None]) -> None:
        self._on_invite = on_invite
        self._parties: dict[str, Party] = {}
        self._connections: dict[Address, TcpLink] = {}
        self._udp = UdpPort(self._receive)
        self._server: asyncio.Server | None = None
        self.transactions = Transactions(self._sort, self._sort_late)
        self.metronome = Metronome()
        self.host = ""

    async def open(self, host: str, port: int) -> None:
        """Bind UDP and TCP to one port; with port 0, to one that both are free at."""
        self.host = host
        loop = asyncio.get_running_loop()
        for left in reversed(range(PORT_TRIES if port == 0 else 1)):
            transport, _ = await loop.create_datagram_endpoint(lambda: self._udp, local_addr=(host, port))
            try:
                self._server = await loop.create_server(lambda: TcpLink(self._receive), *self._udp.local)
            except OSError:
                transport.close()
                if not left:
                    raise
            else:
                return

    @property
    def local(self) -> Address:
        """Where peers reach this phone."""
        return self._udp.local

    @property
    def malformed(self) -> int:
        """Datagrams that were no SIP."""
        return self._udp.malformed

    async def link_to(self, uri: str) -> Link:
        """The way to a URI's host; raises OSError when there is none."""
        peer = host_and_port(uri)
        if parameter(uri, "transport").lower() != "tcp":
            return self._udp.link(await _resolved(peer))
        connection = self._connections.get(peer)
        if connection is None or connection.closed:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(lambda: TcpLink(self._receive), *peer)
            self._connections[peer] = connection
        return connection

    def seat(self, call_id: str, party: Party) -> None:
        """Messages of this Call-ID go to this call."""
        self._parties[call_id] = party

    def unseat(self, call_id: str) -> None:
        """Forget a call that is over."""
        self._parties.pop(call_id, None)

    def close(self) -> None:
        """Close every socket."""
        self.transactions.close()
        self.metronome.close()
        self._udp.close()
        for connection in self._connections.values():
            connection.close()
        if self._server is not None:
            self._server.close()

    def _receive(self, message: Message, link: Link) -> None:
        self.transactions.receive(message, link)

    def _sort(self, request: Request, link: Link) -> None:
        party = self._parties.get(value(request, "call-id"))
        if party is not None:
            party.receive(request, link)
        elif request.method == "INVITE" and not parameter(value(request, "to"), "tag"):
            self._on_invite(request, link)
        elif request.method == "OPTIONS":
            self.transactions.respond(request, answer(request, 200, "OK"), link)
        elif request.method != "ACK":
            self.transactions.respond(request, answer(request, 481, "No Such Call"), link)

    def _sort_late(self, response: Response, _: Link) -> None:
        party = self._parties.get(value(response, "call-id"))
        if party is not None and cseq(response)[1] == "INVITE" and 200 <= response.code < 300:
            party.receive_again(response)


async def _resolved(peer: Address) -> Address:
    found = await asyncio.get_running_loop().getaddrinfo(*peer)
    host, port = found[0][4][:2]
    return str(host), int(port)
