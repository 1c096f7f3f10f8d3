"""What callers say on the phone, labelled: finished, cut where people pause to think, listening, or taking the floor.

The files are tests/turns/LANGUAGE.HALF.txt. A line is an utterance; ` | ` in it is where the caller pauses in the
middle of a turn. A heading, `== KIND`, holds for the lines below it; what was asked for may stand in it, with the
number of figures where that is known: `== digits 6, asked: What is your order number?`

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

FOLDER = Path(__file__).parents[3] / "tests" / "turns"

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
        """Whether the caller has finished with `text`."""
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
    for line in (FOLDER / f"{language}.{half}.txt").read_text(encoding="utf-8").splitlines():
        if heading := _HEADING.fullmatch(line):
            kind, asked = heading["kind"], heading["asked"] or ""
            length = int(heading["length"]) if heading["length"] else None
        elif line:
            text, _, then = line.partition(" | ")
            yield Utterance(text, then, kind, language, half, asked, length)
