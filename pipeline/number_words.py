"""Numbers as they are said, after Unicode's CLDR. Rule: pure; what a caller says and what an agent says stand on it."""

from functools import cache, lru_cache
from typing import Literal

from unicode_rbnf import FormatPurpose, RbnfEngine

LANGUAGES = ("en", "de", "es", "fr")
MOST = 10**15

Gender = Literal["", "masculine", "feminine", "neuter"]

_DIGITS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "de": ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
    "es": ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
    "fr": ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
}


@lru_cache(maxsize=4_096)
def cardinal(number: int, language: str = "en", gender: Gender = "") -> str:
    """A number as it is counted, e.g. 21 -> twenty-one; with a gender, as it stands before a noun of that gender.

    From `MOST` on it is said digit by digit.
    """
    if number >= MOST:
        return digits(str(number), language)
    engine = _engine(language)
    rules = engine.format_number(number, FormatPurpose.CARDINAL)
    return rules.text_by_ruleset.get(f"spellout-cardinal-{gender}", rules.text)


@lru_cache(maxsize=1_024)
def ordinal(number: int, language: str = "en", form: str = "") -> str:
    """A number in a row, e.g. 21 -> twenty-first; `form` is CLDR's name of an inflection, e.g. `n` in German."""
    if number >= MOST:
        return digits(str(number), language)
    rules = _engine(language).format_number(number, FormatPurpose.ORDINAL)
    return rules.text_by_ruleset.get(f"spellout-ordinal-{form}", rules.text)


@lru_cache(maxsize=1_024)
def year(number: int, language: str = "en") -> str:
    """A year, e.g. 1999 -> nineteen ninety-nine; Spanish and French count it as any number."""
    if language in ("es", "fr"):
        return cardinal(number, language)
    return _engine(language).format_number(number, FormatPurpose.YEAR).text.replace("oh-", "oh ")


def digits(figures: str, language: str = "en") -> str:
    """One word for each figure, as in a telephone number; anything else is left out."""
    words = _DIGITS[language]
    return " ".join(words[int(figure)] for figure in figures if figure.isdecimal())


def words(spoken: str) -> tuple[str, ...]:
    """The single words of a number that is written with hyphens, e.g. twenty-one -> twenty one."""
    return tuple(spoken.replace("-", " ").split())


@cache
def _engine(language: str) -> RbnfEngine:
    """The rules of one language; they are read once, in some 15 ms."""
    return RbnfEngine.for_language(language)
