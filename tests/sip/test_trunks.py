"""Trunks: registration with digest, refusal, silence and the next try, calls in and out by a trunk."""

import re
import socket

import pytest
import structlog

from telephony.settings import Secret, Trunk
from telephony.sip.trunk import Backoff, Denied, Registered, RetryPlan, Unreachable
from tests.drive.exchange import an_office
from tests.drive.raw_sip import RawCall, sdp
from tests.drive.registrar import Registrar

SOON = RetryPlan(unreachable=Backoff(0.05, 0.2), refused=Backoff(0.05, 0.2))

UNRESOLVED = "the registrar's name does not resolve"


def a_trunk(registrar: str, *, password: str = "secret") -> Trunk:
    return Trunk(
        name="carrier",
        registrar=registrar,
        username="alice",
        password=Secret(password),
        expires_s=300,
        caller="+4930",
        dial=("+49",),
    )


async def test_a_trunk_registers_with_digest() -> None:
    async with Registrar() as registrar, an_office(trunks=(a_trunk(registrar.uri),)) as office:
        state = await office.endpoint.trunks["carrier"].until(Registered)
        contact = registrar.bindings[0].contact
        own_port = office.endpoint.port("udp")

    assert state == Registered(300)
    assert f"alice@127.0.0.1:{own_port}" in contact


async def test_the_registration_is_taken_back_at_the_end() -> None:
    async with Registrar() as registrar:
        async with an_office(trunks=(a_trunk(registrar.uri),)) as office:
            await office.endpoint.trunks["carrier"].until(Registered)

        assert [binding.expires_s for binding in registrar.bindings] == [300, 0]


async def test_a_wrong_password_is_a_refusal_and_is_tried_again() -> None:
    trunk = a_trunk
    async with Registrar() as registrar, an_office(trunks=(trunk(registrar.uri, password="x"),), retry=SOON) as office:
        refused = await office.endpoint.trunks["carrier"].until(Denied)
        await registrar.attempted(4)

    assert (refused.sip_code, refused.retry_in_s, registrar.bindings) == (401, 0.05, [])


async def test_a_forbidden_trunk_says_so_and_recovers() -> None:
    async with (
        Registrar(mood="forbids") as registrar,
        an_office(trunks=(a_trunk(registrar.uri),), retry=SOON) as office,
    ):
        line = office.endpoint.trunks["carrier"]
        refused = await line.until(Denied)
        registrar.mood = "asks_who"
        await line.until(Registered)

    assert refused == Denied(403, "Forbidden", 0.05)


async def test_a_dead_trunk_is_tried_ever_later_until_it_answers() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        nobody = f"sip:127.0.0.1:{listener.getsockname()[1]};transport=tcp"
        async with an_office(trunks=(a_trunk(nobody),), retry=SOON) as office:
            line = office.endpoint.trunks["carrier"]
            first = await line.until(Unreachable)
            later = [await line.changed() for _ in range(3)]

    assert [first, *later] == [Unreachable(503, wait_s, first.reason) for wait_s in (0.05, 0.1, 0.2, 0.2)]


async def test_a_trunk_whose_name_does_not_resolve_is_unreachable_and_told_once() -> None:
    nowhere = "sip:no-such-carrier.invalid"
    with structlog.testing.capture_logs() as log:
        async with an_office(trunks=(a_trunk(nowhere),), retry=SOON) as office:
            line = office.endpoint.trunks["carrier"]
            first = await line.until(Unreachable)
            later = [await line.changed() for _ in range(3)]

    assert [first, *later] == [Unreachable(502, wait_s, UNRESOLVED) for wait_s in (0.05, 0.1, 0.2, 0.2)]
    assert [entry["log_level"] for entry in log if entry["event"] == "trunk_state"] == ["warning"]
    assert not [entry for entry in log if entry["log_level"] == "error"]


@pytest.mark.slow
async def test_a_registration_is_refreshed_and_recovers_when_the_refresh_fails() -> None:
    async with Registrar() as registrar:
        registrar.grants_s = 7  # pjsip refreshes five seconds before the end
        async with an_office(trunks=(a_trunk(registrar.uri),), retry=SOON) as office:
            line = office.endpoint.trunks["carrier"]
            first = await line.until(Registered)
            while len(registrar.bindings) < 2:
                await line.changed()
            registrar.mood = "forbids"
            refused = await line.until(Denied)
            registrar.mood = "asks_who"
            again = await line.until(Registered)

    assert (first, refused.sip_code, again) == (Registered(7), 403, Registered(7))


async def test_a_call_by_the_trunk_goes_to_the_trunk_with_our_number() -> None:
    async with Registrar() as registrar, an_office(trunks=(a_trunk(registrar.uri),)) as office:
        await office.endpoint.trunks["carrier"].until(Registered)
        await office.dials("+4940123", trunk="carrier", caller="")
        invite = await registrar.gets(lambda message: message.startswith("INVITE"))

    assert invite.startswith(f"INVITE sip:+4940123@127.0.0.1:{registrar.port} SIP/2.0")
    assert re.search(r"^From: <sip:\+4930@127\.0\.0\.1", invite, re.MULTILINE)


async def test_a_call_from_the_trunk_is_known_as_such() -> None:
    async with Registrar() as registrar, an_office(trunks=(a_trunk(registrar.uri),)) as office:
        await office.endpoint.trunks["carrier"].until(Registered)
        call = RawCall(registrar, office.endpoint.port("udp"), "alice")
        call.send("INVITE", sdp(9))
        arrived = await office.arrivals.get()
        await call.answered()

    assert (arrived.leg.trunk, arrived.leg.called) == ("carrier", "alice")
