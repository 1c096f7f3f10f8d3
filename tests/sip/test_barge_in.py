"""A caller makes sounds while the agent speaks: real SIP, real speech and coughs, the embedded engines."""

from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from pipeline.audio import NARROW_HZ
from pipeline.realtime.events import (
    ItemTruncated,
    PlayoutCleared,
    PlayoutStarted,
    PlayoutStopped,
    ServerEvent,
    TranscriptCompleted,
)
from pipeline.realtime.ours import BargeInJudged
from telephony.wire.speech import Speech, speech_of
from tests.drive.offhook import DESK, House, a_house, agent_audible, chosen

TALE = """[[flows.desk.when]]
says = ["tell me a tale"]
reply = "There once was a restaurant by the sea that had a garden full of roses and a cat that slept on the piano, \
and every evening the cook came out and sang an old song, and all the guests stood up and sang it with him."
[[flows.desk.when]]
says = ["wait", "wait stop"]
reply = "Yes?"
"""


def coughs() -> Speech:
    """Four times two bursts, noise and voice as a throat shapes them; most are taken for speech at first."""
    moments = np.arange(NARROW_HZ * 180 // 1_000)
    breath = np.random.default_rng(1).normal(size=len(moments))
    throat = 8.0 * (moments % (NARROW_HZ // 140) == 0)
    burst = (0.3 * breath + 0.7 * throat) * np.exp(-moments / (0.4 * len(moments)))
    shaped = np.zeros(len(burst))
    for formant_hz, width_hz in ((600, 200), (1_400, 250), (2_500, 300)):
        damping = np.exp(-np.pi * width_hz / NARROW_HZ)
        turn = 2 * np.pi * formant_hz / NARROW_HZ
        shaped += lfilter([1 - damping], [1, -2 * damping * np.cos(turn), damping * damping], burst)
    shaped *= 12_000 / np.abs(shaped).max()
    one = [shaped, np.zeros(NARROW_HZ // 10), 0.7 * shaped, np.zeros(NARROW_HZ)]
    return speech_of(np.concatenate(one * 4).astype("<i2").tobytes())


def seen(house: House) -> list[ServerEvent]:
    return [event for _, event in house.events]


async def a_tale_with(house: House, sound: Speech) -> tuple[set[str], bool]:
    """The caller makes this sound while the agent tells a tale: what that was taken for, and whether all was told."""
    call = await house.dial_and_be_greeted()
    await house.hears(call, "tell me a tale")
    began = await house.sees(PlayoutStarted)
    await agent_audible(call, ms=1_500)
    await call.say(sound)
    await house.sees(object, lambda event: isinstance(event, PlayoutStopped | PlayoutCleared))
    house.look()
    told = any(isinstance(event, PlayoutStopped) and event.response_id == began.response_id for event in seen(house))
    return {event.verdict for event in seen(house) if isinstance(event, BargeInJudged)}, told


async def test_coughs_do_not_stop_the_agent(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, DESK + TALE)) as house:
        verdicts, all_told = await a_tale_with(house, coughs())

    assert verdicts <= {"noise", "backchannel"}
    assert all_told


async def test_a_listener_does_not_stop_the_agent(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, DESK + TALE)) as house:
        verdicts, all_told = await a_tale_with(house, await house.speech("yeah"))

    assert verdicts <= {"noise", "backchannel"}
    assert verdicts
    assert all_told


async def test_who_says_stop_stops_the_agent_for_good(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, DESK + TALE)) as house:
        call = await house.dial_and_be_greeted()
        await house.hears(call, "tell me a tale")
        await agent_audible(call, ms=1_500)
        await call.say(await house.speech("wait, stop"))
        judged = await house.sees(BargeInJudged, lambda event: event.verdict == "interruption")
        heard = await house.sees(TranscriptCompleted)
        answer = await house.sees(PlayoutStarted)
        (cut,) = (event for event in seen(house) if isinstance(event, ItemTruncated))

    assert heard.transcript == "wait stop"
    assert (cut.audio_end_ms, answer.response_id != judged.response_id) == (judged.heard_ms, True)
    assert 1_000 < cut.audio_end_ms < 4_000
