"""Callers are handed over, and come back when nobody takes them: real SIP, RTP, speech and Redis."""

import asyncio
import contextlib
import wave
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest

from pipeline.realtime.events import ItemDone, OutputTranscriptDone
from pipeline.realtime.items import FunctionOutputItem
from telephony.leg import Ending
from telephony.settings import MediaSettings
from telephony.state.record import CallRecord
from telephony.wire.arrival import Arrival
from telephony.wire.call import Call
from telephony.wire.message import Request, value
from telephony.wire.phone import Phone
from telephony.wire.speech import speech_of
from tests.drive.offhook import House, a_house, chosen
from tests.drive.tones import a_tone, loudest_hz, tone_and_noise
from tests.drive.web import address, http, until

NARROW_HZ = 8_000
SECOND_BYTES = 2 * NARROW_HZ
MUSIC_HZ = 700
PATIENCE_S = 20
SUMMARY = "She wants to buy a piano."
OFFICE = """
[[route]]
did = "100"
agent = "desk"
allow = ["transfer"]
transfer_targets = {{ staff = "{staff}" }}
transfer = {{ how = "{how}", ring_s = 3, headers = {headers}{more} }}
hold_music = "music.wav"
[agents.desk]
model = "scripted/desk"
[flows.desk]
start = "open"
greeting = "Hello."
otherwise = ["Sorry?"]
[flows.desk.states.open]
[[flows.desk.when]]
digits = "0"
reply = "One moment."
[flows.desk.when.call]
name = "transfer"
arguments = {{ target = "staff", summary = "{summary}" }}
failed = "Nobody is there."
"""


@dataclass
class Desk:
    """A house whose agent hands callers over to a member of its staff."""

    house: House
    staff: Phone

    async def caller(
        self, refers: tuple[int, int] = (405, 0), fields: tuple[tuple[str, str], ...] = (("X-Tenant", "acme"),)
    ) -> Call:
        """Somebody who has asked for the staff, and answers REFER like this."""
        call = await (await self.house.phone.dial(self.house.uri(), fields=fields)).answered()
        call.refers = refers
        await self.house.sees(OutputTranscriptDone)
        await call.press("0")
        return call

    async def rings(self) -> Arrival:
        async with asyncio.timeout(PATIENCE_S):
            return await self.staff.rings()

    async def told(self) -> str:
        """What the agent is told of the transfer."""
        done = await self.house.sees(ItemDone, lambda event: isinstance(event.item, FunctionOutputItem))
        assert isinstance(done.item, FunctionOutputItem)
        return done.item.output

    async def comes_back(self, call: Call) -> str:
        """The caller is with the agent again, who knows this."""
        told = await self.told()
        words = await self.house.sees(OutputTranscriptDone)
        assert (words.transcript, call.ended.done()) == ("Nobody is there.", False)
        return told

    async def is_over(self) -> CallRecord:
        """The caller's call, when it and every other has ended."""
        await self.house.service.switchboard.settled()
        async with asyncio.timeout(PATIENCE_S):
            while any(record.is_live for record in await self.house.records(1)):
                pass
        return await self.caller_record()

    async def caller_record(self) -> CallRecord:
        return next(record for record in await self.house.records(1) if not record.transferred_from)


@contextlib.asynccontextmanager
async def a_desk(
    tmp_path: Path, how: str, headers: Sequence[str] = ("X-Tenant",), more: str = ""
) -> AsyncIterator[Desk]:
    with wave.open(str(tmp_path / "music.wav"), "wb") as music:
        music.setparams((1, 2, NARROW_HZ, 0, "NONE", ""))
        music.writeframes(a_tone(MUSIC_HZ, 1_000, rate_hz=NARROW_HZ))
    async with Phone(number="staff", keep_audio=True) as staff:
        plan = OFFICE.format(staff=staff.uri, how=how, headers=[*headers], more=more, summary=SUMMARY)
        kept = MediaSettings(recordings_dir=tmp_path / "recordings")
        async with a_house(chosen(tmp_path, plan, media=kept)) as house:
            yield Desk(house, staff)


def latest(call: Call, ms: int = 250) -> bytes:
    return call.ear.pcm()[-SECOND_BYTES * ms // 1_000 :]


def cleanest_half(pcm: bytes) -> float:
    """How pure the music is where it does not begin anew, in dB."""
    halves = pcm[: len(pcm) // 2], pcm[len(pcm) // 2 :]
    return max(tone_and_noise(half, MUSIC_HZ, NARROW_HZ)[1] for half in halves)


async def hears(call: Call, hz: float) -> None:
    """The far end sends a tone of this pitch, and little else."""
    async with asyncio.timeout(PATIENCE_S):
        await call.until(lambda ear, _: len(ear.payloads) > 12 and tone_and_noise(latest(call), hz, NARROW_HZ)[1] > 20)


async def talk(caller: Call, callee: Call) -> tuple[float, float]:
    """Each sends a tone of its own: what each hears."""
    for call, hz in ((caller, 440), (callee, 1_000)):
        call.say(speech_of(a_tone(hz, 8_000, rate_hz=NARROW_HZ)))
    await asyncio.gather(hears(caller, 1_000), hears(callee, 440))
    return loudest_hz(latest(caller), NARROW_HZ), loudest_hz(latest(callee), NARROW_HZ)


async def is_let_go(call: Call) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await call.ended


def shown(request: Request) -> tuple[str, str]:
    """The summary and the tenant, as whoever takes the caller is shown them."""
    return value(request, "x-offhook-summary"), value(request, "x-tenant")


async def test_a_far_end_that_can_calls_the_target_itself(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "refer") as desk:
        call = await desk.caller((202, 200))
        await is_let_go(call)
        record = await desk.is_over()

    assert call.referral is not None
    assert (call.referred_to, shown(call.referral)) == (desk.staff.uri, (SUMMARY, "acme"))
    assert value(call.referral, "x-offhook-call-id") == record.call_id
    assert (record.transfer_target, record.transfer_summary) == (desk.staff.uri, SUMMARY)
    assert record.ending == Ending("us", "transferred", 200)


@pytest.mark.parametrize(
    ("code", "reason"), [(486, "busy"), (408, "no answer"), (404, "not found"), (603, "declined"), (500, "failed")]
)
async def test_who_the_far_end_could_not_reach_brings_the_caller_back(tmp_path: Path, code: int, reason: str) -> None:
    async with a_desk(tmp_path, "refer") as desk:
        call = await desk.caller((202, code))
        told = await desk.comes_back(call)
        await call.hang_up()
        record = await desk.is_over()

    assert told == f'{{"error": "the transfer failed: {reason} (SIP code {code})"}}'
    assert record.ending == Ending("caller", "hung_up", 200)


@pytest.mark.parametrize("code", [405, 501, 603])
async def test_where_refer_is_refused_the_target_is_called_and_joined(tmp_path: Path, code: int) -> None:
    async with a_desk(tmp_path, "refer") as desk:
        caller = await desk.caller((code, 0))
        arrival = await desk.rings()
        await hears(caller, MUSIC_HZ)
        callee = arrival.answer()
        heard = await talk(caller, callee)
        await callee.hang_up()
        await is_let_go(caller)
        record = await desk.is_over()

    assert heard == (1_000.0, 440.0)
    assert ("<sip:caller@" in value(arrival.invite, "from"), shown(arrival.invite)) == (True, (SUMMARY, "acme"))
    assert record.ending == Ending("us", "transferred", 200)


async def test_a_target_that_is_busy_brings_the_caller_back(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "bridge") as desk:
        call = await desk.caller()
        (await desk.rings()).reject(486)
        told = await desk.comes_back(call)

    assert ("busy" in told, call.referral) == (True, None)


async def test_a_target_that_does_not_answer_brings_the_caller_back(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "bridge") as desk:
        call = await desk.caller()
        arrival = await desk.rings()
        arrival.ring()
        await hears(call, MUSIC_HZ)
        told = await desk.comes_back(call)
        async with asyncio.timeout(PATIENCE_S):
            await arrival.cancelled.wait()

    assert "no answer" in told


async def test_the_target_hears_first_who_is_coming_and_the_caller_does_not(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "attended") as desk:
        caller = await desk.caller()
        arrival = await desk.rings()
        await hears(caller, MUSIC_HZ)
        callee = arrival.answer()
        await callee.until(lambda ear, now_ms: ear.speaking(now_ms) and now_ms - ear.talks[-1].first_ms > 700)
        purity = cleanest_half(latest(caller, 600))
        heard = await talk(caller, callee)
        whispered = callee.ear.talks[0]
        await caller.hang_up()
        await is_let_go(callee)
        record = await desk.is_over()

    assert purity > 20
    assert whispered.last_ms - whispered.first_ms > 700
    assert heard == (1_000.0, 440.0)
    assert record.ending == Ending("caller", "hung_up", 200)


async def test_two_at_one_place_talk_without_us_where_it_allows_that(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "attended") as desk:
        caller = await desk.caller((202, 200))
        callee = (await desk.rings()).answer()
        await asyncio.gather(is_let_go(caller), is_let_go(callee))
        record = await desk.is_over()

    assert caller.referral is not None
    refer_to = unquote(value(caller.referral, "refer-to"))
    assert callee.ear.talks[0].last_ms - callee.ear.talks[0].first_ms > 700
    assert refer_to.endswith(f"?Require=replaces&Replaces={callee.dialog.replaces_from_afar}>")
    assert record.ending == Ending("us", "transferred", 200)


async def test_two_at_one_place_that_cannot_be_joined_there_are_joined_here(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "attended") as desk:
        caller = await desk.caller((202, 503))
        callee = (await desk.rings()).answer()
        heard = await talk(caller, callee)

    assert (caller.referral is not None, heard) == (True, (1_000.0, 440.0))


async def test_a_route_may_keep_them_here(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "attended", more=", replaces = false") as desk:
        caller = await desk.caller((202, 200))
        callee = (await desk.rings()).answer()
        heard = await talk(caller, callee)

    assert (caller.referral, heard) == (None, (1_000.0, 440.0))


async def test_a_target_that_hangs_up_on_the_summary_brings_the_caller_back(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "attended") as desk:
        call = await desk.caller()
        callee = (await desk.rings()).answer()
        await callee.until(lambda ear, now_ms: ear.speaking(now_ms))
        await callee.hang_up()
        told = await desk.comes_back(call)

    assert "declined" in told


@pytest.mark.parametrize("how", ["bridge", "attended"])
async def test_a_caller_who_hangs_up_takes_the_transfer_along(tmp_path: Path, how: str) -> None:
    async with a_desk(tmp_path, how) as desk:
        call = await desk.caller()
        arrival = await desk.rings()
        arrival.ring()
        await call.hang_up()
        async with asyncio.timeout(PATIENCE_S):
            await arrival.cancelled.wait()
        record = await desk.is_over()

    assert record.ending == Ending("caller", "hung_up", 200)


async def test_a_caller_who_hangs_up_while_the_target_hears_the_summary_leaves_nothing_behind(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "attended") as desk:
        call = await desk.caller()
        callee = (await desk.rings()).answer()
        await callee.until(lambda ear, now_ms: ear.speaking(now_ms))
        await call.hang_up()
        await is_let_go(callee)
        record = await desk.is_over()
    left = asyncio.all_tasks() - {asyncio.current_task()}

    assert (record.ending, left) == (Ending("caller", "hung_up", 200), set())


async def test_who_is_joined_is_not_talked_into_by_the_agent(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "bridge") as desk:
        caller = await desk.caller()
        callee = (await desk.rings()).answer()
        await talk(caller, callee)
        caller.hush()
        callee.hush()
        question = await desk.house.speech("when do you open")
        await caller.say(question)
        said_ms = asyncio.get_running_loop().time() * 1_000
        async with asyncio.timeout(PATIENCE_S):
            await callee.until(lambda ear, now_ms: ear.silent_ms(now_ms, said_ms) > 1_500)
        await callee.hang_up()
        await desk.is_over()
        while not desk.house.seen.empty():
            desk.house.events.append(desk.house.seen.get_nowait())

    said = [event.transcript for _, event in desk.house.events if isinstance(event, OutputTranscriptDone)]
    assert said == ["Hello.", "One moment."]


async def test_an_application_hands_over_and_says_why(tmp_path: Path) -> None:
    async with a_desk(tmp_path, "bridge") as desk, http(address(desk.house)) as client:
        caller = await desk.house.dial()
        await desk.house.sees(OutputTranscriptDone)
        call_id = (await desk.house.record()).call_id
        wish = {"target_uri": desk.staff.uri, "summary": "He has paid."}
        answers = [await client.post(f"/v1/realtime/calls/{call_id}/refer", json=wish) for _ in range(2)]
        arrival = await desk.rings()
        heard = await talk(caller, arrival.answer())
        told = await until(client, f"/v1/calls/{call_id}", lambda call: bool(call["transfer_target"]))

    assert ([answer.status_code for answer in answers], heard) == ([200, 400], (1_000.0, 440.0))
    assert (told["transfer_summary"], shown(arrival.invite)[0]) == ("He has paid.", "He has paid.")
