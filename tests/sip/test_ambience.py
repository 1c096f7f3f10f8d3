"""Sound behind the agent on a real call: heard with and without the agent's words, and counted as none of them."""

import asyncio

from pipeline.audio import NARROW_HZ
from telephony.leg import Ambience, Held
from tests.drive.exchange import Office, an_office
from tests.drive.party import Party
from tests.drive.tones import a_tone, loudest_hz, tone_and_noise

SOFT = Ambience(a_tone(600, 2_000, level=1_000, rate_hz=NARROW_HZ))


async def a_surrounded_caller(office: Office) -> tuple[Party, Party]:
    """The one who hears it, and whose agent it surrounds."""
    caller = await office.dials()
    callee = await office.arrivals.get()
    callee.leg.surround(SOFT)
    await caller.hears_sound()
    return caller, callee


async def test_the_far_end_hears_it_again_and_again_and_it_counts_as_nothing_that_was_played() -> None:
    async with an_office() as office:
        caller, callee = await a_surrounded_caller(office)
        await caller.hears(3_000)
        heard = await caller.hears(500)
        played = callee.leg.audio.played_ms, callee.leg.audio.queued_ms

    level, _ = tone_and_noise(heard, 600)
    assert (loudest_hz(heard), played) == (600, (0, 0))
    assert 900 < level < 1_100


async def test_it_goes_on_beneath_the_agents_words() -> None:
    async with an_office() as office:
        caller, callee = await a_surrounded_caller(office)
        callee.leg.audio.play(a_tone(1_000, 2_000))
        await caller.until(lambda: loudest_hz(bytes(caller.heard[-24_000:])) == 1_000)
        heard = await caller.hears(500)
        await callee.until(lambda: callee.leg.audio.queued_ms == 0)
        played_ms = callee.leg.audio.played_ms

    words, softer = tone_and_noise(heard, 1_000)[0], tone_and_noise(heard, 600)[0]
    assert (7_500 < words < 8_500, 900 < softer < 1_100, played_ms) == (True, True, 2_000)


async def test_the_agents_side_of_the_recording_leaves_it_out() -> None:
    async with an_office() as office:
        caller, callee = await a_surrounded_caller(office)
        callee.leg.audio.set_recording(True)
        await caller.hears(500)
        recorded = callee.leg.audio.read_record()

    assert recorded
    assert not any(recorded)


async def test_it_is_silent_on_hold_and_back_after_it() -> None:
    async with an_office() as office:
        caller, callee = await a_surrounded_caller(office)
        callee.leg.hold()
        await callee.until(lambda: Held(True) in callee.events)
        await caller.until(lambda: not any(caller.heard[-9_600:]))
        callee.leg.resume()
        await callee.until(lambda: Held(False) in callee.events)
        await caller.hears_sound()
        await caller.hears(200)
        heard = await caller.hears(500)

    assert loudest_hz(heard) == 600


async def test_calls_share_it_and_one_that_ends_leaves_it_to_the_others() -> None:
    async with an_office() as office:
        first, second = await a_surrounded_caller(office), await a_surrounded_caller(office)
        alone = await office.endpoint.occupancy()
        first[0].leg.hang_up()
        await asyncio.gather(first[0].ends(), first[1].ends())
        await second[0].hears(200)
        heard = await second[0].hears(500)

    assert alone.bridge_ports == 1 + 1 + 2 * 4
    assert loudest_hz(heard) == 600
