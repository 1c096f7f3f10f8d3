"""What one language brings to reading aloud: its signs, nouns and ways to say times and dates. Rule: values only."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.number_words import Gender


class Noun(NamedTuple):
    """Something that is counted."""

    one: str
    many: str
    gender: Gender = ""


class Currency(NamedTuple):
    """A currency and its hundredth, if it has one."""

    major: Noun
    minor: Noun | None


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as it was written; `half` is `am`, `pm` or nothing."""

    hour: int
    minute: int
    half: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A date as it was written, `last` when it spans days; 0 means none. `before` are the words before it."""

    day: int
    month: int
    year: int = 0
    last: int = 0
    before: str = ""
    day_first: bool = False


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language. Patterns are parts of regular expressions.

    `number` is a plain number with its fraction, `decimal` the marks between them. `words` names the signs.
    `dates` have the groups `day`, `month` (a name or a number) and may have `year`, `last` and `before`; `times` have
    `hour`, `minute` and `half`. `ordinals` are patterns and readers, which may refuse. `abbreviations` are literal,
    `phrases` patterns with what is said for them. `codes` are words after which figures are read one by one, `years`
    from when to when four figures are a year. Prices: `price_and` stands before the hundredths, which are named when
    `names_hundredths`; `of_scale` stands between a million and its noun. `agrees` guesses the
    gender in which a number stands before a noun. Roman numbers are read after words that are `numbered`, and by
    `reigning` after the names of `rulers`. A group `before` is context and not replaced.
    """

    code: str
    number: str
    decimal: str
    single_decimals: bool
    words: Mapping[str, str]
    currencies: Mapping[str, Currency]
    units: Mapping[str, Noun]
    scales: Mapping[str, str]
    of_scale: str
    price_and: str
    names_hundredths: bool
    fractions: Mapping[str, str]
    months: Mapping[str, int]
    dates: tuple[str, ...]
    times: tuple[str, ...]
    say_time: Callable[[Clock], str]
    say_date: Callable[[Day], str]
    ordinals: tuple[tuple[str, Callable[[re.Match[str]], str | None]], ...]
    abbreviations: Mapping[str, str]
    phrases: tuple[tuple[str, str], ...]
    codes: str
    years: tuple[int, int]
    numbered: str
    rulers: str
    reigning: Callable[[re.Match[str], int], str | None]
    agrees: Callable[[str], Gender] = lambda word: ""
    phone_pairs: bool = False
    spelled: frozenset[str] = field(default_factory=frozenset)
