"""A worker on a fake line with fake providers, told as a story. Rule: everything it opened is closed when it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from pipeline.ahead import Spent
from pipeline.audio import FRAME_MS, WIDE_HZ, bytes_of
from pipeline.fallback.model import FallbackModel
from pipeline.fallback.race import Candidate
from pipeline.fallback.voice import FallbackVoice, Speaker
from pipeline.providers import Delta, TextDelta
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import ServerEvent, SpeechStopped
from pipeline.session import Session
from pipeline.signals import CallAct, Greet, Input, LastResort, Output
from pipeline.sounding import Judged
from pipeline.worker import Cascade, Outlets, Worker
from tests.drive.cascade import FakeLine, Judge, Loudness, Model, Recogniser, Voice, now_s
from tests.drive.story import counting_ids
from tests.drive.watch import Watch

LAST_WORDS_NUMBER = 0
LAST_WORDS_MS = 1_000


def words(text: str) -> list[Delta]:
    """A reply as a model streams it."""
    return [TextDelta(f"{word} ") for word in text.split()]


class ObservedSession(Session):
    """A session whose every step is kept, and looked at as it happens."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.watch = Watch()
        self.opening: list[Output] = []
        self.steps: list[tuple[Input | str, list[Output]]] = []
        self.closing: list[Output] = []

    def opened(self) -> list[Output]:
        self.opening = super().opened()
        self.watch.see(self.opening)
        return self.opening

    def handle(self, happened: Input) -> list[Output]:
        outputs = super().handle(happened)
        self.watch.see(outputs)
        self.steps.append((happened, outputs))
        return outputs

    def closed(self) -> list[Output]:
        self.closing = super().closed()
        self.watch.see(self.closing)
        self.watch.see_closed()
        return self.closing


@dataclass
class Call:
    """One call; what the worker told its owner: `observed` and `asked` with when, `spent` and `judged`."""

    recogniser: Recogniser = field(default_factory=lambda: Recogniser("hello"))
    model: Model = field(default_factory=lambda: Model(words("Good evening. What can I do for you?")))
    voice: Voice = field(default_factory=Voice)
    config: SessionConfig = field(default_factory=SessionConfig)
    judge: Judge | None = None
    second: tuple[Recogniser | None, Model | None, Voice | None] = (None, None, None)
    foresees: bool = True
    more: dict[str, Any] = field(default_factory=dict)
    line: FakeLine = field(default_factory=FakeLine)
    observed: list[tuple[float, ServerEvent]] = field(default_factory=list)
    asked: list[tuple[float, CallAct]] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ticked = asyncio.Event()
        last_words = bytes(bytes_of(LAST_WORDS_MS, WIDE_HZ))
        self.session = ObservedSession(self.config, counting_ids(), last_resort=LastResort(pcm=last_words), **self.more)
        self.worker = Worker(
            self.session,
            self._cascade(),
            self.line,
            Outlets(
                observe=lambda event: self.observed.append((now_s(), event)),
                control=lambda act: self.asked.append((now_s(), act)),
                spent=self.spent.append,
                judged=self.judged.append,
            ),
            now_ms=lambda: now_s() * 1_000,
            ids=counting_ids(),
        )

    def _cascade(self) -> Cascade:
        recogniser, model, voice = self.second
        return Cascade(
            Loudness(),
            [Candidate(f"stt {at}", one.connect) for at, one in enumerate((self.recogniser, recogniser)) if one],
            FallbackModel(Candidate(f"llm {at}", one) for at, one in enumerate((self.model, model)) if one),
            FallbackVoice(
                Candidate(f"tts {at}", Speaker(one, str)) for at, one in enumerate((self.voice, voice)) if one
            ),
            sound_judge=self.judge,
            foresees=self.foresees,
        )

    @asynccontextmanager
    async def runs(self, *, greet: bool = True) -> AsyncIterator["Call"]:
        """The call lives within; afterwards the worker was cancelled and nothing of it is open."""
        run = asyncio.create_task(self.worker.run())
        ticks = asyncio.create_task(self._tick())
        if greet:
            self.worker.post(Greet())
        try:
            yield self
        finally:
            ticks.cancel()
            run.cancel()
            with suppress(asyncio.CancelledError):
                await run
            everybody = (self.recogniser, self.model, self.voice, *self.second)
            assert not any(one.open for one in everybody if one), "a provider is still open"

    async def speaks(self, ms: int) -> None:
        """The caller speaks for so long."""
        self.line.speech_left_ms = ms
        await self.until(lambda: not self.line.speech_left_ms)

    async def until(self, happened: Callable[[], object], within_s: float = 60.0) -> float:
        """Wait until something is so; returns when it was."""
        async with asyncio.timeout(within_s):
            while not happened():
                await self._ticked.wait()
        return now_s()

    async def ends_a_turn(self, ms: int) -> None:
        """The caller speaks for so long, and falls silent until the turn is over; or the call ends before."""
        turns = len(self.times_of(SpeechStopped))
        await self.speaks(ms)
        await self.until(lambda: self.asked or self.has_seen(SpeechStopped, turns + 1))

    async def is_answered(self, within_s: float) -> None:
        """The caller hears a voice from now on, or the call ends."""
        since_s = now_s()
        await self.until(lambda: self.asked or self.line.last_heard_s > since_s, within_s)

    async def ends(self, within_s: float) -> bool:
        """Does the call end in time?"""
        late_s = now_s() + within_s
        await self.until(lambda: self.asked or now_s() > late_s, within_s + 1)
        return bool(self.asked)

    def has_seen(self, kind: type[ServerEvent], times: int) -> bool:
        """So many such events were observed."""
        return len(self.times_of(kind)) >= times

    def times_of(self, kind: type[ServerEvent]) -> list[float]:
        """When such events were observed."""
        return [at_s for at_s, event in self.observed if isinstance(event, kind)]

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(FRAME_MS / 1_000)
            self.line.tick()
            self.worker.wake()
            ticked, self._ticked = self._ticked, asyncio.Event()
            ticked.set()
