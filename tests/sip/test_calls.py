"""Calls between two legs of one endpoint, over real SIP and RTP on loopback: each party has its own tone."""

import asyncio
import errno
import gc
import socket
from dataclasses import replace
from typing import Literal

import pytest

from telephony.leg import Answered, CallRefusedError, Ending, LegEnded, Ringing, Waiting
from tests.drive.exchange import LOOPBACK, an_office, rejects, rings
from tests.drive.party import both_end
from tests.drive.tones import a_tone, cleanest, decibels, loudest_hz

FAR_END_LEVEL = 12_000.0


async def test_each_party_hears_the_others_tone() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        caller.leg.audio.play(a_tone(440, 2_000))
        callee.leg.audio.play(a_tone(1_000, 2_000))
        await asyncio.gather(caller.hears_sound(), callee.hears_sound())
        at_caller, at_callee = await asyncio.gather(caller.hears(1_000), callee.hears(1_000))

    assert (loudest_hz(at_caller), loudest_hz(at_callee)) == (1_000, 440)


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
async def test_a_tone_crosses_the_line_clean_and_at_its_level(codec: Literal["PCMU", "PCMA"]) -> None:
    async with an_office(replace(LOOPBACK, codecs=(codec,))) as office:
        caller, callee = await office.a_call()
        caller.leg.audio.play(a_tone(1_004, 3_000, level=FAR_END_LEVEL))
        await callee.hears_sound()
        level, below_db = cleanest(await callee.hears(2_500), 1_004)

    assert below_db > 35
    assert abs(decibels(level, FAR_END_LEVEL)) < 0.3


async def test_a_tone_comes_back_from_the_far_end_clean_and_at_its_level() -> None:
    async with an_office(echo=True) as office:
        caller, _ = await office.a_call()
        caller.leg.audio.play(a_tone(1_004, 4_000, level=FAR_END_LEVEL))
        await caller.hears_sound()
        level, below_db = cleanest(await caller.hears(3_000), 1_004)

    assert below_db > 35
    assert abs(decibels(level, FAR_END_LEVEL)) < 0.3


async def test_who_calls_whom_is_told() -> None:
    async with an_office() as office:
        caller = await office.dials(office.uri("+493023125034"), caller="+494066969011")
        callee = await office.arrivals.get()
        await caller.sees(Answered)
        told = (callee.leg.caller, callee.leg.called, callee.leg.inbound, caller.leg.caller, caller.leg.called)
        one_dialog = callee.leg.sip_call_id == caller.leg.sip_call_id == callee.leg.headers["call-id"]

    assert told == ("+494066969011", "+493023125034", True, "+494066969011", "+493023125034")
    assert one_dialog


async def test_the_caller_hangs_up() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        caller.leg.hang_up("done")
        endings = await both_end(caller, callee)

    assert endings == (Ending("us", "done", 200), Ending("caller", "hung_up", 200))


async def test_the_callee_hangs_up() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        callee.leg.hang_up()
        endings = await both_end(caller, callee)

    assert endings == (Ending("callee", "hung_up", 200), Ending("us", "agent_hung_up", 200))


async def test_the_caller_gives_up_while_it_rings() -> None:
    async with an_office(decide=rings) as office:
        caller = await office.dials()
        callee = await office.arrivals.get()
        await caller.sees(Ringing)
        caller.leg.hang_up("gave_up")
        endings = await both_end(caller, callee)

    assert endings == (Ending("us", "gave_up", 487), Ending("caller", "cancelled", 487))


async def test_an_unanswered_caller_is_hung_up_on() -> None:
    async with an_office(decide=rings) as office:
        caller = await office.dials()
        callee = await office.arrivals.get()
        callee.leg.hang_up("closing")
        endings = await both_end(caller, callee)

    assert endings == (Ending("callee", "no_answer", 480), Ending("us", "closing", 480))


@pytest.mark.parametrize(
    ("sip_code", "reason"), [(403, "refused"), (404, "not_found"), (480, "no_answer"), (486, "busy"), (603, "declined")]
)
async def test_a_refused_caller_learns_why(sip_code: int, reason: str) -> None:
    async with an_office(decide=rejects(sip_code)) as office:
        caller = await office.dials()
        callee = await office.arrivals.get()
        endings = await both_end(caller, callee)

    assert endings == (Ending("callee", reason, sip_code), Ending("us", "rejected", sip_code))


async def test_a_caller_too_many_finds_it_busy() -> None:
    async with an_office(replace(LOOPBACK, max_calls=3)) as office:
        first, _ = await office.a_call()
        second = await office.dials()
        refused = await second.ends()
        still_talking = first.ending is None

    assert (refused.sip_code, still_talking, office.arrivals.empty()) == (503, True, True)


async def test_a_line_is_free_again_after_a_call() -> None:
    async with an_office(replace(LOOPBACK, max_calls=2)) as office:
        for _ in range(3):
            caller, callee = await office.a_call()
            with pytest.raises(CallRefusedError, match="busy"):
                await office.dials()
            caller.leg.hang_up()
            await both_end(caller, callee)
        caller, callee = await office.a_call()

    assert [type(event) for event in callee.events] == [Answered, LegEnded]


async def test_a_call_over_tcp() -> None:
    async with an_office() as office:
        caller = await office.dials(office.uri(transport="tcp"))
        callee = await office.arrivals.get()
        callee.leg.audio.play(a_tone(700, 1_000))
        await caller.hears_sound()
        heard = await caller.hears(500)

    assert ("/TCP" in callee.leg.headers["Via"], loudest_hz(heard)) == (True, 700)


async def test_keys_pressed_by_either_party_arrive_once() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        caller.leg.send_digits("1590*")
        callee.leg.send_digits("#A2")
        await asyncio.gather(
            callee.until(lambda: len(callee.digits) >= 5), caller.until(lambda: len(caller.digits) >= 3)
        )
        caller.leg.hang_up()
        await both_end(caller, callee)

    assert (callee.digits, caller.digits) == ("1590*", "#A2")


async def test_keys_go_on_after_a_hold_and_none_is_lost() -> None:
    keys = "1234567890*#" * 3
    async with an_office() as office:
        caller, callee = await office.a_call()
        caller.leg.send_digits(keys, "rfc4733")
        await callee.until(lambda: len(callee.digits) >= 2)
        callee.leg.hold()
        await caller.until(lambda: Waiting(True) in caller.events)
        callee.leg.resume()
        await callee.until(lambda: len(callee.digits) >= len(keys))
        caller.leg.hang_up()
        await both_end(caller, callee)

    assert callee.digits == keys


async def test_nobody_listens_at_that_address() -> None:
    async with an_office() as office:
        caller = await office.dials("sip:1000@127.0.0.1:9;transport=tcp")
        ending = await caller.ends()

    assert ending == Ending("carrier", "unreachable", 503)


async def test_a_caller_that_is_no_number_is_refused_by_name() -> None:
    async with an_office() as office:
        with pytest.raises(CallRefusedError, match="the caller"):
            await office.dials(caller='a b"<>')
        caller = await office.dials(caller="+493023125034")

    assert caller.leg.caller == "+493023125034"


@pytest.mark.parametrize("target", ["sip:", "sip:1000@nobody.invalid"])
async def test_a_target_that_is_no_address_is_refused_at_once(target: str) -> None:
    async with an_office() as office:
        with pytest.raises(CallRefusedError):
            await office.dials(target)
        lines = office.endpoint.live_legs

    assert lines == 0


async def test_what_is_left_of_a_refused_call_takes_nothing_from_the_next() -> None:
    async with an_office() as office:
        with pytest.raises(CallRefusedError) as refused:
            await office.dials("sip:1000@nobody.invalid")
    async with an_office() as office:
        caller, callee = await office.a_call()
        del refused
        gc.collect()
        caller.leg.hang_up()
        endings = await both_end(caller, callee)

    assert endings == (Ending("us", "agent_hung_up", 200), Ending("caller", "hung_up", 200))


async def test_closing_the_endpoint_ends_every_call() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()

    assert caller.ending == Ending("us", "shutting_down", 200)
    assert callee.ending in {Ending("us", "shutting_down", 200), Ending("caller", "hung_up", 200)}


async def test_a_second_endpoint_is_refused_and_the_first_goes_on() -> None:
    async with an_office() as office:
        with pytest.raises(RuntimeError, match="one SIP endpoint"):
            async with an_office():
                pass
        caller, _ = await office.a_call()
        alive = caller.ending is None

    assert alive


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=rf"UDP on 127\.0\.0\.1:{port}") as refused:
            async with an_office(replace(LOOPBACK, udp_port=port)):
                pass

    assert refused.value.errno == errno.EADDRINUSE
