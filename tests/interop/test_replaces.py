"""Transfers by REFER: Asterisk joins two of its own without us, and a telephone hands the agent on. All are heard."""

from dataclasses import replace
from pathlib import Path

import pytest

from telephony.leg import Ending
from telephony.settings import Settings
from tests.drive.baresip import a_baresip
from tests.drive.beside_asterisk import DIRECT, GREETING, HOURS, a_town, as_in_the_readme, hears, talk
from tests.drive.linphone import VOICE, a_linphone
from tests.drive.offhook import a_house
from tests.drive.pbx import CONFIGURATION

pytestmark = pytest.mark.interop

SUMMARY = "A caller would like to buy an instrument."


def with_transfers(folder: Path, how: str) -> Settings:
    """The README's service with these transfers; it tells the target who is coming, and may call 6002."""
    plan = (CONFIGURATION / "desk.toml").read_text()
    plan = plan.replace('did = "1000"', f'did = "1000"\ntransfer = {{ {how} }}')
    plan = plan.replace('target = "sales" }', f'target = "sales", summary = "{SUMMARY}" }}')
    (folder / "desk.toml").write_text(plan)
    whole = as_in_the_readme(dialplan=folder / "desk.toml")
    (trunk,) = whole.trunks
    return replace(whole, trunks=(replace(trunk, dial=(*trunk.dial, "6002")),))


async def test_two_at_asterisk_talk_without_us_once_the_summary_has_been_heard(tmp_path: Path) -> None:
    async with (
        a_town(tmp_path, with_transfers(tmp_path, 'how = "attended"')) as town,
        a_linphone(tmp_path, "6001") as caller,
        a_linphone(tmp_path, "6002", port=5_064) as callee,
    ):
        call = await caller.call("1000")
        await hears(caller, GREETING)
        await caller.press("1")
        await callee.answer(await callee.rings())
        await hears(callee, SUMMARY)
        await town.house.service.switchboard.settled()
        caller.say("I would like to buy an instrument")
        await hears(callee, "I would like to buy an instrument", VOICE)
        callee.say("with great pleasure my friend")
        await hears(caller, "with great pleasure my friend", VOICE)
        records = await town.house.records(2)
        await caller.hang_up(call)

    (end,) = [record.ending for record in records if record.direction == "inbound"]
    assert end == Ending("us", "transferred", 200)


async def test_a_telephone_hands_the_agent_on_to_another(tmp_path: Path) -> None:
    async with (
        a_town(tmp_path, with_transfers(tmp_path, 'follow = ["6002"]')) as town,
        a_baresip(tmp_path, number="6001", registers=False) as desk,
        a_linphone(tmp_path, "6002", port=5_064) as customer,
    ):
        since = len(desk.events)
        await desk.call(DIRECT)
        await hears(desk, GREETING)
        await desk.ask("transfer", "sip:6002@127.0.0.1:5060")
        call = await customer.rings()
        await customer.answer(call)
        await desk.event("CALL_CLOSED", since=since)
        customer.say("what are your opening hours")
        await hears(customer, HOURS)
        await customer.hang_up(call)
        await town.house.service.switchboard.settled()
        record = await town.house.record()

    assert (record.far_end, record.ending) == ("sip:6002@127.0.0.1:5060", Ending("caller", "hung_up", 200))


async def test_a_telephone_consults_another_and_joins_the_agent_to_it(tmp_path: Path) -> None:
    chosen = replace(with_transfers(tmp_path, 'follow = ["6002"]'), trunks=())
    async with (
        a_house(chosen) as house,
        a_linphone(tmp_path, "6001", direct=True) as desk,
        a_linphone(tmp_path, "6002", port=5_060, direct=True) as customer,
    ):
        first = await desk.call(DIRECT)
        await hears(desk, GREETING)
        await desk.hold(first)
        since = len(desk.lines)
        second = await desk.dial("sip:6002@127.0.0.1:5060")
        await customer.answer(await customer.rings())
        await desk.talking(second, since)
        await talk(desk, customer)
        since = len(customer.lines)
        await desk.transfer(first, f"--to-call {second}")
        await customer.line("Media streams established", since)
        customer.say("what are your opening hours")
        await hears(customer, HOURS)
        await customer.ask("terminate all", "ended")
        await house.service.switchboard.settled()
        record = await house.record()

    assert (record.far_end, record.ending) == ("sip:6002@127.0.0.1", Ending("caller", "hung_up", 200))
