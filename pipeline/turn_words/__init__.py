"""Whether a caller who said this has finished, from the words alone. Rule: pure; one call takes some microseconds.

The words are features that are there or not (features.py), each with a weight that tests/turns/fit.py has learned.
"""

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pipeline.turn_words.answers import answers
from pipeline.turn_words.closings import closes
from pipeline.turn_words.english import ENGLISH
from pipeline.turn_words.features import features, words_in
from pipeline.turn_words.french import FRENCH
from pipeline.turn_words.german import GERMAN
from pipeline.turn_words.grammar import Grammar
from pipeline.turn_words.spanish import SPANISH

UNKNOWN = 0.5
CLOSED = 0.97
ANSWERED = 0.8
WEIGHTS = Path(__file__).with_name("weights.txt")

_GRAMMARS: Mapping[str, Grammar] = {"en": ENGLISH, "de": GERMAN, "es": SPANISH, "fr": FRENCH}


def finished(words: str, language: str | None) -> float:
    """The probability, 0 to 1, that a caller who said this and fell silent has finished.

    The words may be a partial transcript with or without punctuation and case. A language is a tag such as `de-AT`;
    without one it is told from the words. Without words, or in a language that is not known, it is UNKNOWN. The first
    call reads the weights. Of a mere answer (`no, thanks`) it is ANSWERED at least.
    """
    found = features_of(words, language)
    if not found:
        return UNKNOWN
    weights = _weights()
    likely = 1 / (1 + math.exp(-sum(weights.get(name, 0.0) * amount for name, amount in found.items())))
    said = words_in(words)
    name = _name(said, language)
    least = CLOSED if closes(said, name) else ANSWERED if answers(words, said, language and name) else 0.0
    return max(likely, least)


def features_of(words: str, language: str | None) -> dict[str, float]:
    """The features of what was said; none where nothing can be told."""
    said = words_in(words)
    name = _name(said, language)
    return features(words, said, _GRAMMARS[name], name) if said and name in _GRAMMARS else {}


def _name(said: list[str], language: str | None) -> str:
    return language[:2].lower() if language else _likeliest(said)


def _likeliest(said: list[str]) -> str:
    return max(_GRAMMARS, key=lambda name: sum(word in _GRAMMARS[name].kinds for word in said))


@cache
def _weights() -> Mapping[str, float]:
    lines = (line.split("\t") for line in WEIGHTS.read_text(encoding="utf-8").splitlines())
    return {name: float(weight) for name, weight in lines}
