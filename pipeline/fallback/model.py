"""A LanguageModel made of several. Rule: what has been said is said once, whoever goes on.

A reply that breaks off is continued by the next model: it is given the words so far as the agent's own, and asked to
go on. Only whole words are passed on, so that nobody has to finish another's; a model that begins anew all the same
is heard from where the first one stopped, if its words agree.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace

from pipeline.fallback.race import LLM_PATIENCE, Candidate, Patience, Race
from pipeline.providers import Delta, FunctionCall, LanguageModel, Message, Prompt, ProviderError, TextDelta

GO_ON = (
    "Your answer was cut off after the words above. Go on exactly where they stop, with the next word. "
    "Do not repeat any of them, and do not mention this."
)
OVERLAP_WORDS = 8
UNSPACED = "\u2e80"
"""From here on scripts have no spaces between words."""
_WORD = re.compile(r"\s*\S+\s*")
_NO_LETTER = re.compile(r"\W+")


class FallbackModel:
    """Asks the first model that works."""

    def __init__(self, models: Iterable[Candidate[LanguageModel]], patience: Patience = LLM_PATIENCE) -> None:
        self._models = tuple(models)
        self._patience = patience

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Stream one reply; raises ProviderError when no model is left to begin it, or to end it."""
        race: Race[LanguageModel, Delta] = Race(self._models, self._patience)
        spoken = Spoken()
        asked = prompt
        while True:
            async with race.answered(lambda model, asked=asked: model.reply(asked)) as run:  # type: ignore[misc]
                try:
                    async with aclosing(run.rest(lambda: race.next_s)) as deltas:
                        async for delta in deltas:
                            for given in spoken.take(delta):
                                yield given
                except (GeneratorExit, asyncio.CancelledError):
                    run.candidate.worked()
                    raise
                except ProviderError as error:
                    run.candidate.failed(error)
                    if spoken.called:
                        return
                    if not race.waiting:
                        raise
                    asked = spoken.continued(prompt)
                else:
                    run.candidate.worked()
                    for given in spoken.rest():
                        yield given
                    return


@dataclass(slots=True)
class Spoken:
    """What has been passed on of a reply, and the word that is still being made."""

    text: str = ""
    called: bool = False
    _word: str = ""
    _overlap: "_Overlap | None" = None

    def take(self, delta: Delta) -> list[Delta]:
        """What can be passed on now: words as soon as the next one begins, everything else at once."""
        if isinstance(delta, TextDelta) and delta.text:
            words, self._word = _whole(self._word + delta.text)
            return self._said(words)
        if isinstance(delta, FunctionCall):
            self.called = True
            return [*self.rest(), delta]
        return [delta]

    def rest(self) -> list[Delta]:
        """The last word, at the end of the text."""
        word, self._word = self._word, ""
        said = self._said(word)
        if self._overlap is not None:
            said += self._passed(self._overlap.rest())
            self._overlap = None
        return said

    def continued(self, prompt: Prompt) -> Prompt:
        """What the next model is asked; the word under way is forgotten."""
        self._word, self._overlap = "", None
        if not self.text.strip():
            return prompt
        self._overlap = _Overlap(self.text)
        turns = (*prompt.turns, Message("assistant", self.text.strip()), Message("system", GO_ON))
        return replace(prompt, turns=turns)

    def _said(self, words: str) -> list[Delta]:
        return self._passed(self._overlap.take(words) if self._overlap is not None else words)

    def _passed(self, words: str) -> list[Delta]:
        self.text += words
        return [TextDelta(words)] if words else []


def _whole(text: str) -> tuple[str, str]:
    """The words that are complete, and what may still grow."""
    ends = (at for at in range(len(text), 0, -1) if text[at - 1].isspace() or text[at - 1] >= UNSPACED)
    cut = next(ends, 0)
    return text[:cut], text[cut:]


class _Overlap:
    """Drops what a continuation says again: all that was said, or its last few words."""

    def __init__(self, said: str) -> None:
        self._said = _plain(said)
        self._held = ""
        self._settled = False

    def take(self, words: str) -> str:
        """The words that are new; nothing while that is not known yet."""
        if self._settled:
            return words
        self._held += words
        return "" if self._undecided(_plain(self._held)) else self.rest()

    def rest(self) -> str:
        """What is new of the words held."""
        self._settled = True
        held, self._held, plain = self._held, "", _plain(self._held)
        if plain == self._said[: len(plain)]:
            return _after(held, len(plain))
        counts = (len(self._said), *range(OVERLAP_WORDS, 0, -1))
        again = (count for count in counts if count <= len(plain) and self._said[-count:] == plain[:count])
        return _after(held, next(again, 0))

    def _undecided(self, plain: list[str]) -> bool:
        """Whether more words could show that these repeat the beginning or the end of what was said."""
        length = len(plain)
        if length < len(self._said) and self._said[:length] == plain:
            return True
        return any(self._said[-count:][:length] == plain for count in range(length + 1, OVERLAP_WORDS + 1))


def _plain(text: str) -> list[str]:
    """Its words without case and marks."""
    return [word for word in (_NO_LETTER.sub("", part).lower() for part in text.split()) if word]


def _after(text: str, count: int) -> str:
    """What follows so many words that are more than marks."""
    at = 0
    for word in _WORD.finditer(text):
        if count == 0:
            break
        count -= bool(_NO_LETTER.sub("", word.group()))
        at = word.end()
    return text[at:]
