"""A TextToSpeech made of several. Rule: a sentence that breaks off is continued from its first unspoken word.

Where that is, a voice that times its words has told; of another it is estimated from how fast it has spoken so far, and
rather a word too late than twice. A voice may fall silent for as long as what it made is still being heard; until its
first sound it has not begun, whatever silence it gives.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from pipeline.audio import Narrow, Speech, speech_ms
from pipeline.fallback.race import TTS_PATIENCE, Candidate, Patience, Race, now_ms
from pipeline.providers import ProviderError, Reached, TextToSpeech

MS_PER_CHAR = 65.0
LEARNS = 0.3
_WORD_END = re.compile(r"(?<=\S)(?=\s|$)")


@dataclass(slots=True)
class Pace:
    """How long a voice takes for a character at speed 1; learned from what it has spoken to its end."""

    ms_per_char: float = MS_PER_CHAR

    def learn(self, chars: int, audio_ms: float) -> None:
        """One text and its audio."""
        if chars >= 10 and audio_ms:
            self.ms_per_char += LEARNS * (audio_ms / chars - self.ms_per_char)


@dataclass(frozen=True, slots=True)
class Speaker:
    """One voice provider; `voice_for` gives its own voice for the name that a session asks for."""

    provider: TextToSpeech
    voice_for: Callable[[str], str]
    pace: Pace = field(default_factory=Pace)


class FallbackVoice:
    """Speaks with the first voice that works."""

    def __init__(self, speakers: Iterable[Candidate[Speaker]], patience: Patience = TTS_PATIENCE) -> None:
        self._speakers = tuple(speakers)
        self._patience = patience

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[Speech | Reached, None]:
        """Speech as from one voice; raises ProviderError when no voice is left to begin it, or to end it."""
        race: Race[Speaker, Speech | Reached] = Race(self._speakers, self._patience)
        at, made_ms = 0, 0.0
        while True:
            part = _Part(text[at:], now_ms())
            async with race.answered(
                lambda who, left=part.text: _audible(who.provider.speak(left, who.voice_for(voice), speed))  # type: ignore[misc]
            ) as run:
                try:
                    async with aclosing(run.rest(lambda part=part: part.limit_s(race.next_s))) as given:  # type: ignore[misc]
                        async for piece in given:
                            yield part.take(piece, at, made_ms)
                except (GeneratorExit, asyncio.CancelledError):
                    run.candidate.worked()
                    raise
                except ProviderError as error:
                    run.candidate.failed(error)
                    at += part.spoken_chars(run.candidate.provider.pace.ms_per_char / speed)
                    made_ms += part.audio_ms
                    if not text[at:].strip():
                        return
                    if not race.waiting:
                        raise
                else:
                    run.candidate.worked()
                    run.candidate.provider.pace.learn(len(part.text), part.audio_ms * speed)
                    return


async def _audible(pieces: AsyncIterator[Speech | Reached]) -> AsyncGenerator[Speech | Reached, None]:
    """What a voice gives, as soon as there is a sound in it; nothing when there is none."""
    held: list[Speech | Reached] | None = []
    try:
        async for piece in pieces:
            if held is None:
                yield piece
                continue
            held.append(piece)
            if not isinstance(piece, Reached) and (piece.pcm if isinstance(piece, Narrow) else piece).strip(b"\0"):
                for each in held:
                    yield each
                held = None
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


@dataclass(slots=True)
class _Part:
    """What one voice is to speak, and how far it came."""

    text: str
    begun_ms: float
    audio_ms: float = 0.0
    words: list[Reached] = field(default_factory=list)

    def limit_s(self, next_s: float | None) -> float | None:
        """How long the next chunk may take: that long after all that was made has been heard, if played at once."""
        return None if next_s is None else next_s + max(0.0, self.begun_ms + self.audio_ms - now_ms()) / 1_000

    def take(self, piece: Speech | Reached, chars: int, before_ms: float) -> Speech | Reached:
        """The next piece, as one of the whole: `chars` and `before_ms` were spoken by others."""
        if isinstance(piece, Reached):
            self.words.append(piece)
            return Reached(chars + piece.chars, before_ms + piece.audio_ms)
        if not self.audio_ms:
            self.begun_ms = now_ms()
        self.audio_ms += speech_ms(piece)
        return piece

    def spoken_chars(self, ms_per_char: float) -> int:
        """Where the next voice begins: at the end of the last word of which most has been spoken."""
        ends = [match.start() for match in _WORD_END.finditer(self.text)]
        if not self.audio_ms or not ends:
            return 0
        return _timed(self.words, self.audio_ms, ends) if self.words else _estimated(self.audio_ms / ms_per_char, ends)


def _timed(words: Sequence[Reached], audio_ms: float, ends: Sequence[int]) -> int:
    """The last word that was finished, or the one after it when half of that is likely to be out."""
    done = [word for word in words if word.audio_ms <= audio_ms]
    last = max(done, key=lambda word: word.chars, default=Reached(0, 0.0))
    after = next((end for end in ends if end > last.chars), None)
    if after is None:
        return last.chars
    later = next((word for word in words if word.chars > last.chars), None)
    pace = last.audio_ms / last.chars if last.chars else MS_PER_CHAR
    length_ms = later.audio_ms - last.audio_ms if later else (after - last.chars) * pace
    return after if audio_ms - last.audio_ms > length_ms / 2 else last.chars


def _estimated(chars: float, ends: Sequence[int]) -> int:
    """The end of the word that was being spoken."""
    return next((end for end in ends if end >= chars), ends[-1])
