"""The agent puts callers through: to a queue at once, to a telephone after a word with it. Both ends talk then."""

from pathlib import Path

import pytest

from telephony.leg import Ending
from telephony.state.record import CallRecord
from tests.drive.beside_asterisk import GREETING, Town, a_desk, a_town, as_in_the_readme, hears, talk
from tests.drive.line_out import says
from tests.drive.linphone import a_linphone

pytestmark = pytest.mark.interop

SUMMARY = "She would like to buy a piano."
SORRY = "I am sorry, sales can not be reached."


async def record(town: Town) -> CallRecord:
    """The caller's call, once it is over."""
    await town.house.service.switchboard.settled()
    return next(call for call in await town.house.records(1) if call.direction == "inbound")


async def test_the_caller_is_put_through_to_a_queue(tmp_path: Path) -> None:
    async with (
        a_town(tmp_path) as town,
        a_linphone(tmp_path, "6001") as caller,
        a_linphone(tmp_path, "6002", port=5_064) as callee,
    ):
        call = await caller.call("1000")
        await hears(caller, GREETING)
        await caller.press("2")
        await callee.answer(await callee.rings())
        await talk(caller, callee)
        ended = await record(town)
        await caller.hang_up(call)

    assert ended.ending == Ending("us", "transferred", 200)


async def test_who_takes_the_caller_is_told_first_and_whom_nobody_takes_comes_back(tmp_path: Path) -> None:
    plan = a_desk(tmp_path, 'transfer = { how = "attended", ring_s = 5 }')
    plan.write_text(plan.read_text().replace('target = "sales"', f'target = "sales", summary = "{SUMMARY}"'))
    async with (
        a_town(tmp_path, as_in_the_readme(dialplan=plan)) as town,
        a_linphone(tmp_path, "6001") as caller,
        a_linphone(tmp_path, "6002", port=5_064) as callee,
    ):
        call = await caller.call("1000")
        await hears(caller, GREETING)
        await caller.press("1")
        await callee.hang_up(await callee.rings())
        shown = next(line for line in callee.lines if "incoming call from" in line)
        await hears(caller, SORRY)
        since, heard = len(callee.lines), len(caller.heard())
        await caller.press("1")
        await callee.over(await callee.rings(since), since)
        await hears(caller, SORRY, since=heard)
        since = len(callee.lines)
        await caller.press("1")
        await callee.answer(await callee.rings(since))
        await hears(callee, SUMMARY)
        await talk(caller, callee)
        aside = says(SUMMARY, caller.heard())
        await caller.hang_up(call)
        ended = await record(town)

    assert "sip:6001@" in shown
    assert (aside, ended.transfer_target, ended.transfer_summary) == (False, "sip:211@127.0.0.1", SUMMARY)
