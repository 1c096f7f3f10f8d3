"""The telephone's sections of the settings: our own endpoint, and the trunks. Rule: what goes ill together is told."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from telephony import trunk_settings
from telephony.control_settings import Port
from telephony.line_settings import LineSettings, broken_line
from telephony.secret import Secret
from telephony.toml_text import BrokenRule
from telephony.trunk_settings import Trunk, network_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SipSettings(LineSettings):
    """The endpoint. Port 0 is any free port, "off" no listener. Each call takes two ports of the RTP range.

    Calls that come by no trunk are taken from `allow`; other sources are strangers, and get 403 or no answer at all.
    `wideband` mixes at 16 kHz, for codecs that bring more than G.711 (G722, opus); it costs more for each call.
    With `nameservers`, these are asked, for SRV and NAPTR too (RFC 3263); else the system is, for addresses only.
    """

    bind_address: str = "0.0.0.0"
    public_address: str | None = None
    udp_port: Port | None = 5_060
    tcp_port: Port | None = 5_060
    tls_port: Port | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_authorities: Path = Path("/etc/ssl/certs/ca-certificates.crt")
    tls_verify: bool = True
    rtp_first_port: Annotated[int, Meta(ge=1_024, le=65_535)] = 20_000
    rtp_last_port: Annotated[int, Meta(ge=1_024, le=65_535)] = 23_999
    wideband: bool = False
    user_agent: str = "offhook"
    max_calls: Annotated[int, Meta(ge=1, le=512)] = 200
    ring_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0
    allow: tuple[str, ...] = ("127.0.0.0/8",)
    strangers: Literal["forbid", "ignore"] = "forbid"
    calls_per_source: Annotated[int, Meta(ge=1)] | None = None
    calls_per_did: Annotated[int, Meta(ge=1)] | None = None
    new_calls_per_s: Annotated[int, Meta(ge=1)] = 20
    retry_after_s: Annotated[int, Meta(ge=1, le=3_600)] = 5
    nameservers: tuple[str, ...] = ()
    stun_server: str | None = None
    turn_server: str | None = None
    turn_username: str = ""
    turn_password: Secret | None = None


def broken(sip: SipSettings, trunks: tuple[Trunk, ...]) -> Iterator[BrokenRule]:
    """The keys that go ill together, what is wrong with the first of them, and what would do."""
    yield from _broken_addresses(sip)
    yield from _broken_ports(sip)
    yield from trunk_settings.broken(trunks)


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
    if not all(map(network_of, sip.allow)):
        yield BrokenRule((("sip", "allow"),), "holds what is no address or network", "192.0.2.10 or 192.0.2.0/24")
    if (sip.tls_certificate is None) != (sip.tls_key is None) or (sip.tls_port is not None and not sip.tls_key):
        yield BrokenRule((("sip", "tls_certificate"), ("sip", "tls_key")), "and tls_key come together", "two PEM files")
    yield from broken_line(sip, ("sip",))


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
    for name, port in (("udp_port", sip.udp_port), ("tcp_port", sip.tcp_port), ("tls_port", sip.tls_port)):
        if port is not None and first <= port <= last:
            yield BrokenRule(
                (("sip", name), ("sip", "rtp_first_port"), ("sip", "rtp_last_port")), "lies in the RTP range"
            )


def _is_ipv4(address: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(address))
    except ValueError:
        return False
