"""A call is put on hold and taken back, over real SIP and RTP on loopback: each party has its own tone."""

import asyncio

from telephony.leg import Answered, Ending, Held
from telephony.wire.phone import Phone
from tests.drive.exchange import Office, an_office
from tests.drive.party import Party, both_end
from tests.drive.raw_sip import RawCall, RawSip, sdp
from tests.drive.tones import a_tone, loudest_hz


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
