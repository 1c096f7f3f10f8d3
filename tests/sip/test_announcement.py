"""Words before the answer: a caller hears them as early media, and the call has not begun."""

import asyncio
import socket
from pathlib import Path

import numpy as np

from pipeline.audio import ulaw_decoded
from tests.drive.offhook import DESK, a_house, chosen
from tests.drive.raw_sip import RawCall, RawSip, sdp

EARLY = """
[[route]]
did = "200"
agent = "desk"
announcement = "This call is free until somebody answers."
"""


async def sound(media: socket.socket) -> float:
    """Mean magnitude of the next packet."""
    packet = await asyncio.get_running_loop().sock_recv(media, 2_048)
    return float(np.abs(np.frombuffer(ulaw_decoded(packet[12:172]), "<i2").astype(float)).mean())


async def test_a_caller_hears_the_announcement_before_the_call_is_answered(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, EARLY + DESK)) as house, RawSip() as carrier:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
            media.bind(("127.0.0.1", 0))
            media.setblocking(False)
            call = RawCall(carrier, house.service.endpoint.port("udp"), "200")
            call.send("INVITE", sdp(media.getsockname()[1]))
            await call.answered(least=183)
            loud = 0
            while loud < 20:
                loud += await sound(media) > 200
            before = [message.split("\r\n")[0] for message in carrier.received]
            states = [record.state for record in await house.records(1)]
            answered = await call.answered()
            call.send("ACK")
            ended = await call.asks("BYE")

    assert ("SIP/2.0 183 Session Progress" in before, "SIP/2.0 200 OK" in before) == (True, False)
    assert "SIP/2.0 180 Ringing" not in before
    assert (states, answered, ended) == (["ringing"], 200, 200)


async def test_who_gives_up_during_the_announcement_was_never_answered(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, EARLY + DESK)) as house, RawSip() as carrier:
        call = RawCall(carrier, house.service.endpoint.port("udp"), "200")
        call.send("INVITE", sdp(9))
        await call.answered(least=183)
        call.send("CANCEL")
        code = await call.answered()
        call.send("ACK")
        await house.service.switchboard.settled()
        record = await house.record()
        left = await house.service.endpoint.occupancy()

    assert record.ending is not None
    assert (code, record.ending.by, record.ending.reason, record.answered_at_ms) == (487, "caller", "cancelled", None)
    assert (left.dialogs, left.leg_ports, left.bridge_ports) == (0, 0, 1)
