"""Small servers that a telephone asks: DNS (RFC 1035) and STUN (RFC 5389). Rule: they answer what the test says."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

A, SRV, NAPTR = 1, 33, 35
MAGIC = 0x2112A442
_NO_POINTERS: Mapping[str, list["Pointer"]] = {}


@dataclass(frozen=True)
class Service:
    """One SRV record: where it is served, and before whom."""

    priority: int
    port: int
    target: str


@dataclass(frozen=True)
class Pointer:
    """One NAPTR record: which service is found under which name, and before whom."""

    order: int
    service: str
    replacement: str


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes, tuple[str, int]], bytes]) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(self._answer(data, addr), addr)


@contextlib.asynccontextmanager
async def _serving(address: str, port: int, answer: Callable[[bytes, tuple[str, int]], bytes]) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Answers(answer), local_addr=(address, port))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def a_nameserver(
    address: str,
    services: Mapping[str, list[Service]],
    hosts: Mapping[str, str],
    pointers: Mapping[str, list[Pointer]] = _NO_POINTERS,
    *,
    ttl_s: int = 60,
) -> AsyncIterator[None]:
    """On port 53 of this address, which takes root; PermissionError without. Its records may change as it runs."""

    def answer(query: bytes, _: object) -> bytes:
        labels, place = [], 12
        while query[place]:
            labels.append(query[place + 1 : place + 1 + query[place]].decode())
            place += 1 + query[place]
        name = ".".join(labels).lower()
        question, kind = query[12 : place + 5], struct.unpack("!H", query[place + 1 : place + 3])[0]
        found = [_service(each) for each in services.get(name, []) if kind == SRV]
        found += [_pointer(each) for each in pointers.get(name, []) if kind == NAPTR]
        if kind == A and name in hosts:
            found.append(socket.inet_aton(hosts[name]))
        records = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, ttl_s, len(each)) + each for each in found)
        flags = 0x8180 if found else 0x8183
        return query[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + question + records

    async with _serving(address, 53, answer):
        yield


def _service(service: Service) -> bytes:
    return struct.pack("!HHH", service.priority, 1, service.port) + _name(service.target)


def _pointer(pointer: Pointer) -> bytes:
    words = b"".join(bytes([len(word)]) + word.encode() for word in ("s", pointer.service, ""))
    return struct.pack("!HH", pointer.order, 10) + words + _name(pointer.replacement)


def _name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


@contextlib.asynccontextmanager
async def a_stun_server(seen_as: str) -> AsyncIterator[int]:
    """Tells everybody that they are seen at this address; yields its port on 127.0.0.1."""

    def answer(request: bytes, peer: tuple[str, int]) -> bytes:
        seen = struct.unpack("!I", socket.inet_aton(seen_as))[0]
        plain = struct.pack("!HHBBHI", 1, 8, 0, 1, peer[1], seen)
        hidden = struct.pack("!HHBBHI", 0x20, 8, 0, 1, peer[1] ^ (MAGIC >> 16), seen ^ MAGIC)
        return struct.pack("!HH", 0x0101, len(plain + hidden)) + request[4:20] + plain + hidden

    async with _serving("127.0.0.1", 0, answer) as port:
        yield port
