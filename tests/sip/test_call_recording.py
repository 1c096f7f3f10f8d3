"""A recording is announced, paused for what is secret, and turned on and off by whoever may: real SIP and files."""

import asyncio
import wave
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.realtime.events import OutputTranscriptDone, PlayoutStopped
from telephony.leg import Ending
from telephony.settings import MediaSettings
from telephony.state.bus import Bus
from telephony.state.record import CallRecord
from telephony.wire.call import Call
from tests.drive.disk import is_open, room_for
from tests.drive.offhook import PATIENCE_S, House, a_house, chosen, line_open
from tests.drive.web import address, http, until

ENOUGH_BYTES = 100_000
"""Those of three seconds: more than anything else writes meanwhile."""

CARDS = """
[[route]]
did = "100"
agent = "desk"
allow = ["recording"]
record_notice = "This call is recorded."
[[route]]
did = "200"
agent = "desk"
record = false
[agents.desk]
model = "scripted/desk"
[flows.desk]
start = "open"
greeting = "Hello."
otherwise = ["Sorry?"]
[flows.desk.states.open]
[[flows.desk.when]]
digits = "1"
reply = "Your card number, please."
call = { name = "set_recording", arguments = { state = "paused" } }
[[flows.desk.when]]
digits = "4111"
reply = "Four one one one."
[[flows.desk.when]]
digits = "2"
reply = "Thank you."
call = { name = "set_recording", arguments = { state = "on" } }
[[flows.desk.when]]
says = ["when do you open"]
reply = "At nine in the morning."
"""


async def presses(house: House, call: Call, keys: str, reply: str) -> None:
    """The caller presses these keys and hears this reply to its end."""
    for key in keys:
        await call.press(key)
    await house.sees(OutputTranscriptDone, lambda event: event.transcript.strip() == reply)
    await house.sees(PlayoutStopped)


async def hang_up(house: House, call: Call) -> tuple[CallRecord, str]:
    """The caller does; the call's record and its events, as Redis keeps them."""
    await call.hang_up()
    await house.service.switchboard.settled()
    record = await house.record()
    async with house.client() as redis:
        return record, repr(await Bus(redis).past_events(record.call_id))


def recorded(path: Path) -> NDArray[np.float64]:
    """Both sides, in their samples."""
    with wave.open(str(path)) as wav:
        return np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2").reshape(-1, 2).astype(float)


async def test_what_is_told_in_a_pause_is_written_nowhere(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    async with a_house(chosen(tmp_path, CARDS, media=MediaSettings(recordings_dir=recordings))) as house:
        call, question = await house.dial_and_be_greeted(), await house.speech("when do you open")
        await presses(house, call, "1#", "Your card number, please.")
        await presses(house, call, "4111#", "Four one one one.")
        await house.hears(call, "when do you open")
        await house.sees(PlayoutStopped)
        await presses(house, call, "2#", "Thank you.")
        await house.hears(call, "when do you open")
        await house.sees(PlayoutStopped)
        record, kept = await hang_up(house, call)

    sound = recorded(Path(record.recording))
    lines = [msgspec.json.decode(line) for line in Path(record.recording).with_suffix(".jsonl").open()]
    texts = [line["text"] for line in lines]
    caller_s = len(np.unique(np.flatnonzero(np.abs(sound[:, 0]) > 1_000) // 800)) / 10
    assert ("4111" in "".join(texts), texts.count("when do you open")) == (False, 1)
    assert ("4111" in kept, "Four one" in kept, kept.count("when do you open") > 0) == (False, False, True)
    assert 0.3 < caller_s < 1.5 * question.duration_ms / 1_000  # said twice, once in the pause


async def test_what_is_told_in_a_pause_is_kept_nowhere_where_nothing_is_recorded_either(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, CARDS)) as house:
        call = await house.dial_and_be_greeted()
        await presses(house, call, "1#", "Your card number, please.")
        await presses(house, call, "4111#", "Four one one one.")
        await presses(house, call, "2#", "Thank you.")
        await house.hears(call, "when do you open")
        await house.sees(PlayoutStopped)
        _, kept = await hang_up(house, call)

    assert ("4111" in kept, "Four one" in kept, "when do you open" in kept) == (False, False, True)


async def test_an_application_begins_a_recording_and_leaves_it_off_again(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    settings = chosen(tmp_path, CARDS, media=MediaSettings(recordings_dir=recordings))
    async with a_house(settings) as house, http(address(house)) as client:
        call = await house.dial_and_be_greeted("200")
        path = f"/v1/calls/{(await house.record()).call_id}/recording"
        begun = await client.post(path, json={"state": "on"})
        await house.hears(call, "when do you open")
        await house.sees(PlayoutStopped)
        await client.post(path, json={"state": "off"})
        await presses(house, call, "4111#", "Four one one one.")
        await call.hang_up()
        await house.service.switchboard.settled()
        record = await house.record()

    lines = [msgspec.json.decode(line)["text"] for line in Path(record.recording).with_suffix(".jsonl").open()]
    assert (begun.status_code, lines) == (200, ["when do you open", "At nine in the morning."])


async def test_who_has_nowhere_to_record_to_is_told(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, CARDS)) as house, http(address(house)) as client:
        call = await house.dial()
        await line_open(call)
        path = f"/v1/calls/{(await house.record()).call_id}/recording"
        refused = await client.post(path, json={"state": "on"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "recording_not_kept")


async def test_a_recording_for_which_there_is_no_room_is_closed_and_told_and_the_call_goes_on(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    settings = chosen(tmp_path, CARDS, media=MediaSettings(recordings_dir=recordings))
    async with a_house(settings) as house, http(address(house)) as client:
        call = await house.dial_and_be_greeted()
        call_id = (await house.record()).call_id
        path = recordings / f"{call_id}.wav"
        async with asyncio.timeout(PATIENCE_S):
            while not is_open(path):
                await call.until(lambda *_: True)
            with room_for(path.stat().st_size + ENOUGH_BYTES):
                while is_open(path):
                    await call.until(lambda *_: True)
        await house.hears(call, "when do you open")
        await house.sees(OutputTranscriptDone)
        await call.hang_up()
        await house.service.switchboard.settled()
        record = await house.record()
        shown = await until(client, f"/v1/calls/{call_id}", lambda told: told["state"] == "ended")
        file = await client.get(f"/v1/calls/{call_id}/recording")
        lost = house.service.counters.snapshot().get("recordings_lost")

    lines = [msgspec.json.decode(line)["text"] for line in path.with_suffix(".jsonl").open()]
    assert lines[-2:] == ["when do you open", "At nine in the morning."]
    assert (record.ending, file.status_code) == (Ending("caller", "hung_up", 200), 404)
    assert (record.recording, shown["recorded"], lost) == ("", False, 1)
    assert len(recorded(path)) > 0
