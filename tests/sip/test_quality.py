"""How a real call is heard: figures at its end, and the alarm when audio goes one way."""

import asyncio

import structlog

from telephony.leg import Answered
from telephony.sip.dialog import Measured
from tests.drive.exchange import an_office
from tests.drive.party import both_end
from tests.drive.raw_sip import RawCall, RawSip, sdp


async def test_a_call_on_loopback_is_heard_as_well_as_can_be() -> None:
    measured: list[tuple[str | None, Measured]] = []
    async with an_office(on_measured=lambda trunk, told: measured.append((trunk, told))) as office:
        caller, callee = await office.a_call()
        await asyncio.gather(caller.hears(1_500), callee.hears(1_500))
        caller.leg.hang_up()
        await both_end(caller, callee)

    assert [(trunk, told.one_way) for trunk, told in measured] == [(None, "")] * 2
    assert all(told.heard.received > 50 and told.heard.sent > 50 and told.heard.mos > 4 for _, told in measured)


async def test_a_caller_who_sends_nothing_is_told_after_some_seconds() -> None:
    measured: list[Measured] = []
    with structlog.testing.capture_logs() as log:
        async with (
            RawSip() as mute,
            an_office(rtp_timeout_s=7, on_measured=lambda _, told: measured.append(told)) as office,
        ):
            await RawCall(mute, office.endpoint.port("udp")).asks("INVITE", sdp(9))
            party = await office.arrivals.get()
            await party.sees(Answered)
            ending = await party.ends()

    alarms = [entry["who_hears_nobody"] for entry in log if entry["event"] == "one_way_audio"]
    assert (ending.reason, alarms, [told.one_way for told in measured]) == ("media_timeout", ["us"], ["us"])
