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


class MarkedHearing:
    """One call's Hearing."""

    def __init__(self, latency: Latency, partial_ms: float, lines: Mapping[int, Spoken]) -> None:
        self._latency, self._partial_ms, self._lines = latency, partial_ms, lines
        self._news: asyncio.Queue[Transcript | None] = asyncio.Queue()
        self._due: set[asyncio.TimerHandle] = set()
        self._utterance = 0
        self._line: Spoken | None = None
        self._spoken_ms = 0
        self._told = ""

    def begin(self, utterance: int) -> None:
        """A new utterance; whose line it is will be heard."""
        self._utterance, self._line, self._told = utterance, None, ""

    def feed(self, frame: Frame) -> None:
        """Look for the mark, then count the line's words."""
        if self._line is None:
            number = number_in(frame.narrow)
            if number is None:
                return
            self._line, self._spoken_ms = self._lines[number], -GAP_MS - FRAME_MS
        elif self._spoken_ms < 0 and number_in(frame.narrow) is not None:
            self._spoken_ms = -GAP_MS - FRAME_MS
        self._spoken_ms += FRAME_MS
        words = self._line.after(self._spoken_ms - self._partial_ms)
        if words != self._told:
            self._told = words
            self._news.put_nowait(Transcript(self._utterance, words, final=False))

    def end(self, utterance: int) -> None:
        """The final transcript follows after the latency."""
        text = self._line.after(self._spoken_ms) if self._line else ""
        loop = asyncio.get_running_loop()
        final = Transcript(utterance, text, final=True)
        self._due.add(loop.call_later(self._latency.final_after_s(utterance), self._news.put_nowait, final))
        self._due = {due for due in self._due if due.when() > loop.time()}

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
