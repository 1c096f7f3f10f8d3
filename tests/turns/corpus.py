"""What callers say on the phone, labelled: finished, cut where people pause to think, listening, or taking the floor.

The files beside this one are LANGUAGE.HALF.txt, and LANGUAGE.practice.txt to learn from. A line is an utterance;
` | ` in it is where the caller pauses in the middle of a turn. A heading, `== KIND`, holds for the lines below it; what
was asked for may stand in it, with the number of figures where that is known:
`== digits 6, asked: What is your order number?`

Rule: who tunes looks at the tuning half only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Half = Literal["tuning", "held_back"]

HALVES: tuple[Half, ...] = ("tuning", "held_back")
LANGUAGES = ("en", "de", "es", "fr")
WHOLE_KINDS = ("question", "request", "statement", "answer", "name", "date", "number", "closing")
CUT_KINDS = ("open_word", "hesitation", "opener", "clause", "list", "figures")
ENTITY_KINDS = ("digits", "phone", "card", "date", "spelling", "email", "address", "amount")
LISTENING_KINDS = ("backchannel", "takes_floor")

_HEADING = re.compile(r"== (?P<kind>\w+)(?: (?P<length>\d+))?(?:, asked: (?P<asked>.+))?")


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a caller has said when they fall silent; `then` is how they go on, empty when they have finished.

    `asked` is the agent's question before it, and `length` the number of figures or letters that it asked for.
    """

    text: str
    then: str
    kind: str
    language: str
    half: Half
    asked: str = ""
    length: int | None = None

    @property
    def finished(self) -> bool:
        return not self.then

    @property
    def whole(self) -> str:
        """All that is said, in one."""
        return f"{self.text} {self.then}".strip()


@cache
def utterances(half: Half | None = None) -> tuple[Utterance, ...]:
    """The whole corpus, or one half of it, in the order of its files."""
    halves = (half,) if half else HALVES
    return tuple(each for language in LANGUAGES for one in halves for each in _read(language, one))


def as_recognised(text: str) -> str:
    """The same words as a recogniser gives them that knows neither case nor punctuation."""
    return " ".join(re.findall(r"[^\W_]+(?:['’-][^\W_]+)*'?", text.lower()))


def _read(language: str, half: Half) -> Iterator[Utterance]:
    kind, asked, length = "", "", None
    for line in Path(__file__).with_name(f"{language}.{half}.txt").read_text(encoding="utf-8").splitlines():
        if heading := _HEADING.fullmatch(line):
            kind, asked = heading["kind"], heading["asked"] or ""
            length = int(heading["length"]) if heading["length"] else None
        elif line:
            text, _, then = line.partition(" | ")
            yield Utterance(text, then, kind, language, half, asked, length)


@dataclass(frozen=True, slots=True)
class Example:
    """Something to learn from: what was said, in which language, whether more has to come, and how much it counts."""

    text: str
    language: str
    finished: bool
    weight: float = 1.0


def practice() -> Iterator[Example]:
    """Sentences to learn from that no audio is made of: LANGUAGE.practice.txt.

    Up to ` | ` nobody could have finished, up to ` / ` one could have; whoever ends in `~` wants to go on. All cuts of
    a line together count as much as its end.
    """
    for language in LANGUAGES:
        for line in Path(__file__).with_name(f"{language}.practice.txt").read_text(encoding="utf-8").splitlines():
            said = ""
            for part, sign in _parts(line):
                said = f"{said} {part}".strip()
                weight = 1 / line.count(" | ") if sign == "|" else 1.0
                yield Example(said, language, sign not in ("|", "~"), weight)


def _parts(line: str) -> Iterator[tuple[str, str]]:
    """Each piece of a line with the sign after it."""
    *pieces, last = re.split(r" ([|/]) ", line)
    yield from zip(pieces[::2], pieces[1::2], strict=True)
    yield last.rstrip("~"), last[len(last.rstrip("~")) :]
