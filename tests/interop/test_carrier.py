"""Trunks to Kamailio: each way that a registrar answers, and a call by the one of two trunks that lives."""

from pathlib import Path

import pytest

from telephony.leg import Answered
from telephony.sip.trunk import Backoff, Denied, Registered, RetryPlan, TrunkState, Unreachable
from tests.drive.carrier import a_carrier, a_trunk
from tests.drive.exchange import an_office
from tests.drive.tones import a_tone, loudest_hz

pytestmark = pytest.mark.interop

SOON = RetryPlan(unreachable=Backoff(0.1, 0.2), refused=Backoff(0.1, 0.2))


@pytest.mark.parametrize(
    ("username", "password", "state"),
    [
        ("alice", "secret", Registered),
        ("alice", "wrong", Denied),
        ("forbidden", "secret", Denied),
        ("seldom", "secret", Registered),
        ("overloaded", "secret", Unreachable),
        ("silence", "secret", Unreachable),
    ],
    ids=["401 and right", "401 and wrong", "403", "423", "503", "nothing"],
)
async def test_the_trunk_tells_how_the_registrar_answers(
    tmp_path: Path, username: str, password: str, state: type[TrunkState]
) -> None:
    trunk = a_trunk(username, password=password)
    async with a_carrier(tmp_path), an_office(trunks=(trunk,), retry=SOON) as office:
        told = await office.endpoint.trunks["carrier"].until(state)

    expected = {"wrong": 401, "forbidden": 403, "overloaded": 503, "silence": 408}
    match told:
        case Denied(sip_code) | Unreachable(sip_code):
            assert sip_code == expected.get(password, expected.get(username))
        case Registered(expires_s):
            assert expires_s >= (600 if username == "seldom" else 290)


async def test_a_call_goes_by_the_trunk_that_lives(tmp_path: Path) -> None:
    trunks = (a_trunk("silence", "dead"), a_trunk("alice", "alive"))
    async with a_carrier(tmp_path), an_office(trunks=trunks, retry=SOON) as office:
        await office.endpoint.trunks["alive"].until(Registered)
        caller = await office.dials("alice", trunk="alive")
        callee = await office.arrivals.get()
        await caller.sees(Answered)
        await callee.sees(Answered)
        caller.leg.audio.play(a_tone(600, 2_000))
        await callee.hears_sound()
        heard = loudest_hz(await callee.hears(600))
        came_by = callee.leg.trunk
        dead = office.endpoint.trunks["dead"].state

    assert (heard, came_by) == (600, "alive")
    assert not isinstance(dead, Registered)
