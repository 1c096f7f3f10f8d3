"""A language model's text made for the ear: what a voice should say for it, and which words of it that is.

Rule: pure and cheap; a text with nothing to change costs one search. In a language that is not known here only markup
and pictures are taken out.
"""

import re
from dataclasses import dataclass
from functools import cache

from pipeline.ear_text import signs
from pipeline.ear_text.languages import TONGUES, known
from pipeline.ear_text.markup import without_markup
from pipeline.ear_text.rules import Rule, rules_of
from pipeline.ear_text.trace import Change, EarText, rewritten

__all__ = ["EarText", "ear_text"]

_UNUSUAL = r"""[^\w\s.,;:!?'"()\-–—…’‘“”„«»‹›¿¡]|[\d_\n]|[A-Z]{2}|\w\.\w|^[ \t]*[-–—+][ \t]"""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A language made ready; `unusual` finds what may have to change."""

    unusual: re.Pattern[str]
    rules: tuple[Rule, ...]


def ear_text(text: str, language: str | None = "en") -> EarText:
    """What is said of a text in a language (a tag such as `en` or `de-AT`; None is English). Never raises."""
    reading = _reading(known(language or "en"))
    if reading.unusual.search(text) is None:
        return EarText(text, len(text))
    plain = rewritten(text, without_markup(text))
    return rewritten(plain.said, _changes(plain.said, reading.rules), plain)


def _changes(text: str, rules: tuple[Rule, ...]) -> list[Change]:
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
        return _Reading(re.compile(_UNUSUAL), ((re.compile(signs.LINE_END), lambda _: "."),))
    return _Reading(re.compile(f"{_UNUSUAL}|{signs.abbreviated(tongue)}"), rules_of(tongue))
