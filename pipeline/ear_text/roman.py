"""Roman numbers. Rule: read after a word that is numbered so, or a ruler's name; elsewhere they are letters."""

import re

from pipeline import number_words
from pipeline.ear_text.tongue import Tongue

_NUMBER = r"(?P<roman>(?=[IVXL])(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3}))(?![\w-]|['’](?!s\b))"
_STOP = r"(?:\.(?=[,;:)]|\s[a-zäöüß]))?"
"""Makes it an ordinal in German, where the sentence goes on."""
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}


def after(words: str) -> str:
    """Where a number stands after one of these words."""
    return rf"(?P<before>(?<!\w)(?P<word>{words})[ \u00a0]){_NUMBER}{_STOP}"


def short_after(words: str) -> str:
    """Where that may be a number of one letter."""
    return rf"(?<!\w)(?:{words})[ \u00a0][IVX]\b"


def counted(found: re.Match[str], tongue: Tongue) -> str | None:
    """E.g. Chapter IV -> Chapter four; the I in Part I like may be a person."""
    if found["roman"] == "I" and tongue.code == "en" and re.match(r"\s+[a-z]", found.string[found.end() :]):
        return None
    return number_words.cardinal(_value(found["roman"]), tongue.code)


def reigning(found: re.Match[str], tongue: Tongue) -> str | None:
    """E.g. Henry VIII -> Henry the eighth."""
    return tongue.reigning(found, _value(found["roman"]))


def _value(roman: str) -> int:
    values = [_VALUES[letter] for letter in roman]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))
