"""How a real call is heard: figures at its end, and the alarm when audio goes one way."""

import asyncio

import structlog

from telephony.leg import Answered
from tests.drive.exchange import an_office
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
