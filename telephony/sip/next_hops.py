"""Where a trunk's requests go, as the records of its domain say (RFC 3263 section 4). Rule: believed for their TTL.

NAPTR tells the transports in their order, SRV the servers of each.
Over TLS the certificate must be the domain's (RFC 5922 section 4). The library holds it against the host of the route,
so the domain stays there, the library asks for its SRV itself, and goes to the next server only when it gets no
connection to one; NAPTR that leads to other records than `_sips._tcp` of the domain is not followed to TLS.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal

import structlog
from dns.asyncresolver import Resolver
from dns.exception import DNSException

from telephony.settings import SipSettings, Trunk
from telephony.sip.invite import host_of

log = structlog.get_logger(__name__)

Transport = Literal["udp", "tcp", "tls"]
PATIENCE_S: Final = 3.0
NOTHING_HOLDS_S: Final = 300.0  # and what there is, no longer
_SERVICES: Final[dict[Transport, tuple[str, str]]] = {
    "udp": ("SIP+D2U", "_sip._udp"),
    "tcp": ("SIP+D2T", "_sip._tcp"),
    "tls": ("SIPS+D2T", "_sips._tcp"),
}


@dataclass(frozen=True, slots=True)
class Hop:
    """A server as the settings name it, and the route by which it is reached; without one, as the library finds it."""

    server: str
    route: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A trunk's servers in the order in which they are to be tried, and how long that holds."""

    hops: tuple[Hop, ...]
    holds_s: float


async def hops_of(trunk: Trunk, settings: SipSettings, most: int, known: tuple[Hop, ...] = ()) -> Found:
    """What its records say, up to so many servers for each that the settings name; without any, what those name.

    While the nameservers are silent, what is `known` stays.
    """
    records = _Records(settings.nameservers)
    try:
        async with asyncio.timeout(PATIENCE_S):
            found = [await _routes(trunk.proxy or server, settings, records) for server in trunk.servers]
    except TimeoutError:
        log.warning("nameservers_silent", trunk=trunk.name, nameservers=settings.nameservers, after_s=PATIENCE_S)
        return Found(known or tuple(map(Hop, trunk.servers)), NOTHING_HOLDS_S)
    hops = [
        [Hop(server, route) for route in routes[:most]] or [Hop(server)]
        for server, routes in zip(trunk.servers, found, strict=True)
    ]
    # Each once: a server's turn is found by the server.
    return Found(tuple(dict.fromkeys(chain(*hops))), records.hold_s)


class _Records:
    """The nameservers, and how long what they have said holds."""

    def __init__(self, nameservers: tuple[str, ...]) -> None:
        self.hold_s = NOTHING_HOLDS_S
        self._resolver = Resolver(configure=False)
        self._resolver.nameservers = [*nameservers]

    async def of(self, name: str, kind: str) -> list[Any]:
        """In the order in which they are to be used; none when there are none."""
        try:
            answer: Any = await self._resolver.resolve(name, kind)
        except DNSException:
            return []
        self.hold_s = min(self.hold_s, answer.rrset.ttl)
        return list(answer.rrset.processing_order())


async def _routes(uri: str, settings: SipSettings, records: _Records) -> list[str]:
    """What the records of a domain lead to. An address, or a name with its port, needs none."""
    place, _, parameters = host_of(uri).partition(";")
    if not settings.nameservers or ":" in place or re.fullmatch(r"[\d.]+", place):
        return []
    routes: list[str] = []
    for transport, name in await _services(records, place, [*_transports(uri, parameters, settings)]):
        servers = await records.of(name, "SRV")
        if transport == "tls":
            routes += [f"sip:{place};transport=tls;lr;hide"] if servers else []
            continue
        for server in servers:
            target = server.target.to_text(omit_final_dot=True)
            routes += [f"sip:{target}:{server.port};transport={transport};lr;hide"] if target != "." else []
    return routes


def _transports(uri: str, parameters: str, settings: SipSettings) -> Iterator[Transport]:
    """Those that may be taken: the URI's own, else what we listen on."""
    named = re.search(r"transport=(udp|tcp|tls)", parameters, re.IGNORECASE)
    if re.match(r"\s*sips:", uri, re.IGNORECASE) or (named and named[1].lower() == "tls"):
        yield "tls"
    elif named:
        yield "udp" if named[1].lower() == "udp" else "tcp"
    else:
        ports = {"udp": settings.udp_port, "tcp": settings.tcp_port, "tls": settings.tls_port}
        yield from (transport for transport in _SERVICES if ports[transport] is not None)


async def _services(records: _Records, domain: str, transports: list[Transport]) -> list[tuple[Transport, str]]:
    """The names to ask for SRV: as NAPTR says, or in our own order where there is no NAPTR, or no choice."""
    kinds = {_SERVICES[transport][0]: transport for transport in transports}
    told = await records.of(domain, "NAPTR") if len(transports) > 1 else ()
    pointed = [
        (record.service.decode("ascii", "replace").upper(), record) for record in told if record.flags.lower() == b"s"
    ]
    named = [(kinds[kind], record.replacement.to_text()) for kind, record in pointed if kind in kinds]
    # TLS is the library's own way from the domain on.
    named = [each for each in named if each[0] != "tls" or each[1].lower() == f"_sips._tcp.{domain}.".lower()]
    return named or [(transport, f"{_SERVICES[transport][1]}.{domain}") for transport in transports]
