"""The rules by which one language reads figures and signs, the surest first. Rule: what one rule took is taken."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from pipeline.ear_text import addresses, amounts, roman, signs
from pipeline.ear_text.tongue import Clock, Day, Tongue

Reader = Callable[[re.Match[str]], str | None]
Rule = tuple[re.Pattern[str], Reader]
Draft = tuple[str, Callable[[re.Match[str], Tongue], str | None]]

MONTHS = 12
SHORT_YEAR = 100
_ISO_DATE = r"(?<![\w-])(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?![\w-])"
ENDS_OF_LINES: Rule = (re.compile(signs.LINE_END), lambda found: ".")
"""A line without a mark is a sentence of its own, in any language."""

_LABEL = (
    r"(?P<before>(?<!\w)(?:CODES)(?:\s(?:is|ist|lautet|es|est))?[\s:#]+)"
    r"(?P<amount>\d{2,}(?:[ -]\d{2,})*)(?![\w.,]\d|\w)"
)
_WHOLE = r"(?:(?P<whole>\d+)(?:[ ](?=\d/)|[ ]?(?=[½¼¾⅓⅔])))?"
_FREE = r"(?<!\w)(?<!\d[.,])"
_SIGN = r"(?P<minus>(?<![^\s(\[\"“:])[-−–](?=[^\s]))?"
_MINUS = r"(?:(?<![^\s(\[\"“:])[-−–](?=[^\s]))?"


class Rules(NamedTuple):
    """All rules of a language in their order; those for `figures` are of use only where there are some."""

    first: tuple[Rule, ...]
    figures: tuple[Rule, ...]
    last: tuple[Rule, ...]


def rules_of(tongue: Tongue) -> Rules:
    """The rules of a language, made ready."""
    number = f"(?:{tongue.number})"
    first: list[Draft] = [
        (addresses.EMAIL, addresses.email),
        (addresses.URL, addresses.url),
        (r"(?<!\w)ISBN(?!\w)", _phrase("I S B N")),
        *((pattern, _phrase(said)) for pattern, said in tongue.phrases),
    ]
    figures: list[Draft] = [
        (addresses.ISBN, addresses.isbn),
        *((pattern, _date) for pattern in (_ISO_DATE, *tongue.dates)),
        (addresses.PHONE, addresses.phone),
        *((pattern, _time) for pattern in tongue.times),
        *_amounts(tongue, number),
        *((pattern, _own(reader)) for pattern, reader in tongue.ordinals),
        (rf"{_FREE}[vV]?\d+(?:\.\d+){{2,}}(?![\w])", amounts.dotted),
        (rf"{_FREE}{_WHOLE}(?P<share>\d/\d\d?|[½¼¾⅓⅔])(?![\w/])", amounts.fraction),
        (_LABEL.replace("CODES", tongue.codes), amounts.labelled),
        (addresses.CODE, addresses.code),
        (r"(?P<before>(?:^|(?<=\n))[ \t]*)(?P<number>\d{1,3})[.)](?=[ \t])", signs.item),
        (rf"(?:{_FREE}|(?<=\dx))(?P<amount>{_MINUS}{number})(?:(?!\w)|(?=x\d))", amounts.plain),
        (
            r"(?<=[\d€%k])\s?[-–—]\s?(?=[$€£]?\d)|(?:(?<=[ap]m)|(?<=[AP]M)|(?<=[ap]\.m\.)|(?<=[AP]\.M\.)|(?<=\d[hH]))\s?[-–—]\s?(?=\d)",
            signs.span,
        ),
        (r"(?<=\d)[ ]?(?P<sign>x)[ ]?(?=[$€£]?\d)", signs.sign),
        (rf"(?<=[\d€$£])[ ]?/[ ]?(?P<unit>{_any_of(tongue.units)})(?!\w)", signs.per_unit),
    ]
    return Rules(
        _ready(first, tongue), _ready(figures, tongue), (*_ready(_words_and_signs(tongue), tongue), ENDS_OF_LINES)
    )


def _ready(drafts: Iterable[Draft], tongue: Tongue) -> tuple[Rule, ...]:
    return tuple((re.compile(pattern), _for(tongue, read)) for pattern, read in drafts)


def _words_and_signs(tongue: Tongue) -> list[Draft]:
    return [
        (roman.after(tongue.numbered), roman.counted),
        (roman.after(tongue.rulers), roman.reigning),
        (signs.abbreviated(tongue), signs.abbreviation),
        (signs.ACRONYM, signs.acronym),
        (signs.SLASH, signs.slash),
        (signs.LETTER_AND_SIGNS, signs.letter_and_signs),
        (signs.SIGN, signs.sign),
    ]


def _amounts(tongue: Tongue, number: str) -> list[Draft]:
    names = _any_of(tongue.currencies)
    scales = _any_of(tongue.scales)
    units = _any_of(tongue.units)
    scale = rf"(?:[ \u00a0]?(?P<scale>(?i:{scales}))(?!\w)(?:\.(?=\s*\S))?)?"
    return [
        (rf"(?<!\w){_SIGN}(?P<currency>{names})[ \u00a0]?(?P<amount>{number}){scale}(?!\w)", amounts.price),
        (rf"{_FREE}{_SIGN}(?P<amount>{number}){scale}[ \u00a0]?(?P<currency>{names})(?!\w)", amounts.price),
        (rf"{_FREE}(?P<amount>{_MINUS}{number})[ \u00a0]?%", amounts.percent),
        (rf"{_FREE}(?P<amount>{_MINUS}{number})[ \u00a0]?(?P<unit>{units})(?![\w²³])", amounts.measure),
    ]


def _any_of(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _for(tongue: Tongue, reader: Callable[[re.Match[str], Tongue], str | None]) -> Reader:
    return lambda found: reader(found, tongue)


def _phrase(said: str) -> Callable[[re.Match[str], Tongue], str]:
    return lambda found, tongue: found.expand(said)


def _own(reader: Reader) -> Callable[[re.Match[str], Tongue], str | None]:
    return lambda found, tongue: reader(found)


def _time(found: re.Match[str], tongue: Tongue) -> str | None:
    half = (found.groupdict().get("half") or "").lower()
    clock = Clock(int(found["hour"]), int(found["minute"] or 0), f"{half}m" if half else "")
    said = tongue.say_time(clock)
    return said.removesuffix(".") if found.string.startswith(".", found.end()) else said


def _date(found: re.Match[str], tongue: Tongue) -> str | None:
    """A day that no calendar has is no date."""
    groups = found.groupdict()
    name, day, year = groups["month"], int(groups["day"]), int(groups.get("year") or 0)
    month = int(name) if name.isdecimal() else tongue.months.get(name.lower(), 0)
    if name.isdecimal() and month > MONTHS:
        day, month = month, day
    if not (1 <= day <= 31 and 1 <= month <= MONTHS):
        return None
    if 0 < year < SHORT_YEAR:
        year += 2_000
    day_first = found.start("day") < found.start("month")
    return tongue.say_date(Day(day, month, year, int(groups.get("last") or 0), groups.get("before") or "", day_first))
