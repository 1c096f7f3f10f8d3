"""The far end of an agent's call becomes another, and the agent goes on with them: real SIP, RTP, speech and Redis."""

import asyncio
from pathlib import Path

import pytest

from pipeline.realtime.events import ItemDone, OutputTranscriptDone, TranscriptCompleted
from pipeline.realtime.items import InputText, MessageItem
from pipeline.realtime.ours import FarEndChanged
from telephony.leg import Ending
from telephony.state.record import CallRecord
from telephony.wire.call import Call
from telephony.wire.phone import Phone
from tests.drive.offhook import DESK, House, a_house, chosen, silence_after_speech
from tests.drive.web import address, http, until

PATIENCE_S = 60
OPEN_HOURS = "when do you open"
FOLLOWS = DESK.replace("[[route]]", '[[route]]\ntransfer = { follow = ["customer"] }', 1)


async def is_answered(house: House, call: Call) -> list[str]:
    """They ask, and hear what the agent says to that."""
    known = len(call.ear.talks)
    await call.say(await house.speech(OPEN_HOURS))
    understood = (await house.sees(TranscriptCompleted)).transcript
    said = (await house.sees(OutputTranscriptDone)).transcript
    await call.until(lambda ear, now_ms: len(ear.talks) > known and not ear.speaking(now_ms))
    return [understood, said]


async def what_is_told(house: House) -> tuple[str, str]:
    """Who the events say is there now, and what the agent knows of them."""
    moved = await house.sees(FarEndChanged)
    item = (await house.sees(ItemDone, lambda event: "Somebody else" in text_of(event))).item
    return moved.far_end, text_of(ItemDone(event_id="", item=item, previous_item_id=None))


def text_of(event: ItemDone) -> str:
    item = event.item
    parts = item.content if isinstance(item, MessageItem) else ()
    return "".join(part.text for part in parts if isinstance(part, InputText))


async def the_end(house: House) -> CallRecord:
    await house.service.switchboard.settled()
    return (await house.records(1))[0]


async def test_a_receptionist_hands_the_agent_to_a_customer(tmp_path: Path) -> None:
    async with (
        asyncio.timeout(PATIENCE_S),
        Phone(number="customer", keep_audio=True) as phone,
        a_house(chosen(tmp_path, FOLLOWS)) as house,
        http(address(house)) as client,
    ):
        receptionist = await house.dial_and_be_greeted()
        code = await receptionist.refer(phone.uri)
        customer = (await phone.rings()).answer()
        told, known = await what_is_told(house)
        await receptionist.ended
        answers = await is_answered(house, customer)
        call_id = (await house.record()).call_id
        shown = await until(client, f"/v1/calls/{call_id}", lambda call: bool(call["far_end"]))
        await customer.hang_up()
        record = await the_end(house)

    assert (code, told, phone.uri in known) == (202, phone.uri, True)
    assert answers == [OPEN_HOURS, "At nine in the morning."]
    assert (shown["far_end"], record.far_end, record.ending) == (phone.uri, phone.uri, Ending("caller", "hung_up", 200))


async def is_placed(house: House, **terms: object) -> Call:
    """An application calls the house's telephone on these terms; it answers, and is greeted."""
    async with http(address(house)) as client:
        placed = await client.post("/v1/calls", json={"to": house.phone.uri, "agent": "desk", **terms})
    assert placed.status_code == 201, placed.text
    callee = (await house.phone.rings()).answer()
    await callee.until(lambda ear, now_ms: bool(ear.talks) and not ear.speaking(now_ms))
    return callee


async def test_whom_we_call_may_hand_the_agent_on_to_whom_the_application_names(tmp_path: Path) -> None:
    async with (
        asyncio.timeout(PATIENCE_S),
        Phone(number="customer", keep_audio=True) as phone,
        a_house(chosen(tmp_path)) as house,
    ):
        callee = await is_placed(house, follow=["customer"])
        code = await callee.refer(phone.uri)
        customer = (await phone.rings()).answer()
        told, _ = await what_is_told(house)
        await callee.ended
        answers = await is_answered(house, customer)
        elsewhere = await customer.refer(house.phone.uri)
        await customer.hang_up()
        record = await the_end(house)

    assert (code, told, elsewhere, record.ending) == (202, phone.uri, 403, Ending("callee", "hung_up", 200))
    assert answers == [OPEN_HOURS, "At nine in the morning."]


@pytest.mark.parametrize(("terms", "code"), [({}, 603), ({"follow": ["*@127.0.0.9"]}, 403)])
async def test_whom_we_call_hands_the_agent_on_to_nobody_else(
    tmp_path: Path, terms: dict[str, list[str]], code: int
) -> None:
    async with asyncio.timeout(PATIENCE_S), a_house(chosen(tmp_path)) as house, Phone(number="customer") as phone:
        callee = await is_placed(house, **terms)
        refused = await callee.refer(phone.uri)
        await callee.hang_up()
        record = await the_end(house)

    assert (refused, record.far_end) == (code, "")


async def test_a_route_that_says_nothing_of_it_follows_nobody_but_to_its_targets(tmp_path: Path) -> None:
    async with asyncio.timeout(PATIENCE_S), a_house(chosen(tmp_path)) as house, Phone(number="staff") as staff:
        call = await house.dial_and_be_greeted()
        codes = [await call.refer(f"sip:{user}@{staff.uri.partition('@')[2]}") for user in ("boss", "staff")]
        (await staff.rings()).reject(486)
        answers = await is_answered(house, call)

    assert (codes, answers) == ([403, 202], [OPEN_HOURS, "At nine in the morning."])


@pytest.mark.parametrize("while_it_speaks", [False, True])
async def test_somebody_takes_the_callers_place(tmp_path: Path, while_it_speaks: bool) -> None:
    async with (
        asyncio.timeout(PATIENCE_S),
        Phone(number="customer", keep_audio=True) as phone,
        a_house(chosen(tmp_path)) as house,
    ):
        caller = await house.dial_and_be_greeted()
        if while_it_speaks:
            await caller.say(await house.speech("tell me everything"))
            known = len(caller.ear.talks)
            await caller.until(lambda ear, _: len(ear.talks) > known)
        dialling = await phone.dial(house.uri(), fields=(("Replaces", caller.dialog.replaces),))
        customer = await dialling.answered()
        told, _ = await what_is_told(house)
        end = await caller.ended
        if while_it_speaks:
            await silence_after_speech(customer)
        answers = await is_answered(house, customer)
        await customer.hang_up()
        record = await the_end(house)

    assert (told.startswith("sip:customer@"), end.by, end.how) == (True, "far", "bye")
    assert answers[-1] == "At nine in the morning."
    assert record.ending == Ending("caller", "hung_up", 200)
