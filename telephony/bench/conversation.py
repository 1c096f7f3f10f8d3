"""One simulated caller: listens, speaks, pauses, sometimes barges in. Rule: figures come from its own packets alone.

Voice to voice runs from the last packet of the caller's speech, as it is sent, to the first audible packet of the
agent, as it arrives. A barge-in's stop runs from the first packet of the caller's speech, as it is sent, to the last
audible packet of the agent, as it arrives. The last sample of each speech is audible, so its last packet is its end.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from telephony.wire.call import Call
from telephony.wire.ear import Ear
from telephony.wire.listening import first_audible, last_audible
from telephony.wire.mouth import CutShortError, Spoken
from telephony.wire.speech import Speech
from telephony.wire.stream import CallOverError, Heard

ANSWER_TIMEOUT_S = 5.0
PAUSES_MS = (700, 1_200)
BARGE_IN_AFTER_MS = (900, 1_500)
BARGE_IN_SHARE = 0.5


@dataclass(slots=True)
class Findings:
    """What all callers of a bench found."""

    voice_to_voice_ms: list[float] = field(default_factory=list)
    barge_in_stop_ms: list[float] = field(default_factory=list)
    unanswered: int = 0
    cut_off: int = 0
    talked_over: int = 0
    not_yielded: int = 0


class Conversation:
    """One call's caller."""

    def __init__(self, call: Call, lines: Sequence[Speech], seed: int, findings: Findings) -> None:
        self._call = call
        self._lines = lines
        self._chance = random.Random(seed)
        self._findings = findings
        self._turns = seed

    async def hold(self) -> None:
        """Talk until the call is over."""
        with suppress(CallOverError, CutShortError):
            since_ms = self._call.answered_ms
            await self._within(ANSWER_TIMEOUT_S, lambda ear, _: bool(ear.talks))
            while True:
                await self._silence_after(since_ms)
                since_ms = (await self._react(await self._ask())).end_ms

    async def _react(self, spoken: Spoken) -> Spoken:
        """Let the agent speak, or not; what was said last."""
        if self._chance.random() < BARGE_IN_SHARE and await self._agent_speaks(spoken):
            return await self._interrupt(self._next_line())
        return spoken

    async def _ask(self) -> Spoken:
        """Say something and note how long the answer took."""
        spoken = await self._call.say(self._next_line())
        self._findings.cut_off += any(spoken.start_ms < talk.first_ms < spoken.end_ms for talk in self._call.ear.talks)
        await self._note_answer(spoken)
        return spoken

    async def _interrupt(self, speech: Speech, lead_ms: int = 0) -> Spoken:
        """Say something while the agent speaks; note when it yielded and when it answered.

        An agent that has just finished by itself has nothing to yield, and says nothing about barge-in. The speech
        itself begins after `lead_ms`.
        """
        spoken = await self._call.say(speech)
        await self._note_answer(spoken)
        speech_ms = spoken.start_ms + lead_ms
        stopped_ms = last_audible(self._call.ear.talks, speech_ms)
        if stopped_ms is not None and stopped_ms > spoken.end_ms:
            self._findings.not_yielded += 1
        elif stopped_ms is not None:
            self._findings.barge_in_stop_ms.append(stopped_ms - speech_ms)
        return spoken

    async def _note_answer(self, spoken: Spoken) -> None:
        talks = self._call.ear.talks
        if last_audible(talks, spoken.end_ms) is not None:
            self._findings.talked_over += 1
            return
        if not await self._within(ANSWER_TIMEOUT_S, lambda ear, _: first_audible(ear.talks, spoken.end_ms) is not None):
            self._findings.unanswered += 1
            return
        first_ms = first_audible(talks, spoken.end_ms)
        assert first_ms is not None
        self._findings.voice_to_voice_ms.append(first_ms - spoken.end_ms)

    async def _silence_after(self, since_ms: float) -> None:
        pause_ms = self._chance.uniform(*PAUSES_MS)
        await self._call.until(lambda ear, now_ms: ear.silent_ms(now_ms, since_ms) >= pause_ms)

    async def _agent_speaks(self, spoken: Spoken) -> bool:
        """Wait until the agent is well into its answer; False when it was too short."""
        after_ms = self._chance.uniform(*BARGE_IN_AFTER_MS)

        def is_under_way(ear: Ear, now_ms: float) -> bool:
            return (
                ear.speaking(now_ms)
                and ear.talks[-1].first_ms >= spoken.end_ms
                and now_ms - ear.talks[-1].first_ms >= after_ms
            )

        return await self._within(ANSWER_TIMEOUT_S, is_under_way)

    async def _within(self, seconds: float, heard: Heard) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._call.until(heard)
        except TimeoutError:
            return False
        return True

    def _next_line(self) -> Speech:
        self._turns += 1
        return self._lines[self._turns % len(self._lines)]
