"""How a real call is heard: figures at its end, and the alarm when audio goes one way."""

import asyncio
import struct

import pytest
import structlog

from telephony.leg import Answered, Held, Moved
from telephony.wire.call import Call
from telephony.wire.phone import Phone
from tests.drive.exchange import an_office
from tests.drive.party import Party
from tests.drive.raw_rtp import RawRtp
from tests.drive.raw_sip import RawCall, RawSip, sdp


async def test_a_call_on_loopback_is_heard_as_well_as_can_be() -> None:
    async with an_office() as office:
        caller, callee = await office.a_call()
        await asyncio.gather(caller.hears(1_500), callee.hears(1_500))
        caller.leg.hang_up()
        measured = [await party.measured() for party in (caller, callee)]

    for told in measured:
        assert told is not None
        assert told.one_way == ""
        assert told.heard.received > 50
        assert told.heard.sent > 50
        assert told.heard.mos > 4


async def test_a_caller_who_sends_nothing_is_told_after_some_seconds() -> None:
    with structlog.testing.capture_logs() as log:
        async with RawSip() as mute, an_office(rtp_timeout_s=7) as office:
            await RawCall(mute, office.endpoint.port("udp")).asks("INVITE", sdp(9))
            party = await office.arrivals.get()
            await party.sees(Answered)
            ending, measured = await party.ends(), await party.measured()

    alarms = [entry["who_hears_nobody"] for entry in log if entry["event"] == "one_way_audio"]
    assert measured is not None
    assert (ending.reason, alarms, measured.one_way) == ("media_timeout", ["us"], "us")


@pytest.mark.slow
async def test_a_far_end_that_reports_to_hear_nobody_is_told_of() -> None:
    with structlog.testing.capture_logs() as log:
        async with RawSip() as caller, an_office() as office:
            await RawCall(caller, office.endpoint.port("udp")).asks("INVITE", sdp(9))
            party = await office.arrivals.get()
            await party.sees(Answered)
            answer = next(message for message in caller.received if message.startswith("SIP/2.0 200"))
            with RawRtp(int(answer.partition("m=audio ")[2].split()[0])) as rtp:
                speaking = asyncio.create_task(rtp.tone(440, 60_000))
                count = 0
                while not any(entry["event"] == "one_way_audio" for entry in log):
                    packet, count = await rtp.hears(), count + 1
                    if count % 50 == 0:
                        newest, _, ssrc = struct.unpack("!HII", packet[2:12])
                        rtp.reports(ssrc, count, newest)
                speaking.cancel()
            party.leg.hang_up()
            measured = await party.measured()

    alarms = [entry["who_hears_nobody"] for entry in log if entry["event"] == "one_way_audio"]
    assert measured is not None
    assert (alarms, measured.one_way, measured.heard.received > 100) == (["far_end"], "far_end", True)


def sent(*calls: Call) -> int:
    """The packets that these far ends have sent."""
    return sum(call.stream.mouth.sent for call in calls if call.stream.mouth is not None)


async def part_received(party: Party, *calls: Call) -> float:
    """The part of all that was sent to us that the figures of the leg's end know of."""
    measured = await party.measured()
    assert measured is not None
    return measured.heard.received / sent(*calls)


@pytest.mark.parametrize("by_us", [True, False])
async def test_the_figures_of_a_call_whose_far_end_has_changed_cover_all_of_it(by_us: bool) -> None:
    async with an_office() as office, Phone() as phone, Phone(number="staff") as staff:
        first = await phone.call(office.uri())
        party = await office.arrivals.get()
        await first.until(lambda *_: sent(first) > 100)
        dialling = await staff.dial(office.uri(), fields=(("Replaces", first.dialog.replaces),))
        second = await dialling.answered()
        await party.sees(Moved)
        await second.until(lambda *_: sent(second) > 50)
        if by_us:
            party.leg.hang_up()
        else:
            await second.hang_up()
        part = await part_received(party, first, second)

    assert 0.8 < part <= 1


async def test_the_figures_of_a_call_that_was_on_hold_cover_what_was_before_and_after() -> None:
    async with an_office() as office, Phone() as phone:
        call = await phone.call(office.uri())
        party = await office.arrivals.get()
        await call.until(lambda *_: sent(call) > 150)
        for on in (True, False):
            (party.leg.hold if on else party.leg.resume)()
            await party.until(lambda on=on: Held(on) in party.events)  # type: ignore[misc]
        again = sent(call)
        await call.until(lambda *_: sent(call) > again + 50)
        await call.hang_up()
        part = await part_received(party, call)

    assert 0.8 < part <= 1
