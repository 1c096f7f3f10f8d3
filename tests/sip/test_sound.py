"""A leg's audio on a real call: nothing is lost or counted twice, and one leg's fault stays its own."""

import asyncio

import numpy as np
import pytest

from telephony.leg import Answered, Ending
from telephony.sip.leg import SipLeg
from tests.drive.exchange import an_office, answers
from tests.drive.party import both_end
from tests.drive.tones import a_tone, loudest_hz


@pytest.mark.parametrize("chunk_bytes", [1, 333, 960, 100_001])
async def test_chunks_of_any_length_are_played_to_the_end(chunk_bytes: int) -> None:
    speech = a_tone(500, 600)
    async with an_office() as office:
        caller, callee = await office.a_call()
        for start in range(0, len(speech), chunk_bytes):
            caller.leg.audio.play(speech[start : start + chunk_bytes])
        await caller.until(lambda: caller.leg.audio.queued_ms == 0)
        played_ms = caller.leg.audio.played_ms
        await callee.hears_sound()

    assert played_ms == 600


async def test_more_than_the_ring_holds_waits_its_turn() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        caller.leg.audio.play(a_tone(500, 60_000))
        queued_at_first = caller.leg.audio.queued_ms + caller.leg.audio.played_ms
        await callee.hears_sound()
        heard = await callee.hears(3_000)

    assert 59_980 <= queued_at_first <= 60_001
    assert loudest_hz(heard[-96_000:]) == 500


async def test_played_queued_and_flushed_add_up() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        caller.leg.audio.play(a_tone(500, 5_000))
        await callee.hears_sound()
        await callee.hears(300)
        flushed_ms = caller.leg.audio.flush()
        after = caller.leg.audio.queued_ms
        played_ms = caller.leg.audio.played_ms
        await caller.hears(200)
        later_ms = caller.leg.audio.played_ms

    assert (after, later_ms) == (0, played_ms)
    assert flushed_ms + played_ms in {5_000, 5_001}


async def test_silence_follows_a_flush_within_two_frames_of_what_has_left() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        caller.leg.audio.play(a_tone(500, 5_000))
        await callee.hears_sound()
        start = len(callee.heard)
        await callee.hears(200)
        caller.leg.audio.flush()
        left_ms = caller.leg.audio.played_ms
        await callee.until(lambda: not any(callee.heard[-4_800:]))
        loud = np.flatnonzero(np.frombuffer(bytes(callee.heard), "<i2").astype(int))
        sounding_ms = (int(loud[-1]) - int(loud[0])) // 24

    assert start > 0
    assert sounding_ms <= left_ms + 40


async def test_what_was_paused_goes_on_until_all_of_it_is_played() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        caller.leg.audio.play(a_tone(500, 2_000))
        await callee.hears_sound()
        await callee.hears(300)
        caller.leg.audio.pause()
        await callee.until(lambda: not any(callee.heard[-9_600:]))
        stood_ms = caller.leg.audio.played_ms
        await callee.hears(200)
        still_ms = caller.leg.audio.played_ms
        caller.leg.audio.resume()
        await callee.hears_sound()
        heard = await callee.hears(500)
        await caller.until(lambda: caller.leg.audio.queued_ms == 0)
        played_ms = caller.leg.audio.played_ms

    assert (still_ms, played_ms) == (stood_ms, 2_000)
    assert loudest_hz(heard) == 500


async def test_what_is_said_before_the_answer_is_heard_after_it() -> None:
    async with an_office() as office:
        caller = await office.dials()
        caller.leg.audio.play(a_tone(800, 1_000))
        callee = await office.arrivals.get()
        await callee.hears_sound()
        heard = await callee.hears(500)

    assert loudest_hz(heard) == 800


async def test_speaking_into_an_ended_leg_does_nothing() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        caller.leg.audio.play(a_tone(500, 200))
        await caller.until(lambda: caller.leg.audio.queued_ms == 0)
        caller.leg.hang_up()
        await both_end(caller, callee)
        sound = caller.leg.audio
        sound.play(a_tone(500, 100))
        left = (sound.read(), sound.queued_ms, sound.flush(), sound.read_record(), sound.played_ms)

    assert left == ([], 0, 0, b"", 200)


async def test_a_recording_holds_both_sides_of_the_same_time() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        callee.leg.audio.set_recording(True)
        caller.leg.audio.play(a_tone(500, 3_000))
        callee.leg.audio.play(a_tone(900, 3_000))
        await asyncio.gather(caller.hears_sound(), callee.hears_sound())
        callee.leg.audio.read_record()
        recorded = b""
        while len(recorded) < 8_000 * 4:
            await callee.hears(20)
            recorded += callee.leg.audio.read_record()

    stereo = np.frombuffer(recorded, "<i2").reshape(-1, 2)[:8_000]
    left, right = stereo[:, 0].tobytes(), stereo[:, 1].tobytes()
    assert (loudest_hz(left, 8_000), loudest_hz(right, 8_000)) == (500, 900)


async def test_a_fault_in_one_legs_audio_ends_that_call_only() -> None:
    async with an_office() as office:
        faulty, faulty_far = await office.a_call()
        sound, _ = await office.a_call()
        faulty.leg.on_audio(_fails)
        endings = await both_end(faulty, faulty_far)
        await sound.hears(100)
        others = sound.ending

    assert (endings, others) == ((Ending("us", "internal_error", 200), Ending("caller", "hung_up", 200)), None)


async def test_a_fault_in_one_legs_listener_ends_that_call_only() -> None:
    async with an_office() as office:
        sound, _ = await office.a_call()
        caller = await office.dials()
        callee = await office.arrivals.get()
        caller.leg.listen(lambda event: _fails() if isinstance(event, Answered) else None)
        ending = await callee.ends()
        others = sound.ending

    assert (ending, others) == (Ending("caller", "hung_up", 200), None)


async def test_a_fault_in_taking_a_call_refuses_that_call_only() -> None:
    faults = iter([True, False])

    def decide(leg: SipLeg) -> None:
        if next(faults):
            _fails()
        answers(leg)

    async with an_office(decide=decide) as office:
        refused = await (await office.dials()).ends()
        await office.arrivals.get()
        caller, _ = await office.a_call()
        others = caller.ending

    assert (refused, others) == (Ending("callee", "no_answer", 480), None)


def _fails() -> None:
    raise RuntimeError("planted")
