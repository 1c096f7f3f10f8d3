"""Trunks to Kamailio: each way that a registrar answers, and calls both ways by the one of two trunks that lives."""

from pathlib import Path

import pytest

from pipeline.realtime.events import TranscriptCompleted
from telephony.leg import Ending
from telephony.settings import SipSettings
from telephony.sip.trunk import Backoff, Denied, Registered, RetryPlan, TrunkState, Unreachable
from tests.drive.beside_asterisk import GREETING, HOURS, a_desk, as_in_the_readme, hears
from tests.drive.carrier import HOST, a_carrier, a_trunk
from tests.drive.exchange import an_office
from tests.drive.linphone import Registrar, a_linphone
from tests.drive.offhook import a_house

pytestmark = pytest.mark.interop

SOON = RetryPlan(unreachable=Backoff(0.1, 0.2), refused=Backoff(0.1, 0.2))
AT_CARRIER = Registrar(HOST, "kamailio", "secret")
NO_ANSWER = 408


@pytest.mark.parametrize(
    ("username", "password", "state"),
    [
        ("alice", "secret", Registered),
        ("alice", "wrong", Denied),
        ("forbidden", "secret", Denied),
        ("seldom", "secret", Registered),
        ("overloaded", "secret", Unreachable),
    ],
    ids=["401 and right", "401 and wrong", "403", "423", "503"],
)
async def test_the_trunk_tells_how_the_registrar_answers(
    tmp_path: Path, username: str, password: str, state: type[TrunkState]
) -> None:
    trunk = a_trunk(username, password=password)
    async with a_carrier(tmp_path), an_office(trunks=(trunk,), retry=SOON) as office:
        told = await office.endpoint.trunks["carrier"].until(state)

    expected = {"wrong": 401, "forbidden": 403, "overloaded": 503}
    match told:
        case Denied(sip_code) | Unreachable(sip_code):
            assert sip_code == expected.get(password, expected.get(username))
        case Registered(expires_s):
            assert expires_s >= (600 if username == "seldom" else 290)


async def test_calls_come_and_go_by_the_trunk_that_lives_while_the_other_one_gets_no_answer(tmp_path: Path) -> None:
    plan = a_desk(tmp_path)
    plan.write_text(plan.read_text().replace('did = "1000"', 'did = "alice"'))
    chosen = as_in_the_readme(
        dialplan=plan,
        trunks=(a_trunk("silence", "dead"), a_trunk("alice", "alive", transport="tcp")),
        sip=SipSettings(bind_address="127.0.0.1", udp_port=0, tcp_port=0),
    )
    async with (
        a_carrier(tmp_path),
        a_house(chosen) as house,
        a_linphone(tmp_path, "bob", AT_CARRIER) as phone,
    ):
        service, lines = house.service, house.service.endpoint.trunks
        await lines["alive"].until(Registered)
        call = await phone.call("alice")
        await hears(phone, GREETING)
        phone.say("when do you open")
        await hears(phone, HOURS)
        phone.say("thank you goodbye")
        await hears(phone, "Thank you for calling.")
        await phone.over(call)
        await service.switchboard.settled()
        came = await house.record()

        since = len(phone.lines)
        leg = await service.endpoint.call("bob", "alive")
        placed = service.switchboard.place(leg, "desk", service.dialplan.agents["desk"])
        call = await phone.rings(since)
        await phone.answer(call)
        phone.say("when do you open")
        await house.sees(TranscriptCompleted, lambda event: event.transcript == "when do you open")
        await hears(phone, HOURS)
        await phone.hang_up(call)
        went = await placed.life
        dead = await lines["dead"].until(Unreachable)

    assert (came.ending, went) == (Ending("us", "agent_hung_up", 200), Ending("callee", "hung_up", 200))
    assert dead.sip_code == NO_ANSWER
