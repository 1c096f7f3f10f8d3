"""baresip as the telephone: at Asterisk with G.711, and straight to a wideband node with G.722 and Opus."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.realtime.events import TranscriptCompleted
from tests.drive.baresip import Baresip, a_baresip
from tests.drive.beside_asterisk import DIRECT, GREETING, HOURS, a_town, as_in_the_readme, hears
from tests.drive.offhook import House, a_house
from tests.drive.tones import samples_of

pytestmark = pytest.mark.interop

NARROW_EDGE_HZ = 4_200  # G.711 has nothing above 4 kHz, and this voice has a thousandth


def share_above(pcm: bytes, rate_hz: int, hz: float) -> float:
    """How much of a sound's energy lies above this frequency."""
    samples = samples_of(pcm)
    energy = np.abs(np.fft.rfft(samples)) ** 2
    return float(np.sum(energy[round(hz * len(samples) / rate_hz) :]) / np.sum(energy))


async def asks(house: House, phone: Baresip, target: str) -> str:
    """The telephone calls and asks when they open, and hears the answer; what the agent understood."""
    await phone.call(target)
    await hears(phone, GREETING)
    await phone.say("when do you open")
    asked = await house.sees(TranscriptCompleted)
    await hears(phone, HOURS)
    return asked.transcript


async def test_baresip_dials_1000_and_has_a_conversation(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town, a_baresip(tmp_path) as phone:
        since = len(phone.events)
        asked = await asks(town.house, phone, "1000")
        await phone.say("thank you goodbye")
        thanked = await town.house.sees(TranscriptCompleted)
        await hears(phone, "Thank you for calling.")
        await phone.event("CALL_CLOSED", since=since)

    assert (asked, thanked.transcript) == ("when do you open", "thank you goodbye")


async def test_baresip_hears_a_wideband_node_by_each_codec_that_has_it(tmp_path: Path) -> None:
    plain = as_in_the_readme()
    sip = replace(plain.sip, wideband=True, codecs=("opus", "G722", "PCMU"))
    understood, bright = [], []
    async with (
        a_house(replace(plain, trunks=(), sip=sip)) as house,
        a_baresip(tmp_path, "G722/16000/1", registers=False) as first,
        a_baresip(tmp_path, "opus/48000/2", port=6_066, registers=False) as second,
    ):
        for phone in (first, second):
            understood.append(await asks(house, phone, DIRECT))
            bright.append(share_above(*phone.heard_whole(), NARROW_EDGE_HZ))
            await phone.hang_up()

    assert understood == ["when do you open"] * 2
    assert all(share > 0.0005 for share in bright), bright
