"""sipp calls us: a caller that no one here wrote."""

import asyncio
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from telephony.leg import Answered, Ending
from tests.drive.exchange import LOOPBACK, Office, an_office, rings
from tests.drive.tones import a_tone, loudest_hz

pytestmark = pytest.mark.skipif(not shutil.which("sipp"), reason="sipp (Debian: sip-tester) is not installed")

SCENARIOS = Path(__file__).parent / "sipp"
DONE = 0


def a_free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def sipp(office: Office, *arguments: str) -> asyncio.subprocess.Process:
    """One call from sipp to the office."""
    here = ["-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(a_free_port()), "-mp", str(a_free_port() & ~1)]
    target = f"127.0.0.1:{office.endpoint.port('udp')}"
    once = ["-m", "1", "-s", "1000", "-nostdin", "-timeout", "20", "-timeout_error", target]
    quiet = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec("sipp", *arguments, *here, *once, stdout=quiet, stderr=quiet)


async def test_sipp_is_answered_hears_us_and_hangs_up() -> None:
    async with an_office() as office:
        caller = await sipp(office, "-sn", "uac", "-rtp_echo", "-d", "2500")
        party = await office.arrivals.get()
        await party.sees(Answered)
        party.leg.audio.play(a_tone(600, 2_000))
        await party.hears_sound()
        echo = await party.hears(1_000)
        ending = await party.ends()
        code = await caller.wait()

    assert (loudest_hz(echo), ending, code) == (600, Ending("caller", "hung_up", 200), DONE)


async def test_sipp_gives_up_while_it_rings() -> None:
    async with an_office(decide=rings) as office:
        caller = await sipp(office, "-sf", str(SCENARIOS / "cancel.xml"))
        party = await office.arrivals.get()
        ending = await party.ends()
        code = await caller.wait()

    assert (ending, code) == (Ending("caller", "cancelled", 487), DONE)


async def test_sipp_finds_it_busy() -> None:
    async with an_office(replace(LOOPBACK, max_calls=1)) as office:
        first = await sipp(office, "-sn", "uac", "-d", "8000")
        party = await office.arrivals.get()
        await party.sees(Answered)
        second = await sipp(office, "-sf", str(SCENARIOS / "busy.xml"))
        code = await second.wait()
        still_talking = party.ending is None
        party.leg.hang_up()
        await party.ends()
        first.terminate()
        await first.wait()

    assert (code, still_talking, office.arrivals.empty()) == (DONE, True, True)
