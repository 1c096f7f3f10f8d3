"""No silence that nobody meant: what a caller hears on a real call while nobody speaks."""

import asyncio
import wave
from pathlib import Path

import msgspec
import pytest

from pipeline.audio import NARROW_HZ
from pipeline.realtime.events import FunctionArgumentsDone, PlayoutStopped, ResponseCreated, TimeoutTriggered
from telephony.leg import Ending
from telephony.state.bus import Bus
from tests.drive.offhook import DESK, PATIENCE_S, a_house, chosen
from tests.drive.tones import a_tone, loudest_hz, samples_of

PATIENT = """
[[route]]
did = "200"
agent = "desk"
hold_after_ms = 600
hold_sound = true
"""
SURROUNDED = """
[[route]]
did = "300"
agent = "desk"
ambience = "cafe.wav"
ambience_db = -35
"""
EMPTY_LINE = """
[[route]]
did = "400"
agent = "waiter"
[agents.waiter]
model = "scripted/empty"
audio.input.turn_detection = { type = "server_vad", idle_timeout_ms = 5000 }
[flows.empty]
greeting = "Hello."
start = "open"
otherwise = ["Sorry?"]
[flows.empty.states.open]
ask = "Are you there?"
"""


async def test_while_an_application_looks_something_up_the_caller_hears_words_and_then_a_sound(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, PATIENT + DESK)) as house:
        call = await house.dial_and_be_greeted("200")
        await call.press("5")
        asked = await house.sees(FunctionArgumentsDone)
        async with asyncio.timeout(PATIENCE_S):
            await call.until(lambda ear, _: len(ear.talks) >= 5 and ear.talks[4].last_ms - ear.talks[4].first_ms >= 300)
        waiting = loudest_hz(call.ear.pcm()[-2 * NARROW_HZ // 4 :], NARROW_HZ)
        record = await house.record()
        item = {"type": "function_call_output", "call_id": asked.call_id, "output": "42"}
        async with house.client() as redis:
            bus = Bus(redis)
            create = {"type": "conversation.item.create", "item": item}
            await bus.publish_command(record.call_id, msgspec.json.encode(create))
            await bus.publish_command(record.call_id, b'{"type": "response.create"}')
        answer = await house.sees(ResponseCreated)
        await house.sees(PlayoutStopped, lambda event: event.response_id == answer.response.id)

    assert waiting == 390


async def test_a_route_may_have_a_room_around_its_agent(tmp_path: Path) -> None:
    settings = chosen(tmp_path, SURROUNDED + DESK)
    with wave.open(str(tmp_path / "cafe.wav"), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(48_000)
        wav.writeframes(samples_of(a_tone(440, 2_000, rate_hz=48_000)).astype("<i2").repeat(2).tobytes())
    async with a_house(settings) as house:
        call = await house.dial("300")
        async with asyncio.timeout(PATIENCE_S):
            await call.until(lambda ear, _: len(ear.arrivals_ns) >= 250)
        heard = call.ear.pcm()[-NARROW_HZ:]

    assert loudest_hz(heard, NARROW_HZ) == 440


@pytest.mark.slow
async def test_a_line_on_which_nobody_speaks_is_asked_twice_and_hung_up(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, EMPTY_LINE + DESK)) as house:
        call = await house.dial("400")
        async with asyncio.timeout(60):
            end = await call.ended
        await house.service.switchboard.settled()
        record = await house.record()
        events = [house.seen.get_nowait()[1] for _ in range(house.seen.qsize())]
        silences = sum(isinstance(event, TimeoutTriggered) for event in events)

    assert (end.by, record.ending, silences) == ("far", Ending("us", "caller_silent", 200), 3)
