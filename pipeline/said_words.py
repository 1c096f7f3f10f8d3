"""Written English -> the words a person says, one by one. Rule: pure; both what is expected and what is heard."""

import re

from pipeline import number_words

Words = tuple[str, ...]

DIGITS: Words = number_words.words(number_words.digits("0123456789"))

_TOKEN = re.compile(
    r"(?<!\d)(?P<time>\d{1,2}[:.]\d\d)(?!\d)"
    r"|(?<!\d)(?P<ordinal>\d{1,2})(?:st|nd|rd|th)\b"
    r"|(?P<figures>\d+)"
    r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)"
)
_HALF_OF_DAY = re.compile(r"\b([ap])\.\s?m\b\.?")


def said_words(text: str, full_hour: Words = ("o'clock",)) -> Words:
    """The words of a text in lower case: `At 7:05 p.m.!` gives `at seven oh five pm`.

    Punctuation is dropped, longer figures are said digit by digit; `full_hour` is said for the minutes of 7:00.
    """
    plain = _HALF_OF_DAY.sub(r"\1m", text.lower().replace("’", "'"))
    found: list[str] = []
    for token in _TOKEN.finditer(plain):
        match token.lastgroup:
            case "time":
                found.extend(time_words(token["time"], full_hour))
            case "ordinal":
                found.extend(ordinal_words(int(token["ordinal"])))
            case "figures":
                found.extend(figures_words(token["figures"]))
            case _:
                found.append(token["word"])
    return tuple(found)


def count_words(number: int) -> Words:
    """A number as it is counted, e.g. 21 -> twenty one."""
    return number_words.words(number_words.cardinal(number))


def ordinal_words(number: int) -> Words:
    """A number as it is said in a date, e.g. 21 -> twenty first."""
    return number_words.words(number_words.ordinal(number))


def time_words(time: str, full_hour: Words = ("o'clock",)) -> Words:
    """A time of day, e.g. 7:30 -> seven thirty, 7.00 -> seven o'clock, 7:05 -> seven oh five."""
    hour, minute = (int(part) for part in re.split("[:.]", time))
    if minute == 0:
        return (*count_words(hour), *full_hour)
    return (*count_words(hour), *(("oh",) if minute < 10 else ()), *count_words(minute))


def figures_words(figures: str) -> Words:
    """A number below 100, or else digit by digit: longer figures, and those that begin with a nought."""
    if len(figures) <= 2 and not (figures.startswith("0") and len(figures) > 1):
        return count_words(int(figures))
    return number_words.words(number_words.digits(figures))
