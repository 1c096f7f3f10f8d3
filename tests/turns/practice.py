"""Sentences to learn from that no audio is made of: the LANGUAGE.practice.txt beside this file.

Up to ` | ` nobody could have finished, up to ` / ` one could have; whoever ends in `~` wants to go on. All cuts of a
line together count as much as its end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from telephony.bench.turns.corpus import LANGUAGES


@dataclass(frozen=True, slots=True)
class Example:
    """Something to learn from: what was said, in which language, whether more has to come, and how much it counts."""

    text: str
    language: str
    finished: bool
    weight: float = 1.0


def practice() -> Iterator[Example]:
    """All of them."""
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
