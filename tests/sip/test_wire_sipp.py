"""The test phone and sipp, a peer that no one here wrote."""

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator

import numpy as np
import pytest

from telephony.wire.listening import lost_packets
from telephony.wire.phone import Phone
from telephony.wire.speech import speech_of

pytestmark = pytest.mark.skipif(not shutil.which("sipp"), reason="sipp (Debian: sip-tester) is not installed")


def a_free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def sipp(*arguments: str) -> AsyncIterator[int]:
    """One sipp on a port of its own; a request that comes before it is up is repeated by who sent it."""
    port = a_free_port()
    command = ["sipp", *arguments, "-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1", "-nostdin"]
    rtp = ["-mp", str(a_free_port() & ~1)]
    running = await asyncio.create_subprocess_exec(
        *command, *rtp, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.terminate()
        await running.wait()


async def test_sipp_answers_and_echoes_what_is_said() -> None:
    tone = speech_of((9_000 * np.cos(2 * np.pi * 500 * np.arange(2_400) / 8_000)).astype("<i2").tobytes())
    async with sipp("-sn", "uas", "-rtp_echo") as port, Phone(keep_audio=True) as phone:
        call = await phone.call(f"sip:echo@127.0.0.1:{port}")
        spoken = await call.say(tone)
        await call.until(lambda ear, now_ms: bool(ear.talks) and not ear.speaking(now_ms))
        end = await call.hang_up()

    packets = [payload for _, payload in call.ear.payloads]
    start = packets.index(tone.ulaw[0])
    assert packets[start : start + len(tone.ulaw)] == list(tone.ulaw)
    assert (lost_packets(call.ear.sequences, call.ear.ssrcs), end.how) == (0, "bye")
    assert call.ear.talks[0].first_ms >= spoken.start_ms


async def test_sipp_calls_the_phone_and_hangs_up() -> None:
    async with Phone() as phone:
        host = phone.uri.partition("@")[2]
        async with sipp("-sn", "uac", "-m", "1", "-d", "200", host):
            call = (await phone.rings()).answer()
            end = await call.ended

        assert (end.by, end.how) == ("far", "bye")
