"""How much of what is awaited is there. Rule: an answer that gives none of it is judged by its words alone."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from pipeline.entities.awaited import Awaited, Kind
from pipeline.entities.figures import Run, runs, tokens
from pipeline.entities.vocabulary import MAY_GO_ON, TOP_LEVELS, VOCABULARIES, Vocabulary

THERE: Final = 1.0
PERHAPS: Final = 0.6
NOT_YET: Final = 0.0

_LONGEST_NUMBER: Final = 12
_CARD: Final = 16
_SHORT: Final = 2
_TALE: Final = 7
_ONLY_IN_ADDRESSES: Final = frozenset(("@", "arroba", "arobase", "klammeraffe"))
_WRITTEN_EMAIL: Final = re.compile(r"\S+@\S+\.[a-z]{2,}\b", re.IGNORECASE)
_WRITTEN_DATE: Final = re.compile(r"\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b")
_WRITTEN_AMOUNT: Final = re.compile(r"[$€£]\s?\d|\d\s?[$€£]")
_YEAR: Final = re.compile(r"(?:1[89]|20)\d\d$")
_BIRTH_DATE_IN_FIGURES: Final = re.compile(r"\d{3,4}(?:1[89]|20)\d\d|\d{4}[3-9]\d")
_SHORTEST_BIRTH_DATE: Final = 6
_DATE_IN_FIGURES: Final = re.compile(r"\d{2,8}")
_EXACT_TIME: Final = 3
_BEFORE_HOURS: Final = frozenset(("past", "to", "halb", "nach", "vor"))

Said = tuple[str, ...]
Filling = Callable[[str, Said, Awaited, str], float | None]


def filled(words: str, wanted: Awaited | None, language: str | None = None) -> float | None:
    """How likely what is awaited has been said in full: THERE, PERHAPS or NOT_YET; None when none of it was said.

    With nothing awaited, somebody who is evidently in the middle of figures, a spelling or an address has NOT_YET said
    it. A language is a tag such as `de-AT`; without one, and in one that is not known, English is read.
    """
    name = language[:2].lower() if language else "en"
    name = name if name in VOCABULARIES else "en"
    said = tokens(words, name)
    if not said:
        return None
    if wanted is None:
        return _in_the_middle(words, said, name)
    found = _FILLINGS[wanted.kind](words, said, wanted, name)
    return found if found is not None else _in_the_middle(words, said, name)


def _digits(words: str, said: Said, wanted: Awaited, language: str) -> float | None:
    figures = _figures(said, language)
    return None if not figures else _counted(len(figures), wanted, open_end=_repeats(said, language))


def _card(words: str, said: Said, wanted: Awaited, language: str) -> float | None:
    """Most have sixteen figures; those that begin with 34 or 37 have fifteen."""
    shorter = _figures(said, language)[:2] in ("34", "37") and wanted.most == _CARD
    return _digits(words, said, Awaited("card", _CARD - 1, _CARD - 1) if shorter else wanted, language)


def _code(words: str, said: Said, wanted: Awaited, language: str) -> float | None:
    """Figures and single letters, mixed."""
    spoken = len(_letters(said, language)) + sum(len(run.figures) for run in runs(said, language))
    return None if not spoken else _counted(spoken, wanted, open_end=_ends_in(said, VOCABULARIES[language].example))


def _spelling(words: str, said: Said, wanted: Awaited, language: str) -> float | None:
    letters = _letters(said, language)
    if not letters:
        return None
    if _ends_in(said, VOCABULARIES[language].example) or _repeats(said, language) or len(letters) < 2:
        return NOT_YET
    if wanted.most is not None:
        return _counted(len(letters), wanted, open_end=False)
    spelled = "".join(letters)
    whole = [word for word in said if len(word) > 2 and word[0] == spelled[0] and word.startswith(spelled)]
    return (THERE if spelled in whole else NOT_YET) if whole else PERHAPS


def _email(words: str, said: Said, wanted: Awaited, language: str) -> float | None:
    vocabulary = VOCABULARIES[language]
    if _WRITTEN_EMAIL.search(words):
        return THERE
    at = max((place for place, word in enumerate(said) if word in vocabulary.at and place), default=None)
    if at is None or not any(word in vocabulary.dot for word in said[at:]):
        begun = at is not None or not vocabulary.dot.isdisjoint(said) or not vocabulary.joins.isdisjoint(said)
        return NOT_YET if begun or _may_begin(words, said, vocabulary) else None
    if _ends_in(said, vocabulary.dot | vocabulary.joins):
        return NOT_YET
    if said[-1] in TOP_LEVELS and said[-2] in vocabulary.dot:
        return PERHAPS if said[-1] in MAY_GO_ON - {"com"} else THERE
    return PERHAPS


def _date(words: str, said: Said, wanted: Awaited, language: str) -> float | None:
    vocabulary = VOCABULARIES[language]
    if _WRITTEN_DATE.search(words):
        return THERE
    numbers = runs(said, language)
    month = next((place for place, word in enumerate(said) if word in vocabulary.months), None)
    day = bool(numbers) or any(word in vocabulary.ordinals for word in said)
    if wanted.kind == "birth_date":
        there = month is not None and _year(said, numbers, month, vocabulary)
    else:
        there = not vocabulary.days.isdisjoint(said) or (month is not None and day)
    if there and not _ends_in(said, vocabulary.frame | vocabulary.between):
        return THERE
    if month is None and (given := _in_figures(said, numbers, wanted, vocabulary)) is not None:
        return given
    if there or month is not None or _ends_in(said, vocabulary.ordinals | vocabulary.frame):
        return NOT_YET
    return None if not day else NOT_YET if numbers and numbers[-1].ends == len(said) else PERHAPS


def _in_figures(said: Said, numbers: list[Run], wanted: Awaited, vocabulary: Vocabulary) -> float | None:
    """A date without the name of a month: `oh three oh five eighty four`, `dritter fünfter achtzig`."""
    figures = "".join(run.figures for run in numbers)
    parts = sum(word in vocabulary.ordinals for word in said)
    if parts > 1:
        return THERE if len(figures) > 1 else NOT_YET if wanted.kind == "birth_date" else PERHAPS
    if parts or not figures:
        return None
    if wanted.kind == "birth_date":
        surely = _BIRTH_DATE_IN_FIGURES.fullmatch(figures)
        return THERE if surely else PERHAPS if len(figures) == _SHORTEST_BIRTH_DATE else None
    return PERHAPS if len(figures) > _SHORT and _DATE_IN_FIGURES.fullmatch(figures) else None


def _year(said: Said, numbers: list[Run], month: int, vocabulary: Vocabulary) -> bool:
    """Whether a year stands with the month: `1984`, or two figures after a month whose day is named already."""
    later = [
        run for run in numbers if run.begins > month and not vocabulary.ordinals.intersection(said[run.ends :][:1])
    ]
    day_named = len(later) < len(numbers) or len(later) > 1 or not vocabulary.ordinals.isdisjoint(said)
    return any(_YEAR.search(run.figures) for run in numbers) or (
        day_named and any(len(run.figures) == 2 for run in later)
    )


def _time(words: str, said: Said, wanted: Awaited, language: str) -> float | None:
    """An hour may be all or have minutes after it; what stands behind it is judged as words are."""
    last = next(iter(runs(said, language)[-1:]), None)
    if last is None or last.ends < len(said):
        return None
    exact = len(last.figures) >= _EXACT_TIME or not _BEFORE_HOURS.isdisjoint(said[: last.begins][-1:])
    return THERE if exact else PERHAPS


def _count(words: str, said: Said, wanted: Awaited, language: str) -> float | None:
    """A number at the end is all, unless a one may follow a ten; several figures in a row are something else."""
    last = next(iter(runs(said, language)[-1:]), None)
    if last is None or last.ends < len(said) or (last.one_by_one and len(last.figures) > 1):
        return None
    return PERHAPS if len(last.figures) > 1 and last.figures.endswith("0") else THERE


def _amount(words: str, said: Said, wanted: Awaited, language: str) -> float | None:
    vocabulary = VOCABULARIES[language]
    numbers = runs(said, language)
    if not numbers:
        return None
    if _WRITTEN_AMOUNT.search(words) or any(word in vocabulary.currencies for word in said[numbers[0].ends :]):
        return NOT_YET if _ends_in(said, vocabulary.between) else THERE
    return NOT_YET if _ends_in(said, vocabulary.between) else PERHAPS


def _address(words: str, said: Said, wanted: Awaited, language: str) -> float | None:
    """A number and the name of a street; where either is missing, more is to come."""
    vocabulary = VOCABULARIES[language]
    numbers = runs(said, language)
    counted = {place for run in numbers for place in range(run.begins, run.ends)}
    names = [word for place, word in enumerate(said) if place not in counted and word not in vocabulary.frame]
    if numbers and names:
        street_follows = language in ("en", "fr") and numbers[-1].ends == len(said)
        return PERHAPS if street_follows or said[-1] in vocabulary.frame else THERE
    return NOT_YET if numbers or (names and _may_begin(words, said, vocabulary)) else None


_FILLINGS: Final[Mapping[Kind, Filling]] = {
    "digits": _digits,
    "phone": _digits,
    "card": _card,
    "code": _code,
    "spelling": _spelling,
    "email": _email,
    "date": _date,
    "birth_date": _date,
    "time": _time,
    "count": _count,
    "amount": _amount,
    "address": _address,
}


def _in_the_middle(words: str, said: Said, language: str) -> float | None:
    """What nobody asked for, but is evidently not all."""
    vocabulary = VOCABULARIES[language]
    last = next(iter(runs(said, language)[-1:]), None)
    if last and last.ends == len(said) and (last.one_by_one or len(last.figures) > 4):
        return _middle_of_figures(said, last, vocabulary)
    letters = _letters(said, language)
    if len(letters) > 1 and (len(said[-1]) == 1 or _ends_in(said, vocabulary.example)):
        return NOT_YET if _ends_in(said, vocabulary.example) else PERHAPS
    in_address = not (vocabulary.dot | _ONLY_IN_ADDRESSES).isdisjoint(said)
    return NOT_YET if in_address and _ends_in(said, vocabulary.at | vocabulary.dot) else None


def _middle_of_figures(said: Said, last: Run, vocabulary: Vocabulary) -> float | None:
    count = len(last.figures)
    announced = any(word in vocabulary.number_nouns for word in said[: last.begins])
    if count >= _LONGEST_NUMBER or (count < 3 and not announced):
        return None
    return NOT_YET if announced and count < 4 else PERHAPS


def _figures(said: Said, language: str) -> str:
    """All figures; a lone one among words (`one moment`) does not count beside longer runs or far from the end."""
    found = runs(said, language)
    long = [run for run in found if len(run.figures) > 1]
    if not long:
        long = [run for run in found if run.ends == len(said)]
    return "".join(run.figures for run in long)


def _counted(count: int, wanted: Awaited, *, open_end: bool) -> float:
    if open_end or count < wanted.least:
        return NOT_YET
    return THERE if wanted.most is not None and count >= wanted.most else PERHAPS


def _repeats(said: Said, language: str) -> bool:
    """Whether it ends in `double`, which goes with the next figure or letter."""
    return said[-1] in VOCABULARIES[language].repeats


def _letters(said: Said, language: str) -> list[str]:
    """What was spelled: single letters, `double T`, and not the words that stand for them (`S as in Sierra`)."""
    vocabulary = VOCABULARIES[language]
    found: list[str] = []
    for place, word in enumerate(said):
        if len(word) == 1 and word.isalpha() and not _is_a_word(said, place, language):
            found.extend(word * vocabulary.repeats.get(said[place - 1] if place else "", 1))
    return found


def _is_a_word(said: Said, place: int, language: str) -> bool:
    """`a` and `I`, `y`, `o` and `e`, `y` and `à` are words unless they stand among other letters."""
    if said[place] not in {"en": "ai", "es": "aeoy", "fr": "àay"}.get(language, ""):
        return False
    after = said[place + 1 : place + 3]
    repeated = bool(after) and after[0] in VOCABULARIES[language].repeats
    return not (repeated or _all_letters(said[place - 1 : place]) or _all_letters(after, 2))


def _all_letters(words: Said, count: int = 1) -> bool:
    return len(words) == count and all(len(word) == 1 and word.isalpha() for word in words)


def _ends_in(said: Said, words: frozenset[str]) -> bool:
    return said[-1] in words


def _may_begin(words: str, said: Said, vocabulary: Vocabulary) -> bool:
    """Whether this may be the beginning of what was asked for: no question, no "no", no mere "yes", no tale."""
    plain_yes = len(said) <= _SHORT and not vocabulary.assent.isdisjoint(said)
    return not ("?" in words or len(said) > _TALE or plain_yes or not vocabulary.refusal.isdisjoint(said))
