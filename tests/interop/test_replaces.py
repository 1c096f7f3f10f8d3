"""Asterisk joins two of its own telephones by REFER with Replaces, and the agent is out of it. Both hear each other."""

from pathlib import Path

import pytest

from telephony.leg import Ending
from telephony.settings import Settings
from tests.drive.beside_asterisk import GREETING, a_town, as_in_the_readme, hears
from tests.drive.linphone import VOICE, a_linphone
from tests.drive.pbx import CONFIGURATION

pytestmark = pytest.mark.interop

SUMMARY = "A caller would like to buy an instrument."


def attended(folder: Path) -> Settings:
    """The README's service, which tells the target who is coming."""
    plan = (CONFIGURATION / "desk.toml").read_text()
    plan = plan.replace('did = "1000"', 'did = "1000"\ntransfer = { how = "attended" }')
    plan = plan.replace('target = "sales" }', f'target = "sales", summary = "{SUMMARY}" }}')
    (folder / "desk.toml").write_text(plan)
    return as_in_the_readme(dialplan=folder / "desk.toml")


async def test_two_at_asterisk_talk_without_us_once_the_summary_has_been_heard(tmp_path: Path) -> None:
    async with (
        a_town(tmp_path, attended(tmp_path)) as town,
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
