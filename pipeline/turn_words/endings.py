"""How likely an English sentence ends after its last word, and after its last two. Rule: what is not there is unknown.

The table comes from the language model in pocketsphinx's wheel, whose licence lies beside it;
tests/turns/make_endings.py makes it.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("english_endings.txt")
BEGINNING = "^"
MIDDLE = 4.0
SPREAD = 2.0


def levels(said: list[str]) -> tuple[float, float]:
    """The level of the last word alone, and of the last word after the one before it, from -2 (likely an end) to 2.5.

    An unknown word is in the middle, at 0.
    """
    known = _table().get(said[-1])
    if known is None:
        return 0.0, 0.0
    alone, after = known
    return alone, after.get(said[-2] if len(said) > 1 else BEGINNING, alone)


@cache
def _table() -> Mapping[str, tuple[float, Mapping[str, float]]]:
    lines = (line.split() for line in FILE.read_text(encoding="utf-8").splitlines())
    return {word: (_level(level), dict(_pair(pair) for pair in pairs)) for word, level, *pairs in lines}


def _pair(pair: str) -> tuple[str, float]:
    before, _, level = pair.partition(":")
    return before, _level(level)


def _level(figure: str) -> float:
    return (int(figure) - MIDDLE) / SPREAD
