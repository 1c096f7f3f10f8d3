"""Real calls of ours: a person, a voicemail or a fax answers, and is told apart by what is heard."""

from pathlib import Path

import pytest

from pipeline.realtime.events import ItemAdded, ResponseCreated, TranscriptCompleted
from pipeline.realtime.items import InputText, MessageItem
from pipeline.realtime.ours import CallAnsweredBy
from telephony.leg import Ending
from telephony.wire.call import Call
from telephony.wire.speech import speech_of
from tests.drive.offhook import DESK, House, a_house, chosen
from tests.drive.tones import a_tone
from tests.drive.web import address, http

GREETING = "Good day. Nobody can take your call at the moment, and we shall call you back as soon as we can."
VOICEMAIL = "please leave a message after the tone"
KNOWS_IT = DESK + f'[[flows.desk.when]]\nsays = ["{VOICEMAIL}"]\nreply = "I wait."\n'


async def answered(house: House, answering_machine: str) -> Call:
    wish = {"to": house.phone.uri, "agent": "desk", "greet": False, "answering_machine": answering_machine}
    async with http(address(house)) as client:
        assert (await client.post("/v1/calls", json=wish)).status_code == 201
    return (await house.phone.rings()).answer()


async def test_a_voicemail_is_hung_up_on_after_its_beep_where_that_is_wished(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house:
        call = await answered(house, "hang_up")
        await call.say(await house.speech(GREETING))
        await call.say(speech_of(a_tone(1_000, 400, rate_hz=8_000)))
        found = await house.sees(CallAnsweredBy)
        await call.ended
        await house.service.switchboard.settled()
        record = await house.record()
        told = house.service.counters.snapshot()

    assert (found.answered_by, found.why, record.ending) == ("voicemail", "beep", Ending("us", "voicemail", 200))
    assert (record.answered_by, told['calls_answered_by{who="voicemail"}']) == ("voicemail", 1)


async def test_a_fax_is_hung_up_on_where_that_is_wished(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house:
        call = await answered(house, "hang_up")
        call.say(speech_of(a_tone(2_100, 3_000, rate_hz=8_000)))
        found = await house.sees(CallAnsweredBy)
        await call.ended
        await house.service.switchboard.settled()
        record = await house.record()

    assert (found.answered_by, found.why, record.ending) == ("fax", "tone", Ending("us", "fax", 200))


@pytest.mark.parametrize("words", ["Hello?", GREETING])
async def test_a_person_is_never_hung_up_on(tmp_path: Path, words: str) -> None:
    async with a_house(chosen(tmp_path)) as house:
        call = await answered(house, "hang_up")
        await call.say(await house.speech(words))
        await call.say(await house.speech("when do you open"))
        await house.sees(TranscriptCompleted, lambda event: "open" in event.transcript)
        who = {event.answered_by for _, event in house.events if isinstance(event, CallAnsweredBy)}
        await call.hang_up()
        await house.service.switchboard.settled()
        record = await house.record()

    assert (who <= {"human"}, record.ending) == (True, Ending("callee", "hung_up", 200))


async def test_the_agent_is_told_of_a_voicemail_by_its_words_and_when_it_records(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, KNOWS_IT)) as house:
        call = await answered(house, "tell")
        await call.say(await house.speech(VOICEMAIL))
        known = await house.sees(CallAnsweredBy, lambda event: event.answered_by == "voicemail")
        await call.say(speech_of(a_tone(850, 300, rate_hz=8_000)))
        records = await house.sees(CallAnsweredBy, lambda event: event.ready)
        item = (await house.sees(ItemAdded, lambda event: isinstance(event.item, MessageItem))).item
        await house.sees(ResponseCreated)
        await call.hang_up()

    assert (known.why, known.ready, records.answered_by) == ("words", False, "voicemail")
    assert isinstance(item, MessageItem)
    assert isinstance(item.content[0], InputText)
    assert (item.role, "records now" in item.content[0].text) == ("system", True)
