"""People call the service: real SIP, real speech over G.711, the embedded engines, a private Redis."""

import asyncio
import wave
from pathlib import Path

import msgspec
import numpy as np
import pytest
import structlog

from pipeline.realtime.events import (
    DtmfReceived,
    FunctionArgumentsDone,
    ItemDone,
    ItemTruncated,
    PlayoutStopped,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
)
from pipeline.realtime.items import FunctionOutputItem
from telephony.dialplan import DialplanError
from telephony.leg import Ending
from telephony.settings import MediaSettings, Secret
from telephony.state.bus import Bus
from telephony.vendor_table import Vendor
from telephony.wire.dialling import RefusedError
from tests.drive.offhook import DESK, a_house, agent_audible, chosen, silence_after_speech

VENDOR = """
[[route]]
did = "200"
agent = "vendor"
[agents.vendor]
model = "openai/any"
[agents.vendor.audio.input.transcription]
prompt = "good morning"
"""


async def test_a_caller_asks_is_answered_and_says_goodbye(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house:
        call = await house.dial_and_be_greeted()
        heard = await house.hears(call, "when do you open")
        await house.sees(PlayoutStopped)
        farewell = await house.hears(call, "that is all goodbye")
        end = await call.ended
        await house.service.switchboard.settled()
        record = await house.record()

    assert (heard, farewell, end.by) == ("when do you open", "that is all goodbye", "far")
    assert (record.state, record.agent, record.ending) == ("ended", "desk", Ending("us", "agent_hung_up", 200))


async def test_the_agent_yields_when_the_caller_speaks(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house:
        call = await house.dial_and_be_greeted()
        question = await house.speech("when do you open")
        await house.hears(call, "tell me everything")
        await agent_audible(call, ms=1_500)
        await call.say(question)
        cut = await house.sees(ItemTruncated)
        await silence_after_speech(call)
        talk = call.ear.talks[-2]

    assert 1_000 < cut.audio_end_ms < 3_500
    assert talk.last_ms - talk.first_ms < 3_500


async def test_a_key_reaches_the_session(tmp_path: Path) -> None:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as log:
        async with a_house(chosen(tmp_path)) as house:
            call = await house.dial_and_be_greeted()
            await call.press("7")
            pressed = await house.sees(DtmfReceived)
            call_id = (await house.record()).call_id

    assert pressed.event == "7"
    assert [line.get("call_id") for line in log if line["event"] == "digit_pressed"] == [call_id]


async def test_the_agent_hands_the_caller_over(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house:
        call = await house.dial_and_be_greeted()
        await call.press("0")
        async with asyncio.timeout(15):
            await call.ended
        await house.service.switchboard.settled()
        record = await house.record()

    assert call.referred_to == "sip:staff@127.0.0.1"
    assert record.ending is not None
    assert record.ending.reason == "transferred"


async def test_an_application_answers_a_function_call_over_redis(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house:
        call = await house.dial_and_be_greeted()
        await call.press("5")
        asked = await house.sees(FunctionArgumentsDone)
        await house.sees(ResponseDone)
        record = await house.record()
        item = {"type": "function_call_output", "call_id": asked.call_id, "output": "42"}
        async with house.client() as redis:
            bus = Bus(redis)
            create = {"type": "conversation.item.create", "item": item}
            await bus.publish_command(record.call_id, msgspec.json.encode(create))
            await bus.publish_command(record.call_id, b'{"type": "response.create"}')
        done = await house.sees(ItemDone, lambda event: isinstance(event.item, FunctionOutputItem))
        await house.sees(ResponseCreated)
        still_up = not call.ended.done()

    assert msgspec.to_builtins(done.item)["output"] == "42"
    assert still_up


async def test_both_sides_are_recorded_with_what_was_said(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    async with a_house(chosen(tmp_path, media=MediaSettings(recordings_dir=recordings))) as house:
        call = await house.dial_and_be_greeted()
        await house.hears(call, "when do you open")
        await house.sees(PlayoutStopped)
        await call.hang_up()
        await house.service.switchboard.settled()
        record = await house.record()

    with wave.open(record.recording) as wav:
        stereo = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2").reshape(-1, 2).astype(float)
    blocks = stereo[: len(stereo) // 800 * 800].reshape(-1, 800, 2)
    loud = np.abs(blocks).max(axis=1) > 1_000
    lines = [msgspec.json.decode(line) for line in Path(record.recording).with_suffix(".jsonl").open()]
    assert loud[:, 0].any()
    assert loud[:, 1].any()
    assert not (loud[:, 0] & loud[:, 1]).any()
    assert [(line["who"], line["text"]) for line in lines] == [
        ("agent", "Hello."),
        ("caller", "when do you open"),
        ("agent", "At nine in the morning."),
    ]
    began_ms = [line["at_ms"] for line in lines]
    assert (began_ms, ["heard_ms" in line for line in lines]) == (sorted(began_ms), [False, False, False])


async def test_a_fault_in_one_call_ends_that_call_only(tmp_path: Path) -> None:
    victims: list[str] = []

    def trip(call_id: str, event: ServerEvent) -> None:
        if not victims and isinstance(event, DtmfReceived):
            victims.append(call_id)
            raise RuntimeError("a fault of ours")

    async with a_house(chosen(tmp_path), trip) as house:
        first, second = await house.dial_and_be_greeted(), await house.dial_and_be_greeted()
        await first.press("7")
        end = await first.ended
        heard = await house.hears(second, "when do you open")
        records = {record.call_id: record for record in await house.records(2)}

    assert end.by == "far"
    assert heard == "when do you open"
    assert records[victims[0]].ending == Ending("us", "internal_error", 200)
    assert sum(record.is_live for record in records.values()) == 1


@pytest.mark.parametrize(("number", "sip_code"), [("603", 603), ("999", 404)])
async def test_a_call_that_no_agent_takes_is_refused(tmp_path: Path, number: str, sip_code: int) -> None:
    async with a_house(chosen(tmp_path)) as house:
        with pytest.raises(RefusedError) as refused:
            await house.dial(number)
        await house.service.switchboard.settled()

    assert refused.value.sip_code == sip_code


async def test_a_call_has_a_longest_time(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house:
        call = await house.dial("1")
        end = await call.ended
        await house.service.switchboard.settled()
        record = await house.record()

    assert end.by == "far"
    assert record.ending == Ending("us", "max_duration", 200)


async def test_a_model_that_cannot_be_reached_is_apologised_for_and_never_silent(tmp_path: Path) -> None:
    nobody = {"openai": Vendor(base_url="http://127.0.0.1:9/v1", api_key=Secret("none"))}
    async with a_house(chosen(tmp_path, VENDOR + DESK, vendors=nobody)) as house:
        call = await house.dial("200")
        await silence_after_speech(call)
        failed = await house.sees(ResponseDone)
        talks = [talk.last_ms - talk.first_ms for talk in call.ear.talks]

    assert failed.response.status == "failed"
    assert sum(talks) > 1_500


async def test_redis_dies_in_mid_call_and_learns_the_end_when_it_is_back(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house:
        call = await house.dial_and_be_greeted()
        house.kill_redis()
        heard = await house.hears(call, "when do you open")
        await call.hang_up()
        await house.service.switchboard.settled()
        record = await house.record()

    assert heard == "when do you open"
    assert (record.state, record.ending) == ("ended", Ending("caller", "hung_up", 200))


async def test_a_dialplan_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = chosen(tmp_path)
    settings.dialplan.unlink()

    with pytest.raises(DialplanError, match=str(settings.dialplan)):
        async with a_house(settings):
            pass
