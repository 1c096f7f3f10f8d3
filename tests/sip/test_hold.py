"""A call is put on hold and taken back, over real SIP and RTP on loopback: each party has its own tone."""

import asyncio

import pytest

from telephony.far_end import FarEnd
from telephony.leg import Ambience, Answered, Ending, Held, LegEvent, Waiting
from telephony.wire.phone import Phone
from tests.drive.exchange import Office, an_office
from tests.drive.party import Party, both_end
from tests.drive.raw_sip import RawCall, RawSip, response_to, sdp
from tests.drive.tones import a_tone, cleanest, loudest_hz

DIRECTIONS = ("a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive")


async def held(party: Party, on: bool) -> None:
    await party.until(lambda: Held(on) in party.events)


async def put_on_hold(office: Office) -> tuple[Party, Party]:
    caller, callee = await office.a_call()
    callee.leg.hold()
    await held(callee, True)
    return caller, callee


async def test_nothing_is_heard_on_hold() -> None:
    async with an_office() as office:
        caller, callee = await put_on_hold(office)
        caller.leg.audio.play(a_tone(440, 1_000))
        callee.leg.audio.play(a_tone(1_000, 1_000))
        await callee.hears(200)
        at_callee = await callee.hears(500)

    assert not any(at_callee)


async def test_both_hear_each_other_again_after_hold() -> None:
    async with an_office() as office:
        caller, callee = await put_on_hold(office)
        callee.leg.resume()
        await held(callee, False)
        caller.leg.audio.play(a_tone(440, 2_000))
        callee.leg.audio.play(a_tone(1_000, 2_000))
        await asyncio.gather(caller.hears_sound(), callee.hears_sound())
        at_caller, at_callee = await asyncio.gather(caller.hears(1_000), callee.hears(1_000))

    assert (loudest_hz(at_caller), loudest_hz(at_callee)) == (1_000, 440)


async def test_a_far_end_that_sends_nothing_while_it_waits_is_not_given_up() -> None:
    async with an_office(rtp_timeout_s=0.6) as office:
        caller, callee = await put_on_hold(office)
        await callee.hears(1_500)

    assert Ending("unknown", "media_timeout", 0) not in (caller.ending, callee.ending)


async def test_the_far_end_is_asked_to_listen_only() -> None:
    async with an_office() as office, RawSip() as far:
        port = office.endpoint.port("udp")
        call = RawCall(far, port)
        far.send(call.request("INVITE", sdp(9)), port)
        await far.answered(call)
        far.send(call.request("ACK"), port)
        callee = await office.arrivals.get()
        await callee.sees(Answered)
        callee.leg.hold()
        offer = await far.gets(lambda message: message.startswith("INVITE"))

    assert "a=sendonly" in offer


async def test_a_call_on_hold_can_be_hung_up() -> None:
    async with an_office() as office:
        caller, callee = await put_on_hold(office)
        caller.leg.hang_up()
        endings = await both_end(caller, callee)

    assert endings == (Ending("us", "agent_hung_up", 200), Ending("caller", "hung_up", 200))


async def test_a_phone_that_is_not_pjsip_is_put_on_hold_and_taken_back() -> None:
    async with an_office() as office, Phone() as phone:
        call = await phone.call(office.uri())
        callee = await office.arrivals.get()
        callee.leg.hold()
        await held(callee, True)
        callee.leg.resume()
        await held(callee, False)
        await call.hang_up()
        ending = await callee.ends()

    assert ending == Ending("caller", "hung_up", 200)


async def test_a_caller_who_puts_us_on_hold_is_told_so_and_answered_rightly() -> None:
    async with an_office() as office, RawSip() as far:
        call = RawCall(far, office.endpoint.port("udp"))
        await call.asks("INVITE", sdp(9))
        callee = await office.arrivals.get()
        await callee.sees(Answered)
        for direction, waits in (("sendonly", True), ("sendrecv", False), ("inactive", True), ("sendrecv", False)):
            await call.asks("INVITE", sdp(9, direction=direction).replace("o=- 1 1", f"o=- 1 {call.sequence + 2}"))
            await callee.until(lambda waits=waits: callee.events[-1] == Waiting(waits))  # type: ignore[misc]
        answers = [message for message in far.received if message.startswith("SIP/2.0 200") and "m=audio" in message]

    agreed = [next(line for line in answer.split("\r\n") if line in DIRECTIONS) for answer in answers]
    assert agreed == ["a=sendrecv", "a=recvonly", "a=sendrecv", "a=inactive", "a=sendrecv"]


async def test_wishes_to_hold_and_to_resume_that_come_together_are_met_one_after_the_other() -> None:
    async with an_office() as office:
        _, callee = await office.a_call()
        far_end = FarEnd(callee.leg)

        def heard_of(event: LegEvent) -> None:
            if isinstance(event, Held):
                far_end.changed(event)

        callee.leg.listen(heard_of)
        agreed = await asyncio.gather(*(far_end.hold(on) for on in (True, False, True, False)))

    assert (agreed, far_end.held) == ([True] * 4, False)


@pytest.mark.parametrize("formats", ["0", "8"])
async def test_a_caller_put_on_hold_while_hearing_music_is_not_lost_when_it_ends(formats: str) -> None:
    async with an_office() as office, RawSip() as far:
        port = office.endpoint.port("udp")
        call = RawCall(far, port)
        await call.asks("INVITE", sdp(9))
        callee = await office.arrivals.get()
        await callee.sees(Answered)
        callee.leg.soothe(Ambience(a_tone(700, 500, rate_hz=8_000)))
        callee.leg.hold()
        asked = await far.gets(lambda message: message.startswith("INVITE"))
        answer = sdp(11, formats, direction="recvonly").replace("o=- 1 1", "o=- 1 2")
        far.send(response_to(asked, "200 OK", answer, far.port), port)
        await far.gets(lambda message: message.startswith("ACK"))
        await callee.sees(Held)
        callee.leg.soothe(None)
        again = await call.asks("INVITE", sdp(9).replace("o=- 1 1", "o=- 1 3"))
        goes_on = callee.ending is None

    assert (again, goes_on) == (200, True)


async def test_of_two_who_talk_one_may_stop_all_sound_and_the_other_change_theirs() -> None:
    async with an_office() as office, RawSip() as far:
        calls, parties = [RawCall(far, office.endpoint.port("udp")) for _ in range(2)], []
        for call in calls:
            await call.asks("INVITE", sdp(9))
            parties.append(await office.arrivals.get())
            await parties[-1].sees(Answered)
        parties[0].leg.join(parties[1].leg)
        await calls[0].asks("INVITE", sdp(9, direction="inactive").replace("o=- 1 1", "o=- 1 2"))
        await parties[0].sees(Waiting)
        changed = await calls[1].asks("INVITE", sdp(11).replace("o=- 1 1", "o=- 1 2"))
        back = await calls[0].asks("INVITE", sdp(9).replace("o=- 1 1", "o=- 1 3"))
        await parties[0].until(lambda: Waiting(False) in parties[0].events)
        go_on = [party.ending for party in parties]

    assert (changed, back, go_on) == (200, 200, [None, None])


async def test_who_waits_hears_music() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        callee.leg.hold(Ambience(a_tone(700, 500, rate_hz=8_000)))
        await held(callee, True)
        await caller.hears_sound()
        waiting = await caller.hears(1_000)
        callee.leg.resume()
        await held(callee, False)
        callee.leg.audio.play(a_tone(1_000, 3_000))
        await caller.until(lambda: loudest_hz(bytes(caller.heard[-9_600:])) == 1_000)
        talking = await caller.hears(1_000)

    assert (loudest_hz(waiting), loudest_hz(talking)) == (700, 1_000)
    assert cleanest(talking, 1_000)[1] > 20  # the music is gone


async def test_who_is_muted_is_not_heard_and_hears() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        callee.leg.mute("agent", True)
        for party, hz in ((caller, 440), (callee, 1_000)):
            party.leg.audio.play(a_tone(hz, 4_000))
        await callee.hears_sound()
        silent, at_callee = await asyncio.gather(caller.hears(500), callee.hears(500))
        callee.leg.mute("agent", False)
        callee.leg.mute("caller", True)
        await caller.hears_sound()
        await callee.until(lambda: not any(callee.heard[-960:]))
        at_caller, deaf = await asyncio.gather(caller.hears(500), callee.hears(500))

    assert (any(silent), loudest_hz(at_callee), loudest_hz(at_caller), any(deaf)) == (False, 440, 1_000, False)
