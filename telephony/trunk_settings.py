"""A trunk's section of the settings. Rule: what goes ill together is told."""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Final

from msgspec import Meta

from telephony.line_settings import LineSettings, broken_line
from telephony.secret import Secret
from telephony.toml_text import BrokenRule, KeyPath
from telephony.traffic import ANY, DialRules

PositiveInt = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[float, Meta(ge=0)]
MOST_SERVERS: Final = 60  # of all trunks; the library is built for 64 accounts
_URI: Final = re.compile(r"sips?:(?:[^@\s<>]+@)?[^@\s<>]+")
_DNS_NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk(LineSettings):
    """A carrier or PBX. `proxy` is where requests go when not to the registrar; `caller` is our number on it.

    `register = false` makes it a peer: it is asked by OPTIONS whether it lives. Its calls come from the addresses of
    registrar and proxy, from networks in `allow`, or by TLS with a certificate that bears a name in `allow`; with
    `challenge`, they have to prove that they know the password. `dial` is what numbers sent to it may begin with.
    P-Asserted-Identity and Remote-Party-ID are believed from a `trusted` one, and it is told our caller's (RFC 3325).
    """

    name: str
    registrar: str
    register: bool = True
    failover: tuple[str, ...] = ()
    username: str = ""
    password: Secret | None = None
    realm: str = "*"
    expires_s: Annotated[int, Meta(ge=30, le=86_400)] = 300
    identity: str | None = None
    caller: str | None = None
    proxy: str | None = None
    allow: tuple[str, ...] = ()
    challenge: bool = False
    trusted: bool = False
    max_calls: PositiveInt | None = None
    dial: tuple[str, ...] = ()
    calls_out: PositiveInt | None = None
    calls_out_per_hour: PositiveInt | None = 100
    prices: dict[str, NotNegative] = field(default_factory=dict)
    cost_per_day: NotNegative | None = None

    @property
    def uses_tls(self) -> bool:
        """Whether some of it is reached by TLS, or proves by TLS who it is."""
        uris = (*self.servers, self.proxy or "")
        return bool(self.certificate_names) or any(re.search(r"^sips:|transport=tls", uri, re.I) for uri in uris)

    @property
    def servers(self) -> tuple[str, ...]:
        """The registrar, and those that stand in for it."""
        return (self.registrar, *self.failover)

    @property
    def networks(self) -> tuple[ipaddress.IPv4Network, ...]:
        """Of `allow` what is an address or a network."""
        return tuple(network for word in self.allow if (network := network_of(word)))

    @property
    def certificate_names(self) -> tuple[str, ...]:
        """Of `allow` what is a name."""
        return tuple(word for word in self.allow if network_of(word) is None)

    @property
    def dial_rules(self) -> DialRules:
        """What may be dialled by it."""
        return DialRules(
            prefixes=self.dial,
            servers=tuple(filter(None, (*self.servers, self.proxy))),
            at_a_time=self.calls_out,
            per_hour=self.calls_out_per_hour,
            prices=self.prices,
            cost_per_day=self.cost_per_day,
        )


def network_of(word: str) -> ipaddress.IPv4Network | None:
    """The network that is written so, `192.0.2.0/24` or one address; None when it is something else."""
    try:
        return ipaddress.IPv4Network(word, strict=False)
    except ValueError:
        return None


def broken(trunks: tuple[Trunk, ...]) -> Iterator[BrokenRule]:
    """The keys that go ill together, what is wrong with the first of them, and what would do."""
    counts = Counter(trunk.name for trunk in trunks)
    servers = sum(len(trunk.servers) for trunk in trunks)
    if servers > MOST_SERVERS:
        problem = f"have {servers} servers together, and one node serves {MOST_SERVERS}"
        yield BrokenRule((("trunk",),), problem, "more nodes, each with some of the trunks")
    for index, trunk in enumerate(trunks):
        at: KeyPath = ("trunk", index)
        if counts[trunk.name] > 1:
            yield BrokenRule(((*at, "name"),), f"{trunk.name!r} is the name of {counts[trunk.name]} trunks")
        yield from _broken_addresses(trunk, at)
        yield from _broken_rules(trunk, at)
        yield from broken_line(trunk, at)


def _broken_addresses(trunk: Trunk, at: KeyPath) -> Iterator[BrokenRule]:
    named = {"registrar": (trunk.registrar,), "identity": (trunk.identity,), "proxy": (trunk.proxy,)}
    for name, uris in {**named, "failover": trunk.failover}.items():
        if any(uri is not None and not _URI.fullmatch(uri) for uri in uris):
            yield BrokenRule(((*at, name),), "is no SIP address", "sip:HOST or sip:HOST:PORT;transport=tcp")
    if not all(_DNS_NAME.fullmatch(name) for name in trunk.certificate_names):
        remedy = "192.0.2.10, 192.0.2.0/24, or the name in a certificate"
        yield BrokenRule(((*at, "allow"),), "holds what is no address, network or name", remedy)


def _broken_rules(trunk: Trunk, at: KeyPath) -> Iterator[BrokenRule]:
    if trunk.password is not None and not trunk.username:
        yield BrokenRule(((*at, "username"),), "is missing, but there is a password")
    if trunk.challenge and trunk.password is None:
        yield BrokenRule(((*at, "challenge"), (*at, "password")), "asks for a password, and there is none")
    if not all(prefix == ANY or re.fullmatch(r"\+?[\w*#.-]+", prefix) for prefix in (*trunk.dial, *trunk.prices)):
        remedy = 'what a number begins with, e.g. "+49", or "*" for any'
        yield BrokenRule(((*at, "dial"), (*at, "prices")), "or prices hold what no number begins with", remedy)
    if trunk.cost_per_day is not None and not trunk.prices:
        yield BrokenRule(
            ((*at, "cost_per_day"), (*at, "prices")), "is a limit without prices", 'prices = { "*" = 0.05 }'
        )
