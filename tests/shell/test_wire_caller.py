"""A scripted caller in a process of its own, and an agent who is a telephone with two tones."""

import asyncio
import sys
import wave
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from telephony.wire.call import Call
from telephony.wire.mouth import CutShortError
from telephony.wire.phone import Phone
from telephony.wire.speech import Speech, speech_of
from telephony.wire.stream import CallOverError


def a_tone(ms: int) -> Speech:
    return speech_of((9_000 * np.cos(2 * np.pi * 500 * np.arange(8 * ms) / 8_000)).astype("<i2").tobytes())


async def talk_like_an_agent(call: Call, greeting_ms: int, answer_ms: int) -> None:
    """Greets, then answers whatever it hears, and is silent while the caller speaks."""
    call.say(a_tone(greeting_ms))
    heard = 0
    try:
        while True:
            await call.until(lambda ear, _, known=heard: len(ear.talks) > known)  # type: ignore[misc]
            call.hush()
            await call.until(lambda ear, now_ms: not ear.speaking(now_ms))
            heard = len(call.ear.talks)
            call.say(a_tone(answer_ms))
    except (CallOverError, CutShortError):
        return


async def a_scripted_call(
    steps: list[dict[str, Any]], tmp_path: Path, **more: Any
) -> tuple[list[dict[str, Any]], Call]:
    async with Phone(number="agent") as agent:
        script = msgspec.json.encode({"uri": agent.uri, "steps": steps, **more})
        caller = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "telephony.wire.caller", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        told = asyncio.create_task(caller.communicate(script))
        call = (await agent.rings()).answer()
        await talk_like_an_agent(call, greeting_ms=300, answer_ms=2_500)
        out, _ = await told
    return [msgspec.json.decode(line) for line in out.splitlines()], call


@pytest.mark.slow
async def test_the_caller_speaks_interrupts_presses_and_tells_when(tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = [
        {"do": "listen", "silent_ms": 300},
        {"do": "say", "text": "Hello there."},
        {"do": "barge_in", "text": "Stop please.", "after_ms": 600},
        {"do": "listen", "silent_ms": 300},
        {"do": "press", "digit": "5"},
        {"do": "hang_up"},
    ]
    recording = tmp_path / "heard.wav"
    events, call = await a_scripted_call(steps, tmp_path, recording=str(recording))
    report = events[-1]
    said, cut, pressed = report["steps"][1], report["steps"][2], report["steps"][4]

    assert [event["event"] for event in events] == [
        "answered",
        *("agent_speaks", "agent_silent"),
        *("caller_speaks", "caller_silent", "agent_speaks"),
        *("caller_speaks", "agent_silent", "caller_silent", "agent_speaks", "agent_silent"),
        "pressed",
        "report",
    ]
    assert said["caller_start_ms"] < said["caller_end_ms"] < said["agent_first_ms"] < cut["caller_start_ms"]
    assert cut["caller_start_ms"] < cut["agent_stopped_ms"] < cut["agent_first_ms"]
    assert (pressed["text"], call.ear.digits, report["ended_by"]) == ("5", ["5"], "caller")
    with wave.open(str(recording)) as heard:
        assert heard.getnframes() == 160 * report["packets_received"]


async def test_a_caller_whom_nobody_answers_says_so(tmp_path: Path) -> None:
    async with Phone(number="agent") as agent:
        script = msgspec.json.encode({"uri": agent.uri, "steps": []})
        caller = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "telephony.wire.caller", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        told = asyncio.create_task(caller.communicate(script))
        (await agent.rings()).reject(486, "Busy Here")
        out, _ = await told

    assert (msgspec.json.decode(out), caller.returncode) == (
        {"event": "failed", "reason": "486 Busy Here", "sip_code": 486},
        1,
    )
