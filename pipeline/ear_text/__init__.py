"""A language model's text made for the ear: what a voice should say for it, and which words of it that is.

Rule: pure and cheap; a text with nothing to change costs one search. In a language that is not known here only markup
and pictures are taken out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pipeline.ear_text import roman
from pipeline.ear_text.languages import TONGUES, known
from pipeline.ear_text.markup import without_markup
from pipeline.ear_text.rules import ENDS_OF_LINES, Rule, Rules, rules_of
from pipeline.ear_text.trace import Change, EarText, rewritten

__all__ = ["EarText", "ear_text"]

_FIGURE = re.compile(r"[\d½¼¾⅓⅔]")
_UNUSUAL = tuple(
    re.compile(pattern)
    for pattern in (
        r"""[^a-zA-Z\u00c0-\u024f \t.,;:!?'"()\-–—…’‘“”„«»‹›¿¡]""",
        r"[A-Z][A-Z]",
        r"""\.[^\S\n]*[^\s"'”’)»]""",
        r"\A[ \t]*[-–—][ \t]",
    )
)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A language made ready: `unusual` finds what may have to change, and so may one of `last_words`."""

    unusual: tuple[re.Pattern[str], ...]
    last_words: frozenset[str]
    rules: Rules

    def has_nothing_in(self, text: str) -> bool:
        """True when a text is surely said as it is written."""
        if any(pattern.search(text) for pattern in self.unusual):
            return False
        return text.rpartition(" ")[2].strip("\"'”’)»") not in self.last_words


def ear_text(text: str, language: str | None = "en") -> EarText:
    """What is said of a text in a language (a tag such as `en` or `de-AT`; None is English). Never raises."""
    reading = _reading(known(language or "en"))
    if reading.has_nothing_in(text):
        return EarText(text, len(text))
    plain = rewritten(text, without_markup(text))
    figures = reading.rules.figures if _FIGURE.search(plain.said) else ()
    rules = (*reading.rules.first, *figures, *reading.rules.last)
    return rewritten(plain.said, _changes(plain.said, rules), plain)


def _changes(text: str, rules: Iterable[Rule]) -> list[Change]:
    """What the rules say of a text; a stretch that a rule took is not read again."""
    taken: list[Change] = []
    for pattern, read in rules:
        for found in pattern.finditer(text):
            start, end = _span(found)
            if any(start < change.end and change.start < end for change in taken):
                continue
            words = read(found)
            if words is not None:
                taken.append(Change(start, end, words))
    return sorted(taken)


def _span(found: re.Match[str]) -> tuple[int, int]:
    """What is replaced: the match without the context before it."""
    context = found.groupdict().get("before")
    return found.end("before") if context else found.start(), found.end()


@cache
def _reading(name: str) -> _Reading:
    tongue = TONGUES.get(name)
    if tongue is None:
        return _Reading(_UNUSUAL, frozenset(), Rules((), (), (ENDS_OF_LINES,)))
    inside = [short for short in tongue.abbreviations if short.isalpha()]
    words = "|".join((*(rf"\b{short}\b" for short in inside), roman.short_after(f"{tongue.numbered}|{tongue.rulers}")))
    return _Reading((*_UNUSUAL, re.compile(words)), frozenset((*tongue.abbreviations, "St.", "St")), rules_of(tongue))
