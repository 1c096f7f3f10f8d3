"""What each side understood of what was said. Rule: a word counts where the one who said it says it was said."""

import json
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.audio import FRAME_MS, NARROW_HZ, Frame, bytes_of, frames_of
from pipeline.providers import Hearing, Transcript
from pipeline.providers.embedded_stt import EmbeddedSpeechToText
from telephony.bench.network.playout import Played
from telephony.bench.network.talk import EXCHANGES, Turn
from telephony.wire.speech import trimmed

FRAME_BYTES = bytes_of(FRAME_MS, NARROW_HZ)
EARLY_MS = 600.0
"""By so much a line of the transcript may be dated before its speech; less than a caller waits between turns."""
QUIET = bytes(bytes_of(300, NARROW_HZ))


def words_of(text: str) -> list[str]:
    """The words as they are compared: case and punctuation are none."""
    return re.findall(r"[a-z']+", text.lower())


def word_errors(said: str, heard: str) -> int:
    """Substitutions, deletions and insertions between two sentences."""
    other_words = words_of(heard)
    row = list(range(len(other_words) + 1))
    for nth, word in enumerate(words_of(said), 1):
        above, row[0] = row[0], nth
        for at, other in enumerate(other_words, 1):
            above, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, above + (word != other))
    return row[-1]


@dataclass(slots=True)
class Understood:
    """Words that were said to one side, and how many errors it made of them."""

    words: int = 0
    errors: int = 0

    def add(self, said: str, heard: str) -> None:
        """One sentence."""
        self.words += len(words_of(said))
        self.errors += word_errors(said, heard)

    @property
    def wer_pct(self) -> float | None:
        """Errors in percent of the words; None when nothing was said."""
        return round(100 * self.errors / self.words, 1) if self.words else None


class Judged:
    """All turns of a scene."""

    def __init__(self) -> None:
        self.turns = 0
        self.answered = 0
        self.by_service = Understood()
        self.by_caller = Understood()

    def as_object(self) -> dict[str, Any]:
        """Its part of the JSON object."""
        return {
            "turns": self.turns,
            "answered": self.answered,
            "caller_wer_pct": self.by_service.wer_pct,
            "agent_wer_pct": self.by_caller.wer_pct,
        }


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One line of the service's transcript, at a moment of this machine."""

    who: str
    text: str
    at_ms: float


def transcript_of(recording: Path, answered_ms: float) -> list[TranscriptLine]:
    """The transcript beside a recording; its times count from the answer."""
    lines = [json.loads(line) for line in recording.with_suffix(".jsonl").read_text().splitlines()]
    return [TranscriptLine(line["who"], line["text"], answered_ms + line["at_ms"]) for line in lines]


class Judge:
    """Listens again to what the callers' telephones played."""

    def __init__(self) -> None:
        self._phrases = "\n".join(reply for _, reply in EXCHANGES)
        self._open = AsyncExitStack()
        self._hearing: Hearing
        self._utterance = 0

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            recogniser = await opening.enter_async_context(EmbeddedSpeechToText(1, [self._phrases]))
            self._hearing = await opening.enter_async_context(recogniser.open("en", self._phrases))
            self._open = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def judge(
        self, turns: Sequence[Turn], transcript: Sequence[TranscriptLine], played: Played, judged: Judged
    ) -> None:
        """Add one call's turns."""
        for turn in turns:
            lines = [line for line in transcript if turn.begin_ms - EARLY_MS <= line.at_ms < turn.end_ms - EARLY_MS]
            understood, said = (" ".join(line.text for line in lines if line.who == who) for who in ("caller", "agent"))
            judged.turns += 1
            judged.answered += turn.answered
            judged.by_service.add(turn.said, understood)
            judged.by_caller.add(said, await self._heard(played.between(turn.begin_ms, turn.end_ms)))

    async def _heard(self, pcm: bytes) -> str:
        audible = trimmed(pcm)
        if not audible:
            return ""
        self._utterance += 1
        self._hearing.begin(self._utterance)
        for narrow in frames_of(QUIET + audible + bytes(-len(audible) % FRAME_BYTES) + QUIET, FRAME_BYTES):
            self._hearing.feed(Frame(narrow, b""))
        self._hearing.end(self._utterance)
        async for transcript in self._hearing.transcripts():
            if isinstance(transcript, Transcript) and transcript.final:
                return transcript.text
        return ""
