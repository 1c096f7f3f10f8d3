"""Where a trunk's requests go, as the records of its domain say (RFC 3263 section 4). Rule: asked once, at the start.

NAPTR tells the transports in their order, SRV the servers of each. The library itself knows SRV, of one transport, and
asks again for each request: so a server's name alone stands behind what was found here, for when all that has changed.
Over TLS the certificate must be the domain's (RFC 5922 section 4). The library holds it against the host of the route,
so the domain stays there, the library asks for its SRV itself, and goes to the next server only when it gets no
connection to one; NAPTR that leads to other records than `_sips._tcp` of the domain is not followed to TLS.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal

import structlog
from dns.asyncresolver import Resolver
from dns.exception import DNSException

from telephony.settings import SipSettings, Trunk
from telephony.sip.invite import host_of
from telephony.trunk_settings import MOST_SERVERS

log = structlog.get_logger(__name__)

Transport = Literal["udp", "tcp", "tls"]
PATIENCE_S: Final = 3.0
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


async def hops_of(trunks: Iterable[Trunk], settings: SipSettings) -> dict[str, tuple[Hop, ...]]:
    """Each trunk's servers in the order in which they are to be tried: without nameservers, what the settings name."""
    servers = {trunk.name: trunk.servers for trunk in trunks}
    most = MOST_SERVERS // max(1, sum(map(len, servers.values()))) - 1
    found = await asyncio.gather(*(_hops(trunk, settings, most) for trunk in trunks))
    return dict(zip(servers, found, strict=True))


async def _hops(trunk: Trunk, settings: SipSettings, most: int) -> tuple[Hop, ...]:
    plain = [[Hop(server)] for server in trunk.servers]
    if not settings.nameservers:
        return tuple(chain(*plain))
    try:
        async with asyncio.timeout(PATIENCE_S):
            found = [await _routes(trunk.proxy or server, settings) for server in trunk.servers]
    except TimeoutError:
        log.warning("nameservers_silent", trunk=trunk.name, nameservers=settings.nameservers, after_s=PATIENCE_S)
        return tuple(chain(*plain))
    routed = [
        [Hop(server, route) for route in routes[: max(0, most)]]
        for server, routes in zip(trunk.servers, found, strict=True)
    ]
    return tuple(chain(*chain(*zip(routed, plain, strict=True))))


async def _routes(uri: str, settings: SipSettings) -> list[str]:
    """What the records of a domain lead to. An address, or a name with its port, needs none."""
    place, _, parameters = host_of(uri).partition(";")
    if ":" in place or re.fullmatch(r"[\d.]+", place):
        return []
    resolver = Resolver(configure=False)
    resolver.nameservers = [*settings.nameservers]
    routes: list[str] = []
    for transport, name in await _services(resolver, place, [*_transports(uri, parameters, settings)]):
        servers = await _records(resolver, name, "SRV")
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


async def _services(resolver: Resolver, domain: str, transports: list[Transport]) -> list[tuple[Transport, str]]:
    """The names to ask for SRV: as NAPTR says, or in our own order where there is no NAPTR, or no choice."""
    kinds = {_SERVICES[transport][0]: transport for transport in transports}
    told = await _records(resolver, domain, "NAPTR") if len(transports) > 1 else ()
    pointed = [
        (record.service.decode("ascii", "replace").upper(), record) for record in told if record.flags.lower() == b"s"
    ]
    named = [(kinds[kind], record.replacement.to_text()) for kind, record in pointed if kind in kinds]
    # TLS is the library's own way from the domain on.
    named = [each for each in named if each[0] != "tls" or each[1].lower() == f"_sips._tcp.{domain}.".lower()]
    return named or [(transport, f"{_SERVICES[transport][1]}.{domain}") for transport in transports]


async def _records(resolver: Resolver, name: str, kind: str) -> Iterable[Any]:
    """In the order in which they are to be used; none when there are none."""
    try:
        answer: Any = await resolver.resolve(name, kind)
    except DNSException:
        return ()
    return list(answer.rrset.processing_order())
