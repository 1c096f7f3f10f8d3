"""The figures in what was said: `four two double seven` is 4277, `zweiundvierzig` 42. Rule: words to figures."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from pipeline import number_words
from pipeline.entities.vocabulary import VOCABULARIES

_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)?'?|@")
_GERMAN_SCALE = re.compile("(hundert|tausend)")
_LONGEST = 5

Numbers = Mapping[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class Run:
    """Figures that were said in one go: where their words begin and end, and whether each figure had its own word."""

    figures: str
    begins: int
    ends: int
    one_by_one: bool


def tokens(text: str, language: str) -> tuple[str, ...]:
    """The words and figures of a text; hyphens part words, and German numbers are parted at hundreds and thousands."""
    found = _TOKEN.findall(text.lower().replace("’", "'"))
    if language == "de":
        found = [part for word in found for part in _parted(word)]
    return tuple(found)


def runs(said: tuple[str, ...], language: str) -> list[Run]:
    """All runs of figures, in order."""
    between = VOCABULARIES[language].between
    found: list[Run] = []
    for piece in _pieces(said, language):
        last = found[-1] if found else None
        if last and between.issuperset(said[last.ends : piece.begins]):
            single = last.one_by_one and piece.one_by_one
            found[-1] = Run(last.figures + piece.figures, last.begins, piece.ends, single)
        else:
            found.append(piece)
    return found


def _parted(word: str) -> list[str]:
    parts = [part for part in _GERMAN_SCALE.split(word) if part]
    simple = all(part in ("hundert", "tausend") or (_simple(part, "de") is not None) for part in parts)
    return parts if len(parts) > 1 and simple else [word]


def _simple(word: str, language: str) -> int | None:
    return 1 if word in VOCABULARIES[language].ones else _below_hundred(language).get((word,))


def _pieces(said: tuple[str, ...], language: str) -> Iterator[Run]:
    """Each number by itself."""
    words, at = VOCABULARIES[language], 0
    while at < len(said):
        if said[at].isdecimal():
            yield Run(said[at], at, at + 1, len(said[at]) == 1)
            at += 1
            continue
        times = words.repeats.get(said[at], 1)
        value, end = _number(said, at + (times > 1), language)
        if end > at + (times > 1) and (times == 1 or value < 10):
            yield Run(str(value) * times, at, end, value < 10)
            at = end
        else:
            at += 1


def _number(said: tuple[str, ...], at: int, language: str) -> tuple[int, int]:
    """The number that begins here and where its words end: `two hundred and ten`, `forty two`, `oh`."""
    scales = VOCABULARIES[language].scales
    total = 0
    group, end = _small(said, at, language)
    while end < len(said) and (scale := scales.get(said[end])):
        if scale == 1_000:
            total, group = total + (group or 1) * scale, 0
        else:
            group = (group or 1) * scale if scale == 100 else group + scale
        end += 1
        more, after = _small(said, end + (said[end : end + 1] == ("and",)), language)
        if more > 9 or (more and _belongs(said, after, language)):
            group, end = group + more, after
    return total + group, end


def _belongs(said: tuple[str, ...], after: int, language: str) -> bool:
    """A lone figure after `two hundred` is part of it, unless more figures follow that are said one by one."""
    if after >= len(said) or said[after] in VOCABULARIES[language].scales:
        return True
    return not said[after].isdecimal() and _small(said, after, language)[1] == after


def _small(said: tuple[str, ...], at: int, language: str) -> tuple[int, int]:
    """A number below a hundred and where it ends: at its beginning when there is none."""
    words, table = VOCABULARIES[language], _below_hundred(language)
    for length in range(min(_LONGEST, len(said) - at), 0, -1):
        number = table.get(said[at : at + length])
        if number is not None:
            return number, at + length
    if at < len(said) and said[at] in words.zeros:
        return 0, at + 1
    return 0, at


@cache
def _below_hundred(language: str) -> Numbers:
    """Every number below a hundred by its words; read once, in some tens of milliseconds."""
    table = {tuple(re.findall(r"[^\W\d_]+", number_words.cardinal(number, language))): number for number in range(100)}
    if language == "de":
        table |= {("zwo" + word[4:],): number for (word, *_), number in table.items() if word.startswith("zweiund")}
    also = {"de": {"zwo": 2}, "es": {"un": 1}, "fr": {"septante": 70, "octante": 80, "nonante": 90}}
    return table | {(word,): number for word, number in also.get(language, {}).items()}
