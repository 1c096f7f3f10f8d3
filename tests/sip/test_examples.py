"""The dialplans that come along, on real calls: a reception desk, a booking agent, a hotline with a queue."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipeline.realtime.events import OutputTranscriptDone, PlayoutStopped
from telephony.bench.vendor_servers.events_server import Answer
from telephony.bench.vendor_servers.openai_llm import ChatServer, call_piece, finish, words
from telephony.control.server import ControlServer
from telephony.settings import DEFAULT_DIALPLAN, ControlSettings, MediaSettings, Secret, Settings
from telephony.vendor_table import Vendor
from telephony.wire.call import Call
from tests.drive.offhook import House, a_house, chosen, silence_after_speech

DIALPLANS = DEFAULT_DIALPLAN.parent
ALWAYS, NEVER = 'open = ["mon-sun"]\nholidays = []', "open = []\nholidays = []"


def hotline(tmp_path: Path, hours: str = ALWAYS, **changes: object) -> Settings:
    head, table, rest = (DIALPLANS / "hotline.toml").read_text().partition("[hours.office]\n")
    _, _, after = rest.partition("\n\n")
    return chosen(tmp_path, f"{head}{table}{hours}\n{after}", **changes)


async def said(house: House, count: int = 1) -> list[str]:
    """What the agent says next."""
    return [(await house.sees(OutputTranscriptDone)).transcript for _ in range(count)]


async def presses(call: Call, keys: str) -> None:
    for key in keys:
        await call.press(key)


async def ended(house: House, call: Call) -> tuple[str | None, str]:
    """Where the caller was sent, and how the call ended."""
    await call.ended
    await house.service.switchboard.settled()
    record = await house.record()
    assert record.ending is not None
    return call.referred_to, record.ending.reason


async def test_the_reception_desk_puts_a_caller_through(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, (DIALPLANS / "reception.toml").read_text())) as house:
        call = await house.dial_and_be_greeted("200")
        await house.hears(call, "technical support please")
        outcome = await ended(house, call)

    assert outcome == ("sip:212@127.0.0.1", "transferred")


async def test_a_key_cuts_the_menu_and_leads_to_the_queue(tmp_path: Path) -> None:
    async with a_house(hotline(tmp_path)) as house:
        call = await house.dial("300")
        await call.until(lambda ear, now_ms: ear.speaking(now_ms) and now_ms - ear.talks[-1].first_ms > 1_000)
        await presses(call, "2")
        told = await said(house, 2)
        outcome = await ended(house, call)
        talks = [talk.last_ms - talk.first_ms for talk in call.ear.talks]

    assert (told[1], outcome) == ("I will put you through to billing.", ("sip:311@127.0.0.1", "transferred"))
    assert talks[0] < 6_000  # the whole greeting takes ten seconds


async def test_several_digits_are_taken_read_back_and_noted(tmp_path: Path) -> None:
    async with a_house(hotline(tmp_path)) as house:
        call = await house.dial("300")
        await said(house)
        await presses(call, "1")
        asked = await said(house)
        await presses(call, "123456#")
        asked += await said(house)
        await presses(call, "4711#")
        asked += await said(house)
        await presses(call, "1")
        asked += await said(house)
        outcome = await ended(house, call)

    assert (asked, outcome) == (
        [
            "Please enter the six digits of your account number.",
            "And what does your meter show?",
            "Account 1 2 3 4 5 6, meter 4 7 1 1. If that is right, press one. To begin again, press two.",
            "Thank you, it is noted. Goodbye!",
        ],
        (None, "agent_hung_up"),
    )


async def test_a_silent_caller_is_asked_twice_and_then_let_go(tmp_path: Path) -> None:
    async with a_house(hotline(tmp_path)) as house:
        call = await house.dial_and_be_greeted("300")
        told = await said(house, 2)
        await silence_after_speech(call)
        told += await said(house)
        await silence_after_speech(call)
        outcome = await ended(house, call)

    assert ([words[:21] for words in told[1:]], outcome) == (["I can not hear you. F"] * 2, (None, "agent_hung_up"))


async def test_a_menu_hands_over_to_a_language_model_and_takes_the_caller_back(tmp_path: Path) -> None:
    back = Answer([call_piece(0, '{"to": "hotline/main"}', "call_1", "hand_over"), finish("tool_calls")])
    async with ChatServer([words("Nineteen pence at night."), back]) as server:
        vendors = {"openai": Vendor(base_url=server.url, api_key=Secret("none"))}
        async with a_house(hotline(tmp_path, vendors=vendors)) as house:
            call = await house.dial("300")
            await said(house)
            await presses(call, "3")
            told = await said(house, 2)
            await silence_after_speech(call)
            await house.hears(call, "back to the menu please")
            told += await said(house)
            await presses(call, "2")
            outcome = await ended(house, call)
        given = json.dumps(server.requests[0])

    assert (told, outcome) == (
        [
            "I will put you through to our adviser.",
            "Nineteen pence at night.",
            "For your meter reading, press one. For your bill, two. For advice on tariffs, three. For a person, zero.",
        ],
        ("sip:311@127.0.0.1", "transferred"),
    )
    assert "adviser on tariffs" in given
    assert "I will put you through to our adviser." in given


async def test_after_hours_a_message_is_taken_and_recorded(tmp_path: Path) -> None:
    recordings = MediaSettings(recordings_dir=tmp_path / "recordings")
    async with a_house(hotline(tmp_path, NEVER, media=recordings)) as house:
        call = await house.dial("300")
        await said(house)
        await presses(call, "1")
        await said(house)
        await silence_after_speech(call)
        heard = await house.hears(call, "I want to leave a message")
        await call.hang_up()
        await house.service.switchboard.settled()
        record = await house.record()

    transcript = Path(record.recording).with_suffix(".jsonl").read_text()
    assert (bool(heard), heard in transcript) == (True, True)


@dataclass
class Salon:
    """A web server that knows what is booked; `answers` are the status codes it gives, then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    booked: list[dict[str, Any]] = field(default_factory=list)

    async def book(self, request: Request) -> Response:
        self.booked.append(await request.json())
        return JSONResponse({"booked": True}, self.answers.pop(0) if self.answers else 200)


@contextlib.asynccontextmanager
async def a_salon(*answers: int) -> AsyncIterator[Salon]:
    salon = Salon(answers=list(answers))
    app = Starlette(routes=[Route("/book", salon.book, methods=["POST"])])
    async with ControlServer(app, ControlSettings(port=0)) as server:
        salon.url = server.addresses[0]
        yield salon


def bookings(tmp_path: Path, salon: Salon, **changes: object) -> Settings:
    text = (DIALPLANS / "booking.toml").read_text().replace("http://127.0.0.1:8095", salon.url)
    return chosen(tmp_path, text, **changes)


async def book(house: House) -> Call:
    """A caller books a short cut on Friday, and is asked nothing twice."""
    call = await house.dial_and_be_greeted("400")
    await house.hears(call, "an appointment on friday")
    await house.sees(PlayoutStopped)
    await house.hears(call, "it is for a short cut")
    await house.sees(PlayoutStopped)
    await presses(call, "1")
    return call


async def test_the_booking_agent_books_with_a_web_server(tmp_path: Path) -> None:
    async with a_salon() as salon, a_house(bookings(tmp_path, salon)) as house:
        call = await book(house)
        outcome = await ended(house, call)
        call_id = (await house.record()).call_id

    arguments = {"day": "on Friday", "cut": "a short cut"}
    told = {"call_id": call_id, "name": "book", "arguments": arguments, "caller": "caller", "called": "400"}
    assert (salon.booked, outcome) == ([told], (None, "agent_hung_up"))


async def test_when_the_web_server_fails_the_caller_is_put_through(tmp_path: Path) -> None:
    async with a_salon(500) as salon, a_house(bookings(tmp_path, salon)) as house:
        outcome = await ended(house, await book(house))

    assert outcome == ("sip:410@127.0.0.1", "transferred")


async def test_a_language_model_books_with_the_same_function(tmp_path: Path) -> None:
    asks = Answer([call_piece(0, '{"day": "Friday", "cut": "short"}', "call_1", "book"), finish("tool_calls")])
    async with a_salon() as salon, ChatServer([words("Hello."), asks, words("It is booked.")]) as server:
        vendors = {"openai": Vendor(base_url=server.url, api_key=Secret("none"))}
        async with a_house(bookings(tmp_path, salon, vendors=vendors)) as house:
            call = await house.dial_and_be_greeted("401")
            await house.hears(call, "I would like a haircut on Friday")
            async with asyncio.timeout(20):
                told = await said(house)
                while told[-1] != "It is booked.":
                    told += await said(house)

    assert [each["arguments"] for each in salon.booked] == [{"day": "Friday", "cut": "short"}]
