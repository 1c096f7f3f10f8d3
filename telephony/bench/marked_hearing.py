"""A simulated recogniser that tells the words of marked speech as they are spoken. Rule: the mark says which they are.

A word is told `partial_ms` after it was spoken, the final transcript `final_ms` after the utterance ended; words that
were not spoken by then are not in it. What has no mark is a noise, and has no words.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pipeline.audio import FRAME_MS, Frame
from pipeline.providers import Transcript
from pipeline.providers.simulated import Latency
from telephony.bench.marked_speech import GAP_MS, number_in


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line's words, and how long they take together."""

    words: tuple[str, ...]
    words_ms: int

    def after(self, ms: float) -> str:
        """Those spoken so long after the first began."""
        done = int(len(self.words) * (ms / self.words_ms) + 1e-6) if ms > 0 else 0
        return " ".join(self.words[:done])

    def spoken_by(self, ms: float) -> bool:
        """True when all of it has been spoken by then."""
        return ms >= self.words_ms


class MarkedHearing:
    """One call's Hearing."""

    def __init__(self, latency: Latency, partial_ms: float, lines: Mapping[int, Spoken]) -> None:
        self._latency, self._partial_ms, self._lines = latency, partial_ms, lines
        self._news: asyncio.Queue[Transcript | None] = asyncio.Queue()
        self._due: set[asyncio.TimerHandle] = set()
        self._utterance = 0
        self._line: Spoken | None = None
        self._spoken_ms = 0
        self._before = self._told = ""

    def begin(self, utterance: int) -> None:
        """A new utterance; whose line it is will be heard."""
        self._utterance, self._line, self._before, self._told = utterance, None, "", ""

    def feed(self, frame: Frame) -> None:
        """Look for the mark, then count the line's words; where all are spoken, another line may follow."""
        number = number_in(frame.narrow) if self._line is None or self._line.spoken_by(self._spoken_ms) else None
        if number is not None:
            self._before, self._line = self._said(self._spoken_ms), self._lines[number]
        if number is not None or (self._line and self._spoken_ms < 0 and number_in(frame.narrow) is not None):
            self._spoken_ms = -GAP_MS - FRAME_MS
        if self._line is None:
            return
        self._spoken_ms += FRAME_MS
        words = self._said(self._spoken_ms - self._partial_ms)
        if words != self._told:
            self._told = words
            self._news.put_nowait(Transcript(self._utterance, words, final=False))

    def end(self, utterance: int) -> None:
        """The final transcript follows after the latency."""
        text = self._said(self._spoken_ms)
        loop = asyncio.get_running_loop()
        final = Transcript(utterance, text, final=True)
        self._due.add(loop.call_later(self._latency.final_after_s(utterance), self._news.put_nowait, final))
        self._due = {due for due in self._due if due.when() > loop.time()}

    def _said(self, ms: float) -> str:
        """All words of the utterance, of the present line those spoken so long after it began."""
        return f"{self._before} {self._line.after(ms)}".strip() if self._line else ""

    async def transcripts(self) -> AsyncGenerator[Transcript, None]:
        """Partials and finals in order."""
        while (news := await self._news.get()) is not None:
            yield news

    def close(self) -> None:
        """What has not come by now will not come."""
        for due in self._due:
            due.cancel()
        self._news.put_nowait(None)


class MarkedSpeechToText:
    """SpeechToText for callers who mark what they say."""

    def __init__(self, latency: Latency, partial_ms: float, lines: Mapping[int, Spoken]) -> None:
        self._latency, self._partial_ms, self._lines = latency, partial_ms, lines

    @asynccontextmanager
    async def open(self, language: str | None, prompt: str | None) -> AsyncIterator[MarkedHearing]:
        """One call's hearing, at once."""
        hearing = MarkedHearing(self._latency, self._partial_ms, self._lines)
        try:
            yield hearing
        finally:
            hearing.close()
