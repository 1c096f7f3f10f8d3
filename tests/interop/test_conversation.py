"""A telephone at Asterisk talks to the agent, and interrupts it."""

from pathlib import Path

import pytest

from pipeline.realtime.events import ItemTruncated, TranscriptCompleted
from telephony.leg import Ending
from tests.drive.beside_asterisk import GREETING, HOURS, a_town, hears
from tests.drive.line_out import says
from tests.drive.linphone import a_linphone

pytestmark = pytest.mark.interop

STORY = "We have been here for a very long time,"
STORYS_END = "whenever you have an hour or two to spare for a long story."


async def test_linphone_dials_1000_interrupts_the_agent_and_says_goodbye(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town, a_linphone(tmp_path) as phone:
        call = await phone.call("1000")
        await hears(phone, GREETING)
        phone.say("tell me everything")
        await hears(phone, STORY)
        phone.say("when do you open")
        asked = await town.house.sees(TranscriptCompleted, lambda event: event.transcript.startswith("when"))
        await hears(phone, HOURS)
        heard = phone.heard()
        phone.say("thank you goodbye")
        thanked = await town.house.sees(TranscriptCompleted)
        await hears(phone, "Thank you for calling.")
        await phone.over(call)
        await town.house.service.switchboard.settled()
        record = await town.house.record()

    assert any(isinstance(event, ItemTruncated) for _, event in town.house.events)
    assert not says(STORYS_END, heard)
    assert (asked.transcript, thanked.transcript) == ("when do you open", "thank you goodbye")
    assert (record.state, record.ending) == ("ended", Ending("us", "agent_hung_up", 200))
