"""Written phrases -> the words a person says. Rule: pure; a letter that English lacks stays, to be refused."""

import re
import unicodedata

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
SYMBOLS = {"&": " and ", "%": " percent ", "+": " plus ", "@": " at "}
TOKEN = re.compile(
    r"(?P<time>\d{1,2}[:.]\d\d)(?!\d)"
    r"|(?P<ordinal>\d{1,2})(?:st|nd|rd|th)\b"
    r"|(?P<figures>\d+)"
    r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)"
)


def number_words(number: int) -> tuple[str, ...]:
    """0..99 as spoken, e.g. 21 -> twenty one."""
    if number < 10:
        return (DIGITS[number],)
    if number < 20:
        return (TEENS[number - 10],)
    ten, one = divmod(number, 10)
    return (TENS[ten - 2],) if one == 0 else (TENS[ten - 2], DIGITS[one])


def ordinal_words(number: int) -> tuple[str, ...]:
    """1..99 as spoken in a date, e.g. 21 -> twenty first."""
    *tens, last = number_words(number)
    if last in IRREGULAR_ORDINALS:
        return (*tens, IRREGULAR_ORDINALS[last])
    return (*tens, last[:-1] + "ieth" if last.endswith("y") else last + "th")


def time_words(time: str) -> tuple[str, ...]:
    """A time of day, e.g. 7:30 -> seven thirty, 7.00 -> seven o'clock, 7:05 -> seven oh five."""
    hour, minute = (int(part) for part in re.split("[:.]", time))
    if minute == 0:
        return (*number_words(hour), "o'clock")
    return (*number_words(hour), *(("oh",) if minute < 10 else ()), *number_words(minute))


def figures_words(figures: str) -> tuple[str, ...]:
    """A number below 100, or longer figures digit by digit, as in a telephone number."""
    if len(figures) <= 2:
        return number_words(int(figures))
    return tuple(DIGITS[int(digit)] for digit in figures)


def spoken_words(phrase: str) -> tuple[str, ...]:
    """The words of one phrase, lower case; punctuation is dropped, figures are spelled as they are said."""
    plain = unicodedata.normalize("NFKD", phrase.replace("’", "'").lower())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", plain)
    for symbol, word in SYMBOLS.items():
        plain = plain.replace(symbol, word)
    words: list[str] = []
    for token in TOKEN.finditer(plain):
        kind, text = token.lastgroup, token[token.lastgroup or 0]
        match kind:
            case "time":
                words.extend(time_words(text))
            case "ordinal":
                words.extend(ordinal_words(int(text)))
            case "figures":
                words.extend(figures_words(text))
            case _:
                words.append(text)
    return tuple(words)
