"""A far end that speaks SIP by hand over UDP, right or wrong. Rule: what it sends is on the page of the test."""

import asyncio
import itertools
import re
from collections.abc import Callable
from typing import Self, cast

_numbers = itertools.count(1)

PCMU_OFFER = "0"
G729_OFFER = "18"


def sdp(port: int, formats: str = PCMU_OFFER, direction: str = "sendrecv") -> str:
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {formats}\r\na=rtpmap:18 G729/8000\r\na={direction}\r\n"
    )


class RawSip(asyncio.DatagramProtocol):
    """One socket. It keeps whatever comes; responses and requests alike are texts."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address
        self.received: list[str] = []
        self._news = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(self.address, 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.received.append(data.decode("utf-8", "replace"))
        self._news.set()

    @property
    def port(self) -> int:
        return int(self._open.get_extra_info("sockname")[1])

    def send(self, message: str | bytes, port: int) -> None:
        octets = message.encode() if isinstance(message, str) else message
        self._open.sendto(octets, ("127.0.0.1", port))

    async def gets(self, wanted: Callable[[str], bool]) -> str:
        """The first message received that is like this."""
        while not any(wanted(message) for message in self.received):
            self._news.clear()
            await self._news.wait()
        return next(message for message in self.received if wanted(message))

    async def answered(self, call: "RawCall", method: str = "INVITE", least: int = 200) -> int:
        """The final status of the last request of this method in this call."""

        def is_it(message: str) -> bool:
            cseq = f"CSeq: {call.sequence} {method}"
            return (
                message.startswith("SIP/2.0")
                and _code(message) >= least
                and cseq in message
                and call.call_id in message
            )

        message = await self.gets(is_it)
        to = re.search(r"^To:.*;tag=([^;\s]+)", message, re.MULTILINE)
        call.to_tag = to[1] if to else call.to_tag
        return _code(message)

    @property
    def _open(self) -> asyncio.DatagramTransport:
        assert self._transport is not None
        return self._transport


class RawCall:
    """The requests of one dialog from `peer` to the endpoint on `port`."""

    def __init__(self, peer: RawSip, port: int, number: str = "1000", parameters: str = "") -> None:
        self.call_id = f"raw-{next(_numbers)}-{peer.port}"
        self.sequence = 0
        self.to_tag = ""
        self.peer = peer
        self._port = port
        self._number = number
        self._parameters = parameters

    def request(self, method: str, body: str = "", kind: str = "application/sdp", extra: str = "") -> str:
        """A request of this dialog; ACK and CANCEL keep the number of the INVITE."""
        if method not in {"ACK", "CANCEL"}:
            self.sequence += 1
        tag = f";tag={self.to_tag}" if self.to_tag else ""
        branch = f"z9hG4bK{self.call_id}-{self.sequence}" + ("-ack" if method == "ACK" else "")
        here = f"{self.peer.address}:{self.peer.port}"
        return (
            f"{method} sip:{self._number}@127.0.0.1:{self._port}{self._parameters} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {here};branch={branch}\r\nMax-Forwards: 70\r\n"
            f'From: "Raw" <sip:raw@{here}>;tag=raw\r\nTo: <sip:{self._number}@127.0.0.1:{self._port}>{tag}\r\n'
            f"Call-ID: {self.call_id}\r\nCSeq: {self.sequence} {method}\r\nContact: <sip:raw@{here}>\r\n"
            + extra
            + (f"Content-Type: {kind}\r\n" if body else "")
            + f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def send(self, method: str, body: str = "", kind: str = "application/sdp", extra: str = "") -> None:
        self.peer.send(self.request(method, body, kind, extra), self._port)

    async def answered(self, method: str = "INVITE", least: int = 200) -> int:
        return await self.peer.answered(self, method, least)

    async def asks(self, method: str, body: str = "", kind: str = "application/sdp", extra: str = "") -> int:
        """Send a request and wait for its final status; an INVITE's is acknowledged."""
        self.send(method, body, kind, extra)
        code = await self.answered(method)
        if method == "INVITE":
            self.send("ACK")
        return code


def response_to(request: str, status: str, body: str = "", contact_port: int = 0) -> str:
    """A response that goes the way the request came."""
    kept = [line for line in request.split("\r\n") if line.startswith(("Via", "From", "To", "Call-ID", "CSeq"))]
    kept = [line + ";tag=raw" if line.startswith("To") and ";tag=" not in line else line for line in kept]
    contact = [f"Contact: <sip:raw@127.0.0.1:{contact_port}>"] if contact_port else []
    kind = ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([f"SIP/2.0 {status}", *kept, *contact, *kind, f"Content-Length: {len(body)}", "", body])


def _code(message: str) -> int:
    found = re.match(r"SIP/2\.0 (\d{3})", message)
    return int(found[1]) if found else 0
