"""Whether a caller who said this has finished, from the words alone. Rule: pure; one call takes some microseconds."""

import re
from collections.abc import Mapping

from pipeline.turn_words.english import ENGLISH
from pipeline.turn_words.french import FRENCH
from pipeline.turn_words.german import GERMAN
from pipeline.turn_words.grammar import Grammar
from pipeline.turn_words.spanish import SPANISH

UNKNOWN = 0.5

_GRAMMARS: Mapping[str, Grammar] = {"en": ENGLISH, "de": GERMAN, "es": SPANISH, "fr": FRENCH}
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*'?")
_GOES_ON = frozenset("apcbf")
_LONGEST_HOLDING = 6


def finished(words: str, language: str | None) -> float:
    """The probability, 0 to 1, that a caller who said this and fell silent has finished.

    The words may be a partial transcript with or without punctuation and case. A language is a tag such as `de-AT`;
    without one it is told from the words. Without words, or in a language that is not known, it is UNKNOWN.
    """
    said = _WORD.findall(words.lower().replace("’", "'"))
    spoken = _GRAMMARS.get(language[:2].lower()) if language else _likeliest(said)
    if not said or spoken is None:
        return UNKNOWN
    if any(tuple(said[-length:]) in spoken.holding for length in range(1, _LONGEST_HOLDING)):
        return 0.05
    kinds = spoken.kinds.get(said[-1], "")
    if words.rstrip().endswith(("...", "…", ",", "-")):
        return 0.15
    if _GOES_ON & set(kinds) and "z" not in kinds and "y" not in kinds:
        return 0.15 if spoken.kinds.get(said[0], "") != "q" else 0.4
    if kinds in ("x", "s", "l", "v", "q") and len(said) > 1:
        return 0.3
    return 0.95 if words.rstrip().endswith(("?", "!")) else 0.85


def _likeliest(said: list[str]) -> Grammar:
    return max(_GRAMMARS.values(), key=lambda each: sum(word in each.kinds for word in said))
