"""A trunk has several servers: a call that one cannot take goes to the next, and for no other reason."""

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog

from telephony.leg import Answered, Ending, LegEnded
from telephony.settings import Trunk
from telephony.sip.trunk import Answering
from tests.drive.exchange import LOOPBACK, Office, an_office
from tests.drive.party import Party
from tests.drive.raw_sip import RawSip, response_to, sdp
from tests.drive.tones import a_tone, loudest_hz
from tests.sip.test_sipp import a_free_port

OVERLOADED = "503 Service Unavailable"
NOBODY = "sip:127.0.0.1:9;transport=tcp"
AUDIO = sdp(9)


class Server(RawSip):
    """Takes OPTIONS, and answers each INVITE with these, one after the other; with none, not at all."""

    def __init__(self, *answers: str, fields: str = "") -> None:
        super().__init__()
        self.answers = answers
        self._fields = fields

    @property
    def uri(self) -> str:
        return f"sip:127.0.0.1:{self.port}"

    @property
    def calls(self) -> list[str]:
        """The Call-IDs that it was called with."""
        invites = [message for message in self.received if message.startswith("INVITE ")]
        return [
            *dict.fromkeys(found[1] for message in invites if (found := re.search(r"^Call-ID: (\S+)", message, re.M)))
        ]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        super().datagram_received(data, addr)
        request = data.decode()
        answers = {"INVITE": self.answers, "OPTIONS": ("200 OK",), "BYE": ("200 OK",)}.get(request.split()[0], ())
        for answer in answers:
            body = AUDIO if request.startswith("INVITE") and answer.startswith("200") else ""
            response = response_to(request, answer, body, self.port)
            self._open.sendto(response.replace("\r\nFrom:", f"\r\n{self._fields}From:", 1).encode(), addr)


def a_trunk(*servers: str) -> Trunk:
    return Trunk(
        name="carrier", registrar=servers[0], failover=servers[1:], register=False, dial=("*",), caller="+4930"
    )


@contextlib.asynccontextmanager
async def a_line(*servers: str) -> AsyncIterator[Office]:
    """An office with a trunk of these servers, which is up; RTP, and who is silent, is looked at ten times a second."""
    async with an_office(LOOPBACK, trunks=(a_trunk(*servers),), rtp_timeout_s=0.8) as office:
        await office.endpoint.trunks["carrier"].until(Answering)
        yield office


async def a_call(office: Office) -> Party:
    return await office.dials("1000", trunk="carrier", caller="")


async def test_a_call_that_a_server_is_too_busy_for_goes_to_the_next() -> None:
    async with Server(OVERLOADED) as first, Server("180 Ringing", "200 OK") as second:
        with structlog.testing.capture_logs() as log:
            async with a_line(first.uri, second.uri) as office:
                party = await a_call(office)
                await party.sees(Answered)
                party.leg.hang_up()
                ending = await party.ends()
                invite = await second.gets(lambda message: message.startswith("INVITE"))

    left = [(entry["trunk"], entry["server"], entry["sip_code"]) for entry in log if entry["event"] == "server_left"]
    assert left == [("carrier", first.uri, 503)]
    assert (ending, second.calls) == (Ending("us", "agent_hung_up", 200), [party.leg.sip_call_id])
    assert invite.startswith(f"INVITE sip:1000@127.0.0.1:{second.port} SIP/2.0")
    assert re.search(r"^From: <sip:\+4930@127\.0\.0\.1", invite, re.MULTILINE)


@pytest.mark.skipif(not shutil.which("sipp"), reason="sipp (Debian: sip-tester) is not installed")
async def test_who_answers_at_the_second_server_is_talked_to() -> None:
    port = a_free_port()
    answering = f"-sn uas -i 127.0.0.1 -mi 127.0.0.1 -p {port} -mp {a_free_port() & ~1} -rtp_echo -nostdin".split()
    quiet = asyncio.subprocess.DEVNULL
    sipp = await asyncio.create_subprocess_exec("sipp", *answering, stdout=quiet, stderr=quiet)
    try:
        async with Server(OVERLOADED) as first, a_line(first.uri, f"sip:127.0.0.1:{port}") as office:
            party = await a_call(office)
            await party.sees(Answered)
            party.leg.audio.play(a_tone(600, 3_000))
            await party.hears_sound()
            echo = await party.hears(1_000)
            party.leg.hang_up()
            ending = await party.ends()
    finally:
        sipp.terminate()
        await sipp.wait()

    assert (loudest_hz(echo), ending) == (600, Ending("us", "agent_hung_up", 200))


async def test_a_server_that_cannot_be_connected_to_is_left_for_the_next() -> None:
    async with Server() as gone, Server("200 OK") as second, a_line(gone.uri, NOBODY, second.uri) as office:
        gone.answers = (OVERLOADED,)
        party = await a_call(office)
        await party.sees(Answered)

    assert [type(event) for event in party.events if not isinstance(event, Answered)] == [LegEnded]


async def test_when_no_server_takes_the_call_it_ends_once_and_as_the_last_said() -> None:
    failing = Server("500 Server Internal Error")
    async with Server(OVERLOADED) as first, failing as second, a_line(first.uri, second.uri, NOBODY) as office:
        party = await a_call(office)
        ending = await party.ends()
        limits = office.endpoint.live_legs, (await office.endpoint.occupancy()).dialogs

    assert (party.events, limits) == ([LegEnded(Ending("carrier", "failed", 500))], (0, 0))
    assert ending == Ending("carrier", "failed", 500)


@pytest.mark.parametrize("answer", ["404 Not Found", "408 Request Timeout", "486 Busy Here", "603 Decline"])
async def test_what_the_far_end_says_is_asked_of_no_other_server(answer: str) -> None:
    async with Server(answer) as first, Server("200 OK") as second, a_line(first.uri, second.uri) as office:
        party = await a_call(office)
        ending = await party.ends()

    assert (str(ending.sip_code), second.calls) == (answer[:3], [])


async def test_a_call_that_has_rung_is_not_begun_anew_elsewhere() -> None:
    busy = Server("180 Ringing", OVERLOADED)
    async with busy as first, Server("200 OK") as second, a_line(first.uri, second.uri) as office:
        party = await a_call(office)
        ending = await party.ends()

    assert (ending, second.calls) == (Ending("carrier", "failed", 503), [])


async def test_a_server_that_says_when_to_come_again_is_tried_last_until_then() -> None:
    busy = Server(OVERLOADED, fields="Retry-After: 600 (in maintenance)\r\n")
    async with busy as first, Server("200 OK") as second, a_line(first.uri, second.uri) as office:
        for _ in range(2):
            party = await a_call(office)
            await party.sees(Answered)
        before = len(first.calls)
        second.answers = (OVERLOADED,)
        last = await a_call(office)
        await last.ends()

    assert (before, len(first.calls), len(second.calls)) == (1, 2, 3)


@pytest.mark.slow
async def test_a_server_that_is_silent_is_left_for_the_next() -> None:
    async with Server() as first, Server("200 OK") as second, a_line(first.uri, second.uri) as office:
        party = await a_call(office)
        await party.sees(Answered)
        await (await a_call(office)).sees(Answered)

    assert (len(first.calls), len(second.calls)) == (1, 2)


@pytest.mark.slow
async def test_a_server_that_is_looking_for_who_is_called_is_waited_for() -> None:
    async with Server("100 Trying") as first, Server("200 OK") as second, a_line(first.uri, second.uri) as office:
        party = await a_call(office)
        await first.gets(lambda message: message.startswith("INVITE"))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(6):
                await party.ends()
        party.leg.hang_up("gave_up")
        ending = await party.ends()

    assert (ending.reason, second.calls) == ("gave_up", [])


async def test_who_hangs_up_while_a_server_is_silent_calls_no_other() -> None:
    async with Server() as first, Server("200 OK") as second, a_line(first.uri, second.uri) as office:
        party = await a_call(office)
        party.leg.hang_up("gave_up")
        ending = await party.ends()

    assert (party.events, ending.reason, second.calls) == ([LegEnded(ending)], "gave_up", [])
