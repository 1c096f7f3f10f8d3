"""Where a text must not be torn: abbreviations, numbers, dates, list items, links, code. Rule: what is written decides.

An answer about a place uses what stands before it and at most the next word after it.
"""

import re
from collections.abc import Mapping
from enum import Enum

_ALWAYS = {
    "en": "mr mrs ms dr prof st rev gen rep sen gov capt sgt lt mt ft vs approx dept est fig e.g i.e incl excl ext tel "
    "jan feb mar apr jun jul aug sep sept oct nov dec tue tues thu thurs",
    "de": "dr prof hr fr frl nr st tel z.b d.h u.a o.g bzw ca ggf evtl inkl exkl zzgl max mind vgl geb abs i.d.r v.a "
    "z.t str mio mrd tsd jan feb apr aug sep sept okt nov dez z d u",
    "es": "dr dra sr sra srta sres d dña prof ud uds vd vds p.ej ej aprox tel avda av pág págs máx mín sto sta incl "
    "dpto núm nro ee",
    "fr": "m mm dr pr p.ex ex c.-à-d env av bd tél max min apr réf janv févr avr juil sept oct nov déc no",
}
_MAYBE = {
    "en": "etc a.m p.m inc ltd co corp jr sr ave blvd rd hwy min max",
    "de": "etc usw usf std min sek",
    "es": "etc a.m p.m m uu s.a",
    "fr": "etc",
}
_ORDINAL_LANGUAGES = ("de",)
_BEFORE_A_NUMBER = {"no", "nr", "nos", "p", "pp", "art", "núm", "n", "vol", "ch", "s"}
_DAYS = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:Jan|Febr)uary|March|April|May|June|July|August"
    r"|(?:Septem|Octo|Novem|Decem)ber|[A-Z]{2,4}\b"
)
_ORDINAL_BEFORE = re.compile(
    r"(?i)(?:^|\s)(?:am|im|vom|zum|zur|beim|der|die|das|dem|den|des|jede[rnms]?|bis|ab|seit|nach|und|diese[rnms]?|ein"
    r"e[rnms]?)\s+$"
)
_MONTHS_DE = re.compile(r"(?:Jan|Jän|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)")
_ORDINAL_NOUNS = re.compile(r"(?:Stock|Etage|Obergeschoss|OG|Platz|Klasse|Quartal|Jahrhundert|Geburtstag|Advent|Mal)\b")
_TAIL_CHARS = 24
_LAST_WORD = re.compile(r"([^\W\d_](?:[\w.-]*\w)?)\.[\"')\]”’»*_`]*$")
_LAST_FIGURE = re.compile(r"(?<![\w.,:/-])(?:\d{1,2}\.[-–—])?(\d{1,3})\.$")
_ROMAN = re.compile("[ivx]{2,}")
_MARKER_BEFORE = re.compile(r"(?:\n|[:;,]\s)[ \t]*[*_]*\Z")
_NEXT = re.compile(r"[^\S\n]+(\S+)(?=\s)")


class Verdict(Enum):
    """What a full stop means; undecided while the word after it is not there."""

    ENDS = "ends"
    GOES_ON = "goes on"
    UNDECIDED = "undecided"


def _names(spelled: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    return {language: frozenset(names.split()) for language, names in spelled.items()}


_NEVER_ENDS, _MAY_END = _names(_ALWAYS), _names(_MAYBE)


def stop_at(text: str, mark: re.Match[str], language: str) -> tuple[Verdict, int]:
    """What a mark means, and how much of the text one needs to know it."""
    end = mark.end()
    if open_span(text[:end]):
        return Verdict.GOES_ON, end + 1
    if not mark[0].startswith(".") or mark[0].startswith(".."):
        return Verdict.ENDS, end + 1
    tail_from = max(mark.start() - _TAIL_CHARS, 0)
    if (figure := _LAST_FIGURE.search(text[tail_from : mark.start() + 1])) is not None:
        return _after_figure(text, tail_from + figure.start(), end, language)
    word = _LAST_WORD.search(text[tail_from:end])
    if word is None:
        return Verdict.ENDS, end + 1
    return _after_word(text, word[1].lower(), end, language)


def _after_word(text: str, name: str, end: int, language: str) -> tuple[Verdict, int]:
    if name in _NEVER_ENDS.get(language, _NEVER_ENDS["en"]) or _is_initial(name):
        return Verdict.GOES_ON, end + 1
    if name in _BEFORE_A_NUMBER:
        return _before_number(text, end)
    if language in _ORDINAL_LANGUAGES and _ROMAN.fullmatch(name):
        return _ordinal_or_end(text, end)
    if name not in _MAY_END.get(language, _MAY_END["en"]) or text[end] == "\n":
        return Verdict.ENDS, end + 1
    following = _NEXT.match(text, end)
    if following is None:
        return Verdict.UNDECIDED, len(text) + 1
    begins = _begins_sentence(following[1], language)
    return (Verdict.ENDS if begins else Verdict.GOES_ON), following.end() + 1


def _before_number(text: str, end: int) -> tuple[Verdict, int]:
    """`No.` is an answer, unless a number follows."""
    if text[end] == "\n":
        return Verdict.ENDS, end + 1
    if len(text) == end + 1:
        return Verdict.UNDECIDED, end + 2
    return (Verdict.GOES_ON if text[end + 1 : end + 2].isdecimal() else Verdict.ENDS), end + 2


def _is_initial(name: str) -> bool:
    """One letter, or letters with full stops between them, unless they tell the half of the day."""
    return len(name) == 1 or (re.fullmatch(r"(?:\w\.)+\w", name) is not None and name not in ("a.m", "p.m"))


def _begins_sentence(word: str, language: str) -> bool:
    """A capital begins one where not every noun has it and no day or month follows."""
    letters = word.lstrip("\"'(“‘«¿¡*_")
    return letters[:1].isupper() and language not in _ORDINAL_LANGUAGES and _DAYS.match(letters) is None


def _after_figure(text: str, at: int, end: int, language: str) -> tuple[Verdict, int]:
    """The number of a list's item, a German ordinal, or the end."""
    if not text[:at].strip():
        return Verdict.GOES_ON, end + 1
    before = text[max(at - _TAIL_CHARS, 0) : at]
    marker = _MARKER_BEFORE.search(before)
    if marker is not None:
        return Verdict.GOES_ON, end + 1
    if language not in _ORDINAL_LANGUAGES:
        return Verdict.ENDS, end + 1
    if _ORDINAL_BEFORE.search(before):
        return Verdict.GOES_ON, end + 1
    return _ordinal_or_end(text, end)


def _ordinal_or_end(text: str, end: int) -> tuple[Verdict, int]:
    """A German number goes on when what is numbered follows, or no sentence can begin."""
    if text[end] == "\n":
        return Verdict.ENDS, end + 1
    following = _NEXT.match(text, end)
    if following is None:
        return Verdict.UNDECIDED, len(text) + 1
    word = following[1]
    ordinal = word[0].islower() or _MONTHS_DE.match(word) or _ORDINAL_NOUNS.match(word)
    return (Verdict.GOES_ON if ordinal else Verdict.ENDS), following.end() + 1


def open_span(before: str) -> bool:
    """Whether a link or a code span of the last line is still open where this text ends."""
    line = before[before.rfind("\n") + 1 :]
    return line.count("`") % 2 == 1 or line.rfind("[") > line.rfind("]") or _open_target(line)


def _open_target(line: str) -> bool:
    at = line.rfind("](")
    return at >= 0 and ")" not in line[at:]


def keeps_together(text: str, cut: int) -> bool:
    """Whether a cut here, at white space, would tear a link, code, an abbreviation or a number from its unit."""
    before = text[:cut]
    if open_span(before):
        return True
    last = before[-1:]
    if last.isdecimal() or last in "$€£":
        return True
    tail = before.rstrip(",;:—–\"')]”’»*_`")
    word = _LAST_WORD.search(before[-_TAIL_CHARS:])
    name = word[1].lower() if word is not None else ""
    if name and (any(name in names for names in _NEVER_ENDS.values()) or _is_initial(name)):
        return True
    return tail[-1:].isdecimal() and text[cut + 1 : cut + 2].isdecimal()
