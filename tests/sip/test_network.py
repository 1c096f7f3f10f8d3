"""What a network asks of a telephone: SRV records, an address seen from outside, ICE, a jitter buffer of one's own."""

import asyncio
import contextlib
import fcntl
import itertools
import os
import re
import shutil
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from telephony.leg import Answered
from telephony.settings import Secret, SipSettings, Trunk
from telephony.sip.trunk import Answering, Registered, Unreachable
from tests.drive.certificate import NAME, a_certificate
from tests.drive.exchange import LOOPBACK, Office, an_office
from tests.drive.raw_sip import RawSip
from tests.drive.registrar import Registrar
from tests.drive.servers import MAGIC, Pointer, Service, a_nameserver, a_stun_server
from tests.drive.tones import a_tone, loudest_hz

SECURE = "_sips._tcp.carrier.example"
NAMESERVER = f"127.53.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"  # as many stories at once as may be
UNRESOLVED = 'DNS "Name Error" (PJLIB_UTIL_EDNS_NXDOMAIN)'
SIOCGIFADDR = 0x8915
A_TRUNK = Trunk(name="carrier", registrar="sip:carrier.example", username="alice", password=Secret("secret"))


async def test_a_trunk_is_found_by_srv_records_in_their_order() -> None:
    async with Registrar() as first, Registrar() as second:
        services = {
            "_sip._udp.carrier.example": [
                Service(20, second.port, "sip.carrier.example"),
                Service(10, first.port, "sip.carrier.example"),
            ]
        }
        settings = replace(LOOPBACK, nameservers=(NAMESERVER,))
        try:
            async with (
                a_nameserver(NAMESERVER, services, {"sip.carrier.example": "127.0.0.1"}),
                an_office(settings, trunks=(A_TRUNK,)) as office,
            ):
                await office.endpoint.trunks["carrier"].until(Registered)
        except PermissionError:
            pytest.skip("a nameserver listens on port 53, which takes root")

    assert (len(first.bindings) > 0, second.bindings) == (True, [])


async def test_a_trunk_is_found_by_naptr_records_and_every_server_behind_them_is_tried() -> None:
    async with Registrar() as alive, Registrar(mood="is_overloaded") as busy, a_listener_that_hangs_up() as (port, met):
        pointers = {
            "carrier.example": [
                Pointer(20, "SIP+D2U", "_u.carrier.example"),
                Pointer(10, "SIP+D2T", "_t.carrier.example"),
                Pointer(5, "SIPS+D2T", "_s.carrier.example"),
            ]
        }
        places = {"_u": [(20, alive.port), (10, busy.port)], "_t": [(1, port)], "_s": [(1, port)]}
        services = {
            f"{name}.carrier.example": [Service(*each, "sip.carrier.example") for each in found]
            for name, found in places.items()
        }
        trunk = replace(A_TRUNK, dial=("*",))
        try:
            async with (
                a_nameserver(NAMESERVER, services, {"sip.carrier.example": "127.0.0.1"}, pointers),
                an_office(replace(LOOPBACK, nameservers=(NAMESERVER,)), trunks=(trunk,)) as office,
            ):
                await office.endpoint.trunks["carrier"].until(Registered)
                met_before = (len(met), busy.attempts)
                await office.dials("1000", trunk="carrier")
                invite = await alive.gets(lambda message: message.startswith("INVITE"))
        except PermissionError:
            pytest.skip("a nameserver listens on port 53, which takes root")

    assert met_before == (1, 1)
    assert (invite.split()[1], "\nRoute:" in invite) == ("sip:1000@carrier.example", False)


@contextlib.asynccontextmanager
async def a_trunk_over_tls(keys: Path, name: str, service: str = SECURE, **more: Any) -> AsyncIterator[Office]:
    """An office that is its own trunk carrier.example, which by its records is reached over TLS at a host of another.

    Its certificate is for `name`, and NAPTR names the records of the `service`.
    """
    certificate, key = a_certificate(keys, name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    files: dict[str, Any] = {"tls_certificate": certificate, "tls_key": key, "tls_authorities": certificate}
    house = replace(LOOPBACK, nameservers=(NAMESERVER,), tls_port=port, **files)
    pointers = {"carrier.example": [Pointer(9, "SIP+D2U", "_u.carrier.example"), Pointer(5, "SIPS+D2T", service)]}
    services = {service: [Service(1, 9, NAME), Service(2, port, NAME)], "_u.carrier.example": []}
    trunk = Trunk(name="carrier", registrar="sip:carrier.example", register=False, dial=("*",))
    try:
        async with (
            a_nameserver(NAMESERVER, services, {NAME: "127.0.0.1"}, pointers),
            an_office(house, trunks=(trunk,), **more) as office,
        ):
            yield office
    except PermissionError:
        pytest.skip("a nameserver listens on port 53, which takes root")


async def test_a_trunk_that_is_found_by_naptr_to_take_tls_is_called_over_tls(tmp_path: Path) -> None:
    async with a_trunk_over_tls(tmp_path / "keys", "carrier.example") as office:
        await office.endpoint.trunks["carrier"].until(Answering)
        await office.dials("1000", trunk="carrier")
        arrived = (await office.arrivals.get()).leg

    assert (arrived.headers["Via"].split()[0], arrived.trunk) == ("SIP/2.0/TLS", "carrier")


async def test_a_host_that_only_the_nameserver_vouches_for_gets_no_calls(tmp_path: Path) -> None:
    async with a_trunk_over_tls(tmp_path / "keys", NAME) as office:
        state = await office.endpoint.trunks["carrier"].until(Unreachable)
        call = await office.dials("1000", trunk="carrier")
        ending = await call.ends()

    assert "CERT" in state.reason
    assert (ending.reason, office.arrivals.empty()) == ("unreachable", True)


async def test_records_that_lead_to_another_domain_are_not_followed_to_tls(tmp_path: Path) -> None:
    async with a_trunk_over_tls(tmp_path / "keys", "carrier.example", "_sips._tcp.elsewhere.example") as office:
        state = await office.endpoint.trunks["carrier"].until(Unreachable)

    assert state == Unreachable(502, state.retry_in_s, UNRESOLVED)


@contextlib.asynccontextmanager
async def a_listener_that_hangs_up() -> AsyncIterator[tuple[int, list[object]]]:
    """A port of TCP, and who came there."""
    met: list[object] = []

    def meets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(writer.get_extra_info("peername"))
        writer.close()

    async with await asyncio.start_server(meets, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], met


async def test_nameservers_that_are_silent_keep_no_other_trunk_from_its_work() -> None:
    async with Registrar() as alive:
        named, other = A_TRUNK, replace(A_TRUNK, name="other", registrar=alive.uri)
        settings = replace(LOOPBACK, nameservers=(NAMESERVER,))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            try:
                silent.bind((NAMESERVER, 53))
            except PermissionError:
                pytest.skip("a nameserver listens on port 53, which takes root")
            async with an_office(settings, trunks=(named, other)) as office:
                await office.endpoint.trunks["other"].until(Registered)
                named_is_up = office.endpoint.trunks["carrier"].is_up

    assert not named_is_up


async def test_the_far_end_is_told_the_address_that_a_stun_server_sees() -> None:
    async with (
        a_stun_server("127.0.0.7") as port,
        RawSip() as far_end,
        an_office(replace(LOOPBACK, stun_server=f"127.0.0.1:{port}")) as office,
    ):
        await office.dials(f"sip:1@127.0.0.1:{far_end.port}")
        invite = await far_end.gets(lambda message: message.startswith("INVITE"))

    assert re.findall(r"^(?:c=IN IP4 |Contact: <sip:\S*@)([\d.]+)", invite, re.MULTILINE) == ["127.0.0.7"] * 2


async def test_a_call_finds_its_way_by_ice() -> None:
    # The library takes no address of the loopback for a candidate; what is sent to any other of ours goes no farther.
    address = our_address()
    settings = replace(LOOPBACK, bind_address=address, allow=(address,), ice=True)
    async with RawSip(address) as far_end, an_office(settings) as office:
        caller = await office.dials(f"sip:1000@{address}:{office.endpoint.port('udp')}")
        callee = await office.arrivals.get()
        await asyncio.gather(caller.sees(Answered), callee.sees(Answered))
        caller.leg.audio.play(a_tone(440, 3_000))
        callee.leg.audio.play(a_tone(1_000, 3_000))
        await asyncio.gather(caller.hears_sound(), callee.hears_sound())
        at_caller, at_callee = await asyncio.gather(caller.hears(1_000), callee.hears(1_000))
        await office.dials(f"sip:1@{address}:{far_end.port}")
        invite = await far_end.gets(lambda message: message.startswith("INVITE"))

    told = ("a=ice-ufrag:" in invite, f"{address} " in invite.partition("a=candidate:")[2])
    assert (loudest_hz(at_caller), loudest_hz(at_callee), told) == (1_000, 440, (True, True))


def our_address() -> str:
    """An address of this machine that is not the loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # an interface without an address
                found = fcntl.ioctl(asking, SIOCGIFADDR, struct.pack("256s", name.encode()))
                address = socket.inet_ntoa(found[20:24])
                if not address.startswith("127."):
                    return address
    pytest.skip("this machine has no address but the loopback's")


async def test_a_line_has_a_jitter_buffer_of_its_own() -> None:
    at_least_ms = [await delay_ms(replace(LOOPBACK, jitter_min_ms=least_ms)) for least_ms in (0, 300)]

    assert at_least_ms[1] - at_least_ms[0] > 150


async def delay_ms(settings: SipSettings) -> float:
    """How late audio is heard in a call to ourselves, as its streams tell it."""
    async with an_office(settings) as office:
        caller, callee = await office.a_call()
        await asyncio.gather(caller.hears(2_000), callee.hears(2_000))
        caller.leg.hang_up()
        measured = [await party.measured() for party in (caller, callee)]
    return min(told.heard.delay_ms for told in measured if told is not None)


async def test_a_turn_server_relays_for_us(tmp_path: Path) -> None:
    async with a_turn_server(tmp_path) as port, RawSip() as far_end:
        settings = replace(
            LOOPBACK,
            ice=True,
            turn_server=f"127.0.0.1:{port}",
            turn_username="house",
            turn_password=Secret("word"),
        )
        async with an_office(settings) as office:
            await office.dials(f"sip:1@127.0.0.1:{far_end.port}")
            invite = await far_end.gets(lambda message: message.startswith("INVITE"))

    assert len(re.findall(r"^a=candidate:.* typ relay ", invite, re.MULTILINE)) == 2


@contextlib.asynccontextmanager
async def a_turn_server(folder: Path) -> AsyncIterator[int]:
    """Coturn, which relays for the user `house`."""
    program = shutil.which("turnserver")
    if program is None:
        pytest.skip("there is no turnserver here")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    where = f"--listening-ip=127.0.0.1 --relay-ip=127.0.0.1 --listening-port={port} --no-cli --no-tls --no-dtls"
    who = "--lt-cred-mech --user=house:word --realm=house"
    files = f"--log-file=/dev/null --pidfile={folder}/pid --userdb={folder}/db"
    server = await asyncio.create_subprocess_exec(
        program, "-n", *where.split(), *who.split(), *files.split(), stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await answers_stun(port)
        yield port
    finally:
        server.terminate()
        await server.wait()


async def answers_stun(port: int) -> None:
    """Ask until somebody answers: a server that is just starting hears nothing."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        asking.connect(("127.0.0.1", port))
        for number in itertools.count():
            with contextlib.suppress(TimeoutError, OSError):
                await loop.sock_sendall(asking, struct.pack("!HHI12s", 1, 0, MAGIC, str(number).encode()))
                async with asyncio.timeout(0.1):
                    await loop.sock_recv(asking, 2_048)
                    return
