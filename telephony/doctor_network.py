"""Ports, addresses and limits of this machine, for `offhook doctor`. Rule: what it opens it closes.

Finding out whether a port is free means to bind it; which of our addresses others see, to ask the kernel for the route
(a connected UDP socket sends nothing).
"""

import errno
import ipaddress
import resource
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from telephony.finding import Finding, ok
from telephony.settings import SipSettings, Trunk
from telephony.trunk_settings import network_of

EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
RESERVED: Final = Path("/proc/sys/net/ipv4/ip_local_reserved_ports")
# An address of TEST-NET-1 (RFC 5737): the kernel routes it as it does the internet, and nobody has it.
SOMEWHERE: Final = "192.0.2.1"
FILES_OF_CALL: Final = 6
FILES_OF_SERVICE: Final = 200
KINDS: Final = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM, "tls": socket.SOCK_STREAM}


def findings(sip: SipSettings, trunks: tuple[Trunk, ...], proc: Path = Path("/proc")) -> Iterator[Finding]:
    """Everything about the network that needs no answer from elsewhere."""
    yield from _sip_ports(sip, proc)
    yield _rtp_range(sip)
    yield from _ephemeral_overlap(sip)
    yield _address(sip, trunks)
    yield from _nobody_else(sip, trunks)
    yield _files(sip)


def ports_in_the_way(sip: SipSettings, proc: Path) -> list[Finding]:
    """The SIP ports that cannot be had now, and why."""
    return [finding for finding in _sip_ports(sip, proc) if finding.state != "ok"]


def _sip_ports(sip: SipSettings, proc: Path) -> Iterator[Finding]:
    for transport, port in _listeners(sip):
        if port is not None:
            yield _sip_port(sip.bind_address, transport, port, proc)


def sip_ports_are_free(sip: SipSettings) -> bool:
    """Whether the endpoint could open its listeners now."""
    return all(port is None or _bound(sip.bind_address, transport, port) is None for transport, port in _listeners(sip))


def _listeners(sip: SipSettings) -> tuple[tuple[str, int | None], ...]:
    return ("udp", sip.udp_port), ("tcp", sip.tcp_port), ("tls", sip.tls_port)


def _nobody_else(sip: SipSettings, trunks: tuple[Trunk, ...]) -> Iterator[Finding]:
    """A service that listens to the network and lets nobody in is a surprise to who sets it up."""
    allowed = [network for network in map(network_of, sip.allow) if network]
    listens_to_others = not ipaddress.ip_address(sip.bind_address).is_loopback
    if listens_to_others and not trunks and all(network.is_loopback for network in allowed):
        remedy = 'name who may call in sip.allow, e.g. ["192.0.2.0/24"], or a trunk'
        yield Finding("callers", "note", "only programs on this machine may call; others get 403", remedy)


def _sip_port(address: str, transport: str, port: int, proc: Path) -> Finding:
    subject = f"SIP over {transport.upper()}"
    if port == 0:
        return ok(subject, "any free port")
    problem = _bound(address, transport, port)
    if problem is None:
        return ok(subject, f"port {port} on {address} is free")
    match problem.errno:
        case errno.EADDRINUSE:
            holder = _holder(transport, port, proc)
            if "offhook" in holder or "telephony" in holder:
                return Finding(subject, "note", f"port {port} is held by {holder}", "the service seems to run")
            remedy = f"stop what holds it, or set sip.{transport}_port to another port"
            return Finding(subject, "fail", f"port {port} is in use by {holder or 'another program'}", remedy)
        case errno.EADDRNOTAVAIL:
            remedy = 'set sip.bind_address to an address of this machine, or "0.0.0.0" for all'
            return Finding(subject, "fail", f"{address} is no address of this machine", remedy)
        case errno.EACCES:
            return Finding(subject, "fail", f"port {port} is for root alone", f"set sip.{transport}_port above 1023")
        case _:
            return Finding(subject, "fail", f"port {port}: {problem.strerror}", "see sip.bind_address and the port")


def _rtp_range(sip: SipSettings) -> Finding:
    first, last = sip.rtp_first_port, sip.rtp_last_port
    pairs = range(first, last, 2)
    free = sum(
        _bound(sip.bind_address, "udp", port) is None and _bound(sip.bind_address, "udp", port + 1) is None
        for port in pairs
    )
    found = f"{first} to {last}: {free} of {len(pairs)} pairs of ports are free for {sip.max_calls} calls"
    if free >= sip.max_calls:
        return ok("RTP ports", found)
    return Finding("RTP ports", "fail", found, "widen or move sip.rtp_first_port to sip.rtp_last_port")


def _ephemeral_overlap(sip: SipSettings) -> Iterator[Finding]:
    """Ports that the kernel gives to anybody may be gone when a call needs them."""
    try:
        low, high = (int(port) for port in EPHEMERAL.read_text().split())
        reserved = RESERVED.read_text().strip()
    except (OSError, ValueError):
        return
    if sip.rtp_first_port > high or sip.rtp_last_port < low or reserved == f"{sip.rtp_first_port}-{sip.rtp_last_port}":
        return
    found = f"the range lies in {low} to {high}, out of which the kernel gives ports to any program"
    yield Finding("RTP ports", "note", found, f"move it below {low}, or put it in net.ipv4.ip_local_reserved_ports")


def _address(sip: SipSettings, trunks: tuple[Trunk, ...]) -> Finding:
    """Which address callers are told to send their audio to, and whether they can."""
    hosts = [host_of(trunk.registrar) for trunk in trunks] or [SOMEWHERE]
    ours = sip.bind_address if sip.bind_address != "0.0.0.0" else _outward(hosts[0])
    told = sip.public_address or ours
    if told is None:
        remedy = "set sip.public_address, or bring the network up"
        return Finding("address", "note", f"there is no route to {hosts[0]}", remedy)
    if ipaddress.ip_address(told).is_loopback:
        found = f"callers are told {told}: only programs on this machine can call"
        return Finding("address", "note", found, 'for others, set sip.bind_address = "0.0.0.0"')
    abroad = [host for host in hosts if trunks and _is_global(host)]
    if not _is_global(told) and (abroad or not trunks):
        found = f"callers are told {told}, a private address: outside this network nobody reaches it"
        ports = f"UDP {sip.rtp_first_port}-{sip.rtp_last_port}"
        remedy = f"behind NAT, set sip.public_address to the router's address and forward {ports} and the SIP ports"
        return Finding("address", "fail" if abroad else "note", found, remedy)
    return ok("address", f"callers are told {told}")


def _files(sip: SipSettings) -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = FILES_OF_SERVICE + FILES_OF_CALL * sip.max_calls
    found = f"{soft} may be open, {needed} are needed for {sip.max_calls} calls"
    if soft >= needed or soft == resource.RLIM_INFINITY:
        return ok("open files", found)
    way = f"ulimit -n {needed}" if hard >= needed else f"LimitNOFILE={needed} for the service, or fewer sip.max_calls"
    return Finding("open files", "fail", found, way)


def host_of(uri: str) -> str:
    """The host of a SIP URI."""
    rest = uri.partition(":")[2].partition(";")[0]
    return unquote(rest.rpartition("@")[2]).partition(":")[0]


def _bound(address: str, transport: str, port: int) -> OSError | None:
    """Why this port cannot be bound; None when it can."""
    with closing(socket.socket(socket.AF_INET, KINDS[transport])) as opened:
        if transport != "udp":
            # What is left of old connections keeps nobody from listening.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((address, port))
        except OSError as problem:
            return problem
    return None


def _outward(host: str) -> str | None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as opened:
        try:
            opened.connect((host, 5_060))
        except OSError:
            return None
        return str(opened.getsockname()[0])


def _is_global(host: str) -> bool:
    """Whether this is an address of the internet; a name that resolves to nothing is taken for one."""
    try:
        address = socket.gethostbyname(host)
    except OSError:
        return True
    return ipaddress.ip_address(address).is_global


def _holder(transport: str, port: int, proc: Path) -> str:
    """Which process holds a port, as far as we may know."""
    table = "udp" if transport == "udp" else "tcp"
    inodes = set(_inodes(proc / "net" / table, port)) | set(_inodes(proc / "net" / f"{table}6", port))
    links = {f"socket:[{inode}]" for inode in inodes}
    for process in proc.glob("[0-9]*"):
        with suppress(OSError):
            if any(str(opened.readlink()) in links for opened in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                return f"{command} (process {process.name})"
    return ""


def _inodes(table: Path, port: int) -> Iterator[str]:
    """The sockets bound to a port, as proc(5) lists them: `local_address` is field 1, `inode` field 9."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == port:
            yield fields[9]
