"""What carriers do in a dialog besides INVITE and BYE: PRACK, UPDATE, session timers, offers that come late."""

import re
from dataclasses import replace

import pytest

from telephony.leg import Answered, Ringing
from telephony.line_settings import Use
from tests.drive.exchange import LOOPBACK, an_office, answers, rings
from tests.drive.raw_sip import RawCall, RawSip, response_to, sdp


async def test_ringing_is_reliable_where_it_has_to_be() -> None:
    async with RawSip() as carrier, an_office(replace(LOOPBACK, reliable_ringing="required"), decide=rings) as office:
        port = office.endpoint.port("udp")
        unable = await RawCall(carrier, port).asks("INVITE", sdp(9))
        call = RawCall(carrier, port)
        call.send("INVITE", sdp(9), extra="Supported: 100rel\r\n")
        await call.answered(least=180)
        ringing = await carrier.gets(lambda message: message.startswith("SIP/2.0 180"))
        number = re.search(r"^RSeq: (\d+)", ringing, re.MULTILINE)
        assert number
        acknowledged = await call.asks("PRACK", extra=f"RAck: {number[1]} 1 INVITE\r\n")
        party = await office.arrivals.get()
        party.leg.answer()
        call.sequence = 1
        answered = await call.answered("INVITE")
        call.send("ACK")
        await party.sees(Answered)

    assert (unable, "Require: 100rel" in ringing, acknowledged, answered) == (421, True, 200, 200)


@pytest.mark.parametrize(("use", "shown"), [("off", []), ("optional", ["Supported"]), ("required", ["Require"])])
async def test_a_session_timer_is_asked_for_as_set(use: Use, shown: list[str]) -> None:
    settings = replace(LOOPBACK, session_timer=use, session_expires_s=600)
    async with RawSip() as carrier, an_office(settings) as office:
        await office.dials(f"sip:1@127.0.0.1:{carrier.port}")
        invite = await carrier.gets(lambda message: message.startswith("INVITE"))

    naming = re.findall(r"^(Supported|Require):[^\r]*\btimer\b", invite, re.MULTILINE)
    assert (sorted(set(naming) & {"Supported", "Require"})[:1], "Session-Expires: 600" in invite) == (
        sorted(shown),
        use != "off",
    )


async def test_a_caller_who_refreshes_the_session_is_agreed_with() -> None:
    async with RawSip() as carrier, an_office() as office:
        call = RawCall(carrier, office.endpoint.port("udp"))
        timer = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n"
        begun = await call.asks("INVITE", sdp(9), extra=timer)
        refreshed = [await call.asks("UPDATE", extra=timer), await call.asks("INVITE", sdp(9), extra=timer)]
        answer = carrier.received[-1]

    assert (begun, refreshed, "Session-Expires: 90;refresher=uac" in answer) == (200, [200, 200], True)


async def test_a_far_end_that_rings_reliably_is_told_that_we_heard_it_and_has_still_to_answer() -> None:
    async with RawSip() as carrier, an_office(replace(LOOPBACK, reliable_ringing="optional")) as office:
        party = await office.dials(f"sip:1@127.0.0.1:{carrier.port}")
        invite = await carrier.gets(lambda message: message.startswith("INVITE"))
        port = office.endpoint.port("udp")
        reliable = "183 Session Progress\r\nRequire: 100rel\r\nRSeq: 7"
        carrier.send(response_to(invite, reliable, sdp(9), carrier.port), port)
        prack = await carrier.gets(lambda message: message.startswith("PRACK"))
        carrier.send(response_to(prack, "200 OK", "", carrier.port), port)
        await party.sees(Ringing)
        rung = list(party.events)
        carrier.send(response_to(invite, "200 OK", "", carrier.port), port)
        await party.sees(Answered)

    sequence = re.search(r"^CSeq: (\d+) INVITE", invite, re.MULTILINE)
    assert sequence
    assert (f"RAck: 7 {sequence[1]} INVITE" in prack, rung) == (True, [Ringing()])


async def test_a_caller_may_ask_for_our_offer_again_in_mid_call() -> None:
    async with RawSip() as carrier, an_office(decide=answers) as office:
        call = RawCall(carrier, office.endpoint.port("udp"))
        await call.asks("INVITE", sdp(9))
        carrier.received.clear()
        call.send("INVITE")
        code = await call.answered()
        offer = await carrier.gets(lambda message: message.startswith("SIP/2.0 200"))
        call.send("ACK", sdp(9))
        ended = await call.asks("BYE")

    assert (code, "m=audio" in offer, ended) == (200, True, 200)


async def test_an_offer_that_comes_late_is_answered_by_the_callers_ack() -> None:
    async with RawSip() as carrier, an_office(decide=answers) as office:
        call = RawCall(carrier, office.endpoint.port("udp"))
        call.send("INVITE")
        code = await call.answered()
        offer = await carrier.gets(lambda message: message.startswith("SIP/2.0 200"))
        call.send("ACK", sdp(9))
        await (await office.arrivals.get()).sees(Answered)
        ended = await call.asks("BYE")

    assert (code, "m=audio" in offer, ended) == (200, True, 200)
