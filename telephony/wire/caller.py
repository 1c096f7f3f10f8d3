"""A caller who follows a script: `python -m telephony.wire.caller`, script on stdin, events as JSON lines on stdout.

Rule: it believes its own ears alone; every moment is taken from packets sent and received.
"""

import asyncio
import sys
import time
import wave
from collections.abc import Callable
from contextlib import suppress
from math import inf

import msgspec

from pipeline.audio import NARROW_HZ, SAMPLE_BYTES
from pipeline.providers import ProviderError
from pipeline.providers.embedded_tts import EmbeddedVoice
from telephony.wire.call import Call
from telephony.wire.dialling import RefusedError
from telephony.wire.ear import NS_PER_MS
from telephony.wire.listening import first_audible, gap_errors_ms, last_audible, lost_packets, percentiles
from telephony.wire.mouth import CutShortError
from telephony.wire.phone import Phone
from telephony.wire.script import (
    AgentSilent,
    AgentSpeaks,
    Answered,
    BargeIn,
    CallerSilent,
    CallerSpeaks,
    Event,
    Failed,
    HangUp,
    Listen,
    OutOfPatience,
    Press,
    Pressed,
    Report,
    Say,
    Script,
    Step,
    StepReport,
)
from telephony.wire.speech import Speech
from telephony.wire.stream import CallOverError, Heard
from telephony.wire.voice import spoken_by

Tell = Callable[[Event], None]


class Caller:
    """One call's caller: does one step after the other."""

    def __init__(self, call: Call, script: Script, speeches: dict[str, Speech], tell: Tell) -> None:
        self._call = call
        self._script = script
        self._speeches = speeches
        self._tell = tell
        self._since_ms = call.answered_ms
        self.done: list[StepReport] = []

    async def talk(self) -> None:
        """Every step, until the script or the call is over."""
        with suppress(CallOverError, CutShortError):
            for number, step in enumerate(self._script.steps):
                await self._do(number, step)

    async def tell_of_the_agent(self) -> None:
        """Tell when the agent begins and stops to be heard, until the call is over."""
        told = 0
        with suppress(CallOverError):
            while True:
                await self._call.until(lambda ear, _, known=told: len(ear.talks) > known)  # type: ignore[misc]
                self._tell(AgentSpeaks(self._call.ear.talks[told].first_ms))
                await self._call.until(lambda ear, now_ms: not ear.speaking(now_ms))
                told = len(self._call.ear.talks)
                self._tell(AgentSilent(self._call.ear.talks[-1].last_ms))

    async def _do(self, number: int, step: Step) -> None:
        match step:
            case Listen(silent_ms):
                await self._hear(number, self._has_answered(silent_ms))
                self.done.append(StepReport(number, "listen"))
            case Say(text):
                await self._say(number, "say", text)
            case BargeIn(text, after_ms):
                await self._hear(number, self._has_spoken_for(after_ms))
                await self._say(number, "barge_in", text)
            case Press(digit):
                pressed = await self._call.press(digit)
                self._since_ms = pressed.start_ms
                self._tell(Pressed(number, digit, pressed.end_ms))
                self.done.append(
                    StepReport(number, "press", digit, caller_start_ms=pressed.start_ms, caller_end_ms=pressed.end_ms)
                )
            case HangUp():
                self.done.append(StepReport(number, "hang_up"))
                await self._call.hang_up()

    async def _say(self, number: int, act: str, text: str) -> None:
        saying = self._call.say(self._speeches[text])
        self._tell(CallerSpeaks(number, text, _now_ms()))
        spoken = await saying
        self._since_ms = spoken.end_ms
        self._tell(CallerSilent(number, spoken.end_ms))
        self.done.append(StepReport(number, act, text, caller_start_ms=spoken.start_ms, caller_end_ms=spoken.end_ms))

    async def _hear(self, number: int, heard: Heard) -> None:
        try:
            async with asyncio.timeout(self._script.patience_ms / 1_000):
                await self._call.until(heard)
        except TimeoutError:
            self._tell(OutOfPatience(number, _now_ms()))

    def _has_answered(self, silent_ms: float) -> Heard:
        since_ms = self._since_ms
        return lambda ear, now_ms: (
            bool(ear.talks) and ear.talks[-1].last_ms > since_ms and ear.silent_ms(now_ms, since_ms) >= silent_ms
        )

    def _has_spoken_for(self, ms: float) -> Heard:
        since_ms = self._since_ms
        return lambda ear, now_ms: (
            ear.speaking(now_ms) and ear.talks[-1].first_ms >= since_ms and now_ms - ear.talks[-1].first_ms >= ms
        )


async def place(script: Script, tell: Tell) -> Report | Failed:
    """Make the speech, place the call, follow the script; the outcome is told last."""
    try:
        with EmbeddedVoice() as voice:
            texts = [step.text for step in script.steps if isinstance(step, Say | BargeIn)]
            speeches = {text: await spoken_by(voice, script.voice, text) for text in texts}
        outcome = await _placed(script, speeches, tell)
    except ProviderError as error:
        outcome = Failed(f"no speech: {error}")
    except OSError as error:
        outcome = Failed(f"no way to {script.uri}: {error.strerror or error}")
    except RefusedError as refused:
        outcome = Failed(str(refused), refused.sip_code)
    tell(outcome)
    return outcome


async def _placed(script: Script, speeches: dict[str, Speech], tell: Tell) -> Report | Failed:
    async with Phone(script.bind, number=script.number, keep_audio=script.recording is not None) as phone:
        call = await phone.call(script.uri)
        tell(Answered(call.answered_ms))
        caller = Caller(call, script, speeches, tell)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(caller.tell_of_the_agent())
            await caller.talk()
            await call.hang_up()
        if script.recording is not None:
            _write(script.recording, call.ear.pcm())
        return await _report(call, caller.done, script.recording)


async def _report(call: Call, steps: list[StepReport], recording: str | None) -> Report:
    end, ear = await call.ended, call.ear
    return Report(
        "caller" if end.by == "us" else "agent",
        end.how,
        end.sip_code,
        call.answered_ms,
        end.at_ms,
        _all_judged(steps, call),
        [(talk.first_ms, talk.last_ms) for talk in ear.talks],
        len(ear.arrivals_ns),
        lost_packets(ear.sequences, ear.ssrcs),
        percentiles(gap_errors_ms(ear.arrivals_ns), 50, 99, 99.9, 100),
        round(call.stream.late_ns / NS_PER_MS, 3),
        recording,
    )


def _judged(step: StepReport, call: Call, until_ms: float) -> StepReport:
    if step.caller_start_ms is None or step.caller_end_ms is None:
        return step
    talks = call.ear.talks
    stopped_ms = last_audible(talks, step.caller_start_ms) if step.do == "barge_in" else None
    first_ms = first_audible(talks, step.caller_start_ms if step.do == "press" else step.caller_end_ms)
    if first_ms is not None and first_ms >= until_ms:
        first_ms = None
    return msgspec.structs.replace(step, agent_first_ms=first_ms, agent_stopped_ms=stopped_ms)


def _all_judged(steps: list[StepReport], call: Call) -> list[StepReport]:
    """Each step with the agent's part in it; an answer belongs to the last thing done before it."""
    starts_ms = [step.caller_start_ms for step in steps if step.caller_start_ms is not None]
    return [
        _judged(step, call, min((ms for ms in starts_ms if ms > (step.caller_start_ms or 0)), default=inf))
        for step in steps
    ]


def _write(path: str, pcm: bytes) -> None:
    with wave.open(path, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(SAMPLE_BYTES)
        recording.setframerate(NARROW_HZ)
        recording.writeframes(pcm)


def _now_ms() -> float:
    return time.monotonic_ns() / NS_PER_MS


def _tell_stdout(event: Event) -> None:
    sys.stdout.write(msgspec.json.encode(event).decode() + "\n")
    sys.stdout.flush()


def main() -> int:
    """Follow the script on stdin; 0 when there was a call."""
    script = msgspec.json.decode(sys.stdin.buffer.read(), type=Script)
    return int(isinstance(asyncio.run(place(script, _tell_stdout)), Failed))


if __name__ == "__main__":
    sys.exit(main())
