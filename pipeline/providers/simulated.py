"""Vendors of fixed latency, for tests and benches only. Rule: every wait ends at a time fixed when its request began.

They stand where real vendors would when it is the pipeline that is measured: their answers mean nothing, their delays
are exact, and they cost next to no CPU.
"""

import asyncio
import math
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np

from pipeline.audio import NARROW_HZ, WIDE_HZ, Frame, Narrow, Speech, bytes_of
from pipeline.providers import Delta, Prompt, TextDelta, Transcript, Usage

PITCH_HZ = 150
SYLLABLES_HZ = 4
PEAK = 8_000
GOLDEN_SHARE = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class Latency:
    """What each vendor takes. Speech is made `times_real_time` as fast as it is heard, in chunks of `chunk_ms`.

    Finals come `final_ms` after their utterance, give or take half of `spread_ms`: evenly spread, the same in each run.
    """

    partial_ms: float = 200.0
    final_ms: float = 100.0
    first_token_ms: float = 200.0
    tokens_per_s: float = 60.0
    first_chunk_ms: float = 100.0
    times_real_time: float = 8.0
    chunk_ms: int = 100
    word_ms: int = 320
    spread_ms: float = 0.0

    def final_after_s(self, nth: int) -> float:
        """How long after its end the final of the nth utterance comes."""
        return (self.final_ms + self.spread_ms * (nth * GOLDEN_SHARE % 1 - 0.5)) / 1_000


class SimulatedHearing:
    """One call's Hearing: whatever is said, its words come after so much silence, and at its end."""

    def __init__(self, latency: Latency, text: Callable[[int], str]) -> None:
        self._latency = latency
        self._text = text
        self._news: asyncio.Queue[Transcript | None] = asyncio.Queue()
        self._due: set[asyncio.TimerHandle] = set()
        self._open = 0
        self._partial: asyncio.TimerHandle | None = None

    def begin(self, utterance: int) -> None:
        """The frames that follow belong to this utterance."""
        self._open = utterance

    def feed(self, frame: Frame) -> None:
        """A sound puts off what is understood so far."""
        if any(frame.narrow):
            self._forget()
            partial = Transcript(self._open, self._text(self._open), final=False)
            loop = asyncio.get_running_loop()
            self._partial = loop.call_later(self._latency.partial_ms / 1_000, self._news.put_nowait, partial)

    def end(self, utterance: int) -> None:
        """The final transcript follows after the latency."""
        self._forget()
        final = Transcript(utterance, self._text(utterance), final=True)
        loop = asyncio.get_running_loop()
        self._due.add(loop.call_later(self._latency.final_after_s(utterance), self._news.put_nowait, final))
        self._due = {due for due in self._due if due.when() > loop.time()}

    async def transcripts(self) -> AsyncGenerator[Transcript, None]:
        """Partials and finals in order."""
        while (final := await self._news.get()) is not None:
            yield final

    def close(self) -> None:
        """What has not come by now will not come."""
        self._forget()
        for due in self._due:
            due.cancel()
        self._news.put_nowait(None)

    def _forget(self) -> None:
        if self._partial is not None:
            self._partial.cancel()


class SimulatedSpeechToText:
    """SpeechToText; `text` gives what utterance 0, 1, 2 ... of a call is taken for."""

    def __init__(self, latency: Latency = Latency(), text: Callable[[int], str] = lambda _: "yes please") -> None:
        self._latency = latency
        self._text = text

    @asynccontextmanager
    async def open(self, language: str | None, prompt: str | None) -> AsyncIterator[SimulatedHearing]:
        """One call's hearing, at once."""
        hearing = SimulatedHearing(self._latency, self._text)
        try:
            yield hearing
        finally:
            hearing.close()


class SimulatedModel:
    """LanguageModel; `text` gives the reply to a prompt. A token is a word with the space behind it."""

    def __init__(
        self,
        latency: Latency = Latency(),
        text: Callable[[Prompt], str] = lambda _: (
            "Certainly, I have written that down for you. Is there anything else?"
        ),
    ) -> None:
        self._latency = latency
        self._text = text

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """The first token after its latency, then the others at their rate."""
        due_s = asyncio.get_running_loop().time() + self._latency.first_token_ms / 1_000
        tokens = re.findall(r"\S+\s*", self._text(prompt))
        for token in tokens:
            await _until(due_s)
            yield TextDelta(token)
            due_s += 1 / self._latency.tokens_per_s
        yield Usage(len(prompt.turns), len(tokens))


class SimulatedVoice:
    """TextToSpeech; the text is heard as a hum without a pause, loud from its first sample, `word_ms` a word."""

    def __init__(self, latency: Latency = Latency(), *, narrow: bool = False) -> None:
        self._latency = latency
        self._rate_hz = NARROW_HZ if narrow else WIDE_HZ

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[Speech, None]:
        """The first chunk after its latency, then the others faster than they are heard."""
        latency = self._latency
        due_s = asyncio.get_running_loop().time() + latency.first_chunk_ms / 1_000
        left = bytes_of(math.ceil(len(re.findall(r"\w+", text)) * latency.word_ms / speed), self._rate_hz)
        chunk = bytes_of(latency.chunk_ms, self._rate_hz)
        hum = _hum(self._rate_hz)
        start = 0
        while left > 0:
            await _until(due_s)
            size = min(chunk, left, len(hum) - start)
            pcm = hum[start : start + size]
            yield Narrow(pcm) if self._rate_hz == NARROW_HZ else pcm
            left -= size
            start = (start + size) % len(hum)
            due_s += size / bytes_of(1_000, self._rate_hz) / latency.times_real_time


async def _until(time_s: float) -> None:
    """Wait for a time of the event loop's clock; later ones do not move when one is late."""
    await asyncio.sleep(time_s - asyncio.get_running_loop().time())


@cache
def _hum(rate_hz: int) -> bytes:
    """One second of a voice-like sound that joins its own beginning: harmonics to 3 kHz, four syllables."""
    time_s = np.arange(rate_hz) / rate_hz
    harmonics = range(1, 3_000 // PITCH_HZ + 1)
    voice = sum(np.cos(2 * np.pi * PITCH_HZ * nth * time_s + nth * nth) / nth for nth in harmonics)
    swelling = 0.75 + 0.25 * np.cos(2 * np.pi * SYLLABLES_HZ * time_s)
    sound = np.asarray(voice * swelling)
    return bytes((sound / np.abs(sound).max() * PEAK).astype("<i2"))
