"""Whom a caller is handed over to has a call of their own, and both are in the recording: real SIP, RTP and files."""

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.realtime.events import DtmfReceived
from telephony.leg import Ending
from telephony.state.record import CallRecord
from telephony.wire.call import Call
from telephony.wire.message import value
from telephony.wire.phone import Phone
from tests.drive.tones import tone_and_noise
from tests.drive.web import address, http
from tests.sip.test_transfer import MUSIC_HZ, PATIENCE_S, Desk, a_desk, hears, is_let_go, talk

NARROW_HZ = 8_000
PIECE = NARROW_HZ * 160 // 1_000


def peak(side: NDArray[np.int16], hz: float) -> float:
    """The tone's level where it is loudest and nothing else is heard."""
    pieces = [side[at : at + PIECE] for at in range(0, len(side) - PIECE, PIECE // 8)]
    heard = [tone_and_noise(piece.tobytes(), hz, NARROW_HZ) for piece in pieces if np.abs(piece).max() > 1_000]
    return max((level for level, purity in heard if purity > 15), default=0)


def recorded(path: str) -> NDArray[np.int16]:
    with wave.open(path) as wav:
        return np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)


async def calls(desk: Desk) -> tuple[CallRecord, CallRecord]:
    """The caller's call and the target's, when both have ended."""
    caller = await desk.is_over()
    (target,) = [record for record in await desk.house.records(2) if record.transferred_from]
    assert (target.transferred_from, caller.transfer_call_id) == (caller.call_id, target.call_id)
    return caller, target


async def target_of(desk: Desk) -> str:
    """The id of the target's call, once the caller's tells it."""
    async with asyncio.timeout(PATIENCE_S):
        while not (call_id := (await desk.caller_record()).transfer_call_id):
            pass
    return call_id


async def sees_key(call: Call, key: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await call.until(lambda ear, _: key in ear.digits)


@pytest.mark.parametrize("how", ["bridge", "attended"])
async def test_a_recording_has_the_caller_on_its_left_and_whom_they_talk_to_on_its_right(
    tmp_path: Path, how: str
) -> None:
    async with a_desk(tmp_path, how) as desk:
        caller = await desk.caller()
        callee = (await desk.rings()).answer()
        await talk(caller, callee)
        await caller.hang_up()
        await is_let_go(callee)
        record, target = await calls(desk)

    sides = recorded(record.recording)
    left, right = sides[:, 0], sides[:, 1]
    assert peak(left, 440) > 1_000
    assert peak(left, 440) == pytest.approx(peak(right, 1_000), rel=0.1)
    assert (record.ending, target.ending) == (Ending("caller", "hung_up", 200), Ending("us", "caller_gone", 200))


async def test_a_targets_call_is_a_call_with_an_ending(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "bridge") as desk:
        caller = await desk.caller()
        callee = (await desk.rings()).answer()
        await talk(caller, callee)
        await callee.hang_up()
        await is_let_go(caller)
        record, target = await calls(desk)
        ended = desk.house.service.counters.snapshot()

    assert (target.direction, target.called, target.caller) == ("outbound", "staff", "caller")
    assert target.answered_at_ms is not None
    assert (target.ending, record.ending) == (Ending("callee", "hung_up", 200), Ending("us", "transferred", 200))
    assert ended['calls_ended{by="callee",reason="hung_up"}'] == 1


@pytest.mark.parametrize(("code", "reason"), [(486, "busy"), (603, "declined"), (404, "not_found")])
async def test_a_target_that_takes_nobody_has_an_ending_too(tmp_path: Path, code: int, reason: str) -> None:
    async with a_desk(tmp_path, "bridge") as desk:
        caller = await desk.caller()
        (await desk.rings()).reject(code)
        await desk.comes_back(caller)
        await caller.hang_up()
        _, target = await calls(desk)

    assert target.ending is not None
    assert (target.ending.by, target.ending.reason, target.ending.sip_code) == ("callee", reason, code)


async def test_a_target_that_hands_its_talk_on_is_told_to_have_done_so(tmp_path: Path) -> None:
    async with (
        a_desk(tmp_path, "bridge", more=', follow = ["colleague"]') as desk,
        Phone(number="colleague", keep_audio=True) as colleague,
    ):
        caller = await desk.caller()
        callee = (await desk.rings()).answer()
        await talk(caller, callee)
        code = await callee.refer(colleague.uri)
        async with asyncio.timeout(PATIENCE_S):
            other = (await colleague.rings()).answer()
        await is_let_go(callee)
        caller.hush()
        heard = await talk(caller, other)
        await caller.hang_up()
        await is_let_go(other)
        record, target = await calls(desk)

    assert (code, heard) == (202, (1_000.0, 440.0))
    assert (target.called, target.far_end, record.far_end) == ("staff", colleague.uri, "")


@pytest.mark.parametrize("how", ["refer", "bridge"])
async def test_as_many_and_as_long_header_fields_as_may_be_named_are_handed_over(tmp_path: Path, how: str) -> None:
    fields = tuple((f"X-{number}-{'N' * 58}", str(number) * 255) for number in range(8))
    async with a_desk(tmp_path, how, [name for name, _ in fields]) as desk:
        caller = await desk.caller((202, 200), fields)
        if how == "refer":
            await is_let_go(caller)
        shown = caller.referral or (await desk.rings()).invite

    assert [value(shown, name.lower()) for name, _ in fields] == [field for _, field in fields]


async def test_a_header_field_that_is_too_long_stays_behind_and_the_caller_is_handed_over(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "bridge", ["X-Long", "X-Tenant"]) as desk:
        await desk.caller(fields=(("X-Long", "y" * 10_000), ("X-Tenant", "acme")))
        invite = (await desk.rings()).invite

    assert (value(invite, "x-long"), value(invite, "x-tenant")) == ("", "acme")


async def test_who_is_joined_may_be_put_on_hold_and_both_talk_again(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "bridge") as desk, http(address(desk.house)) as client:
        caller = await desk.caller()
        callee = (await desk.rings()).answer()
        await talk(caller, callee)
        path = f"/v1/calls/{(await desk.caller_record()).call_id}"
        held = await client.post(f"{path}/hold")
        await hears(caller, MUSIC_HZ)
        resumed = await client.post(f"{path}/resume")
        caller.hush()
        callee.hush()
        heard = await talk(caller, callee)
        alive = caller.ended.done() or callee.ended.done()
        await caller.hang_up()
        await is_let_go(callee)
        record, _ = await calls(desk)

    right = recorded(record.recording)[:, 1]
    assert (held.status_code, resumed.status_code, heard, alive) == (200, 200, (1_000.0, 440.0), False)
    assert peak(right, 1_000) > 1_000


async def test_keys_reach_whom_the_caller_talks_to_and_no_agent(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "bridge") as desk:
        caller = await desk.caller()
        callee = (await desk.rings()).answer()
        await talk(caller, callee)
        caller.hush()
        callee.hush()
        caller.press("7")
        callee.press("9")
        await asyncio.gather(sees_key(callee, "7"), sees_key(caller, "9"))
        await callee.hang_up()
        await is_let_go(caller)
        await desk.is_over()
        while not desk.house.seen.empty():
            desk.house.events.append(desk.house.seen.get_nowait())

    told = [event.event for _, event in desk.house.events if isinstance(event, DtmfReceived)]
    assert told == ["0"]


async def test_an_application_ends_a_joined_talk_by_the_targets_own_call(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "bridge") as desk, http(address(desk.house)) as client:
        caller = await desk.caller()
        callee = (await desk.rings()).answer()
        await talk(caller, callee)
        target_id = await target_of(desk)
        answers = [
            await client.post(f"/v1/calls/{target_id}/{order}", json=body)
            for order, body in (("digits", {"digits": "1"}), ("hold", None), ("recording", {"state": "on"}))
        ]
        ended = await client.post(f"/v1/realtime/calls/{target_id}/hangup")
        await asyncio.gather(is_let_go(callee), is_let_go(caller))
        record, target = await calls(desk)
        over = await client.post(f"/v1/realtime/calls/{target_id}/hangup")

    told = {(answer.status_code, answer.json()["error"]["code"]) for answer in answers}
    assert (told, ended.status_code, over.status_code) == ({(409, "call_has_no_agent")}, 200, 404)
    assert (target.ending, record.ending) == (
        Ending("us", "application_hung_up", 200),
        Ending("us", "transferred", 200),
    )


async def test_a_target_that_an_application_calls_off_brings_the_caller_back(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "bridge") as desk, http(address(desk.house)) as client:
        caller = await desk.caller()
        arrival = await desk.rings()
        arrival.ring()
        target_id = await target_of(desk)
        ended = await client.post(f"/v1/realtime/calls/{target_id}/hangup")
        told = await desk.comes_back(caller)
        async with asyncio.timeout(PATIENCE_S):
            await arrival.cancelled.wait()

    assert (ended.status_code, "application hung up" in told) == (200, True)
