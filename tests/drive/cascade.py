"""A call's line and providers, small and real, on a quick loop. Rule: each can be told to fail at its n-th step.

Times are the loop's, in seconds. What the agent says can be recognised in what the caller hears: every sample of a
piece of speech has the piece's number, counted over the whole call.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np

from pipeline.audio import FRAME_MS, NARROW_HZ, WIDE_HZ, Frame, Speech, bytes_of, ms_of
from pipeline.providers import Delta, Message, Prompt, ProviderError, Reason, Transcript

SPEECH_FRAME = Frame(b"\1\0" * 160, b"\1\0" * 480)
SILENT_FRAME = Frame(bytes(320), bytes(960))


def now_s() -> float:
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class Faults:
    """When a provider fails: at step `at`, counted from 1, once or from then on; 0 is never."""

    at: int = 0
    for_ever: bool = False
    reason: Reason = "unreachable"
    retryable: bool = False
    steps: int = 0

    def step(self) -> None:
        """Something that could fail."""
        self.steps += 1
        if self.at and (self.steps == self.at or (self.for_ever and self.steps > self.at)):
            raise ProviderError("fake", self.reason, retryable=self.retryable)


class Loudness:
    """VoiceActivity: whoever is not silent speaks."""

    def hear(self, frame: Frame, scored: Callable[[float], None]) -> None:
        scored(0.9 if any(frame.narrow) else 0.0)


class Judge:
    """SoundJudge: gives the next of `answers`, each after `judges_s`; `heard_ms` is what it was given to hear."""

    def __init__(self, *answers: float | None, judges_s: float = 0.04) -> None:
        self._answers = list(answers)
        self._judges_s = judges_s
        self.heard_ms: list[int] = []
        self.called_off = 0

    async def finished(self, pcm: bytes) -> float | None:
        self.heard_ms.append(ms_of(pcm, NARROW_HZ))
        answer = self._answers.pop(0)
        try:
            await asyncio.sleep(self._judges_s)
        except asyncio.CancelledError:
            self.called_off += 1
            raise
        return answer


class Recogniser:
    """Understands the next of `texts` from each utterance, `final_s` after its end."""

    def __init__(self, *texts: str, final_s: float = 0.1, connect_s: float = 0.0, faults: Faults | None = None) -> None:
        self._texts = list(texts)
        self.final_s = final_s
        self._connect_s = connect_s
        self.faults = faults or Faults()
        self.open = 0
        self.opened = 0
        # What each opened recogniser was given: for each utterance its number and its frames of speech and silence.
        self.heard: list[list[tuple[int, int, int]]] = []
        self._news: asyncio.Queue[Transcript | ProviderError | None] = asyncio.Queue()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["Recogniser"]:
        await asyncio.sleep(self._connect_s)
        self.faults.step()
        self._news = asyncio.Queue()
        self.heard.append([])
        self.open += 1
        self.opened += 1
        try:
            yield self
        finally:
            self.open -= 1

    def begin(self, utterance: int) -> None:
        self.heard[-1].append((utterance, 0, 0))

    def feed(self, frame: Frame) -> None:
        utterance, speech, silence = self.heard[-1][-1]
        loud = frame is SPEECH_FRAME
        self.heard[-1][-1] = (utterance, speech + loud, silence + (not loud))

    def end(self, utterance: int) -> None:
        asyncio.get_running_loop().call_later(self.final_s, self._finish, utterance, self._news)

    def break_off(self, *, reconnect_s: float = 0.0) -> None:
        """The connection is lost; the next one takes so long."""
        self._connect_s = reconnect_s
        self._news.put_nowait(ProviderError("fake", "unreachable", retryable=True))

    def end_quietly(self) -> None:
        """The connection is closed by the far end, without a reason."""
        self._news.put_nowait(None)

    def imagine(self, *transcripts: Transcript) -> None:
        """Something is heard that nobody said."""
        for transcript in transcripts:
            self._news.put_nowait(transcript)

    async def transcripts(self) -> AsyncGenerator[Transcript, None]:
        while (news := await self._news.get()) is not None:
            self.faults.step()
            if isinstance(news, ProviderError):
                raise news
            yield news

    def _finish(self, utterance: int, news: asyncio.Queue[Transcript | ProviderError | None]) -> None:
        if news is self._news:
            news.put_nowait(Transcript(utterance, self._texts.pop(0) if self._texts else "", final=True))


class Model:
    """Gives the next of `replies`, a delta each `delta_s`; after the last one, it again."""

    def __init__(self, *replies: list[Delta], delta_s: float = 0.05, faults: Faults | None = None) -> None:
        self._replies = list(replies)
        self._delta_s = delta_s
        self.faults = faults or Faults()
        self.open = 0
        self.prompts: list[Prompt] = []
        self.ended_s: list[float] = []

    def said(self, nth: int) -> list[str]:
        """The words of all speakers in the prompt of the n-th reply, counted from 1."""
        return [turn.text for turn in self.prompts[nth - 1].turns if isinstance(turn, Message)]

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        self.prompts.append(prompt)
        deltas = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        self.open += 1
        try:
            self.faults.step()
            for delta in deltas:
                await asyncio.sleep(self._delta_s)
                self.faults.step()
                yield delta
            self.ended_s.append(now_s())
        finally:
            self.open -= 1


class Voice:
    """Speaks 60 ms a letter in chunks of 200 ms, the first after `first_s`, then one each `chunk_s`."""

    def __init__(self, *, first_s: float = 0.1, chunk_s: float = 0.05, faults: Faults | None = None) -> None:
        self._first_s = first_s
        self._chunk_s = chunk_s
        self.faults = faults or Faults()
        self.open = 0
        self.texts: list[str] = []
        self.began_s: list[float] = []
        self.ended_s: list[float] = []

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[bytes, None]:
        self.texts.append(text)
        self.began_s.append(now_s())
        number = len(self.texts)
        self.open += 1
        try:
            self.faults.step()
            await asyncio.sleep(self._first_s)
            for _ in range(0, 60 * len(text), 200):
                self.faults.step()
                yield np.full(WIDE_HZ // 5, number, dtype="<i2").tobytes()
                await asyncio.sleep(self._chunk_s)
            self.ended_s.append(now_s())
        finally:
            self.open -= 1


@dataclass(slots=True)
class FakeLine:
    """With each tick 20 ms of what is queued leave, and 20 ms of the caller come: speech as long as any is left."""

    speech_left_ms: int = 0
    played_ms: int = 0
    flushed: int = 0
    paused: bool = False
    most_queued_ms: int = 0
    # When which piece of speech was heard first, and for how long.
    heard_s: dict[int, float] = field(default_factory=dict)
    heard_ms: dict[int, int] = field(default_factory=dict)
    last_heard_s: float = 0.0
    _queue: bytes = b""
    _frames: list[Frame] = field(default_factory=list)

    @property
    def queued_ms(self) -> int:
        return len(self._queue) * 1_000 // bytes_of(1_000, WIDE_HZ)

    def read(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames

    def play(self, speech: Speech) -> None:
        assert isinstance(speech, bytes)
        self._queue += speech
        self.most_queued_ms = max(self.most_queued_ms, self.queued_ms)

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def flush(self) -> int:
        self.paused = False
        flushed_ms, self._queue = self.queued_ms, b""
        self.flushed += 1
        return flushed_ms

    def tick(self) -> None:
        """20 ms go by."""
        leaving = 0 if self.paused else bytes_of(FRAME_MS, WIDE_HZ)
        left, self._queue = self._queue[:leaving], self._queue[leaving:]
        if left:
            self.played_ms += len(left) * 1_000 // bytes_of(1_000, WIDE_HZ)
            self.last_heard_s = now_s()
            number = int(np.frombuffer(left, dtype="<i2")[0])
            self.heard_s.setdefault(number, now_s())
            self.heard_ms[number] = self.heard_ms.get(number, 0) + FRAME_MS
        self._frames.append(SPEECH_FRAME if self.speech_left_ms else SILENT_FRAME)
        self.speech_left_ms = max(0, self.speech_left_ms - FRAME_MS)
