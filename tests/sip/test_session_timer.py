"""Who refreshes a session does so in time, and a far end that no longer does has its call ended (RFC 4028)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from telephony.leg import Answered, Ending
from tests.drive.exchange import LOOPBACK, Office, an_office
from tests.drive.party import Party
from tests.drive.raw_sip import RawCall, RawSip, response_to, sdp

SHORTEST_S = 90  # RFC 4028 section 5
EXPIRED = Ending("unknown", "session_expired", 408)


def timer(refresher: str) -> str:
    return f"Session-Expires: {SHORTEST_S};refresher={refresher}\r\nSupported: timer\r\n"


async def they_call(office: Office, refresher: str, allow: str) -> tuple[RawSip, Party]:
    """A carrier calls, and says who is to refresh."""
    carrier = RawSip()
    await carrier.__aenter__()
    call = RawCall(carrier, office.endpoint.port("udp"))
    assert await call.asks("INVITE", sdp(9), extra=f"{timer(refresher)}Allow: {allow}\r\n") == 200
    party = await office.arrivals.get()
    await party.sees(Answered)
    return carrier, party


async def we_call(office: Office, refresher: str, allow: str) -> tuple[RawSip, Party]:
    """A carrier is called, and its answer says who is to refresh."""
    carrier = RawSip()
    await carrier.__aenter__()
    party = await office.dials(f"sip:1@127.0.0.1:{carrier.port}")
    invite = await carrier.gets(lambda message: message.startswith("INVITE"))
    answer = response_to(invite, f"200 OK\r\n{timer(refresher)}Require: timer\r\nAllow: {allow}", sdp(9), carrier.port)
    carrier.send(answer, office.endpoint.port("udp"))
    await party.sees(Answered)
    return carrier, party


def refreshes(method: str) -> Callable[[str], bool]:
    return lambda message: message.startswith(method) and "Session-Expires: 90" in message and ";tag=raw" in message


async def refreshed(office: Office, method: str, carrier: RawSip, party: Party) -> Ending | None:
    """It is asked to go on by such a request, and agrees."""
    request = await carrier.gets(refreshes(method))
    body = sdp(9) if method == "INVITE" else ""
    agreed = f"200 OK\r\n{timer('uac')}Require: timer"
    carrier.send(response_to(request, agreed, body, carrier.port), office.endpoint.port("udp"))
    if method == "INVITE":
        await carrier.gets(
            lambda message: message.startswith("ACK") and request.split("CSeq: ")[1].split()[0] in message
        )
    return party.ending


async def given_up(carrier: RawSip, party: Party) -> Ending:
    await carrier.gets(lambda message: message.startswith("BYE"))
    return await party.ends()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_sessions_are_refreshed_and_those_that_are_not_end() -> None:
    async with an_office(replace(LOOPBACK, session_expires_s=SHORTEST_S), rtp_timeout_s=600) as office:
        ours = [
            ("UPDATE", await they_call(office, "uas", "INVITE, BYE, UPDATE")),
            ("INVITE", await they_call(office, "uas", "INVITE, BYE")),
            ("UPDATE", await we_call(office, "uac", "INVITE, BYE, UPDATE")),
            ("INVITE", await we_call(office, "uac", "INVITE, BYE")),
        ]
        theirs = [await they_call(office, "uac", "INVITE, BYE"), await we_call(office, "uas", "INVITE, BYE")]
        refusals = [given_up(*call) for call in theirs]
        agreements = [refreshed(office, method, *call) for method, call in ours]
        ended, alive = await asyncio.gather(asyncio.gather(*refusals), asyncio.gather(*agreements))
        for carrier, _ in (*theirs, *(call for _, call in ours)):
            await carrier.__aexit__()

    assert (ended, alive) == ([EXPIRED] * 2, [None] * 4)
