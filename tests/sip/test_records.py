"""A domain's records change while we run: who serves goes on, and who is gone is looked for anew."""

import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from telephony.leg import Answered
from telephony.settings import Secret, Trunk
from telephony.sip.next_hops import Hop, hops_of
from telephony.sip.trunk import Answering, Backoff, Left, Registered, RetryPlan, TrunkLine
from tests.drive.exchange import LOOPBACK, Office, an_office
from tests.drive.registrar import Registrar
from tests.drive.servers import Service, a_nameserver
from tests.sip.test_failover import OVERLOADED, Server, a_call
from tests.sip.test_network import NAMESERVER

ALL_PLACES = 60
SOON = RetryPlan(unreachable=Backoff(0.1, 0.1), names_s=0.05)
CROWD = Trunk(name="crowd", registrar="sip:127.0.0.1:9", register=False, failover=("sip:127.0.0.1:9",) * 28)
"""Leaves two places for each server of another trunk."""


class Domain:
    """carrier.example, which may move from server to server."""

    def __init__(self) -> None:
        self.services: dict[str, list[Service]] = {}

    def is_at(self, *ports: int) -> None:
        self.services["_sip._udp.carrier.example"] = [
            Service(place, port, "sip.carrier.example") for place, port in enumerate(ports)
        ]


@contextlib.asynccontextmanager
async def a_line(domain: Domain, *others: Trunk, ttl_s: int = 60, **kind: object) -> AsyncIterator[Office]:
    """An office whose trunk is the domain's."""
    trunk = Trunk(name="carrier", registrar="sip:carrier.example", dial=("*",), **kind)  # type: ignore[arg-type]
    settings, hosts = replace(LOOPBACK, nameservers=(NAMESERVER,)), {"sip.carrier.example": "127.0.0.1"}
    try:
        async with (
            a_nameserver(NAMESERVER, domain.services, hosts, ttl_s=ttl_s),
            an_office(settings, trunks=(trunk, *others), retry=SOON) as office,
        ):
            yield office
    except PermissionError:
        pytest.skip("a nameserver listens on port 53, which takes root")


async def test_a_trunk_that_has_moved_is_found_where_it_is_now() -> None:
    domain = Domain()
    async with Registrar(mood="is_overloaded") as old, Registrar() as new:
        domain.is_at(old.port)
        async with a_line(domain, username="alice", password=Secret("secret")) as office:
            await old.attempted(1)
            domain.is_at(new.port)
            await office.endpoint.trunks["carrier"].until(Registered)

    assert (old.bindings, [binding.expires_s for binding in new.bindings]) == ([], [300, 0])


async def test_who_serves_goes_on_when_the_records_name_another_and_that_one_is_there_when_needed() -> None:
    domain = Domain()
    async with Server("200 OK") as old, Server("200 OK") as new:
        domain.is_at(old.port)
        async with a_line(domain, ttl_s=0, register=False) as office:
            line = office.endpoint.trunks["carrier"]
            await line.until(Answering)
            first = await a_call(office)
            await first.sees(Answered)
            domain.is_at(new.port)
            while len(line.servers) < 2:
                second = await a_call(office)
                await second.sees(Answered)
            stays = len(new.calls)
            old.answers = (OVERLOADED,)
            third = await a_call(office)
            await third.sees(Answered)
            lives = (first.ending, len(new.calls), line.place)

    assert (stays, lives) == (0, (None, 1, 0))


async def test_a_trunk_may_move_more_often_than_there_are_places() -> None:
    domain = Domain()
    async with contextlib.AsyncExitStack() as stack:
        moods = ("is_overloaded", "is_overloaded", "is_overloaded", "asks_who")
        registrars = [await stack.enter_async_context(Registrar(mood=mood)) for mood in moods]  # type: ignore[arg-type]
        domain.is_at(registrars[0].port)
        office = await stack.enter_async_context(a_line(domain, CROWD, username="alice", password=Secret("secret")))
        line = office.endpoint.trunks["carrier"]
        for registrar, following in itertools.pairwise(registrars):
            await registrar.attempted(1)
            domain.is_at(following.port)
        await line.until(Registered)
        places = len(line.servers)

    assert places == ALL_PLACES // (1 + 1 + len(CROWD.failover))


async def test_who_has_moved_from_a_server_that_is_silent_is_found_before_that_one_is_given_up() -> None:
    domain = Domain()
    busy, silent = Registrar(mood="is_overloaded"), Registrar(mood="is_silent")
    async with busy as first, silent as second, Registrar() as new:
        domain.is_at(first.port, second.port)
        async with a_line(domain, CROWD, ttl_s=0, username="alice", password=Secret("secret")) as office:
            await second.attempted(1)
            domain.is_at(new.port)
            await office.endpoint.trunks["carrier"].until(Registered)

    assert [binding.expires_s for binding in new.bindings] == [300, 0]


async def test_who_gets_the_place_of_a_server_that_wants_a_rest_is_given_none() -> None:
    line = TrunkLine("carrier", lambda _: None, servers=(Hop("first"), Hop("resting"), Hop("third")))
    line.left(Left(1, 503, "failed", 600.0, is_last=False))
    before = [hop.server for _, hop in line.hops()]
    line.servers[1] = Hop("new")
    after = [hop.server for _, hop in line.hops()]

    assert (before, after) == (["first", "third", "resting"], ["first", "new", "third"])


async def test_a_server_that_is_named_twice_has_one_turn() -> None:
    found = await hops_of(CROWD, LOOPBACK, 1)

    assert found.hops == (Hop("sip:127.0.0.1:9"),)
