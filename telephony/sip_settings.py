"""The telephone's sections of the settings: our own endpoint, and the trunks. Rule: what goes ill together is told."""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from telephony.control_settings import Port
from telephony.secret import Secret
from telephony.toml_text import BrokenRule, KeyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class SipSettings:
    """The endpoint. Port 0 is any free port, "off" no listener. Each call takes two ports of the RTP range."""

    bind_address: str = "0.0.0.0"
    public_address: str | None = None
    udp_port: Port | None = 5_060
    tcp_port: Port | None = 5_060
    rtp_first_port: Annotated[int, Meta(ge=1_024, le=65_535)] = 20_000
    rtp_last_port: Annotated[int, Meta(ge=1_024, le=65_535)] = 23_999
    codecs: tuple[Literal["PCMU", "PCMA"], ...] = ("PCMU", "PCMA")
    user_agent: str = "offhook"
    max_calls: Annotated[int, Meta(ge=1, le=512)] = 200
    ring_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A carrier or PBX. `proxy` is where requests go when not to the registrar; `caller` is our number on it."""

    name: str
    registrar: str
    username: str = ""
    password: Secret | None = None
    realm: str = "*"
    expires_s: Annotated[int, Meta(ge=30, le=86_400)] = 300
    identity: str | None = None
    caller: str | None = None
    proxy: str | None = None


def broken(sip: SipSettings, trunks: tuple[Trunk, ...]) -> Iterator[BrokenRule]:
    """The keys that go ill together, what is wrong with the first of them, and what would do."""
    yield from _broken_addresses(sip)
    yield from _broken_ports(sip)
    yield from _broken_trunks(trunks)


def _broken_addresses(sip: SipSettings) -> Iterator[BrokenRule]:
    for name, address in (("bind_address", sip.bind_address), ("public_address", sip.public_address)):
        if address is not None and not _is_ipv4(address):
            yield BrokenRule((("sip", name),), "is no IPv4 address", "four numbers, e.g. 192.0.2.10")
    if sip.public_address == "0.0.0.0":
        yield BrokenRule((("sip", "public_address"),), "is where nobody can reach us", "the address others see")
    if sip.udp_port is None and sip.tcp_port is None:
        yield BrokenRule(
            (("sip", "udp_port"), ("sip", "tcp_port")), "and tcp_port are both off", "listen on one of them"
        )
    if not sip.codecs:
        yield BrokenRule((("sip", "codecs"),), "is empty", 'e.g. ["PCMU", "PCMA"]')


def _broken_ports(sip: SipSettings) -> Iterator[BrokenRule]:
    first, last = sip.rtp_first_port, sip.rtp_last_port
    if first % 2:
        yield BrokenRule((("sip", "rtp_first_port"),), "is odd", f"RTP takes even ports: {first + 1}")
    elif last < first + 2 * sip.max_calls - 1:
        yield BrokenRule(
            (("sip", "rtp_last_port"), ("sip", "rtp_first_port"), ("sip", "max_calls")),
            f"leaves {max(0, (last - first + 1) // 2)} pairs of RTP ports for {sip.max_calls} calls",
            f"rtp_last_port = {first + 2 * sip.max_calls - 1} or more",
        )
    for name, port in (("udp_port", sip.udp_port), ("tcp_port", sip.tcp_port)):
        if port is not None and first <= port <= last:
            yield BrokenRule(
                (("sip", name), ("sip", "rtp_first_port"), ("sip", "rtp_last_port")), "lies in the RTP range"
            )


def _broken_trunks(trunks: tuple[Trunk, ...]) -> Iterator[BrokenRule]:
    counts = Counter(trunk.name for trunk in trunks)
    for index, trunk in enumerate(trunks):
        at: KeyPath = ("trunk", index)
        if counts[trunk.name] > 1:
            yield BrokenRule(((*at, "name"),), f"{trunk.name!r} is the name of {counts[trunk.name]} trunks")
        for name, uri in (("registrar", trunk.registrar), ("identity", trunk.identity), ("proxy", trunk.proxy)):
            if uri is not None and not re.fullmatch(r"sips?:(?:[^@\s<>]+@)?[^@\s<>]+", uri):
                yield BrokenRule(((*at, name),), "is no SIP address", "sip:HOST or sip:HOST:PORT;transport=tcp")
        if trunk.password is not None and not trunk.username:
            yield BrokenRule(((*at, "username"),), "is missing, but there is a password")


def _is_ipv4(address: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(address))
    except ValueError:
        return False
