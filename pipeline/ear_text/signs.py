"""Abbreviations, acronyms, single signs and the ends of lines. Rule: a reader gets a match and gives words, or None."""

import re

from pipeline import number_words
from pipeline.ear_text.tongue import Tongue

ACRONYM = r"(?<![\w.-])(?P<letters>[A-Z]{2,5})(?P<plural>s?)(?![\w-])"
SLASH = r"(?<=[\w€$£])[ ]?/[ ]?(?=[^\W\d_])|(?<=\d)/(?=\d)"
SIGN = r"[ ]?(?P<sign>[&@%+=×÷°→⇒<>€$£#~±*^{}|\\_\[\]≈≥≤])[ ]?"
LETTER_AND_SIGNS = r"(?<![\w#+])(?P<letter>[A-G])(?P<signs>#|\+\+)(?![\w#+])"
LINE_END = r"(?<=[\w)\]%€$£°\"”’])(?=[ \t]*\n)"
_SAID_AS_WORDS = frozenset(("HMM", "SHH", "PSST", "MR", "MRS", "MS", "DR", "ST"))
_BEFORE, _AFTER = re.compile(r"(?<![A-Za-z])([A-Z]{2,})[ ]$"), re.compile(r"[ ]([A-Z]{2,})(?![A-Za-z])")


def abbreviated(tongue: Tongue) -> str:
    """Where the abbreviations of a language stand."""
    names = "|".join(re.escape(name) for name in sorted(tongue.abbreviations, key=len, reverse=True))
    return rf"(?<![\w.])(?P<short>{names})(?!\w)"


def abbreviation(found: re.Match[str], tongue: Tongue) -> str:
    """The words; a full stop that also ends the text stays."""
    ends = found["short"].endswith(".") and not found.string[found.end() :].strip()
    said = tongue.abbreviations[found["short"]]
    return f"{said.removesuffix('.')}." if ends else said


def acronym(found: re.Match[str], tongue: Tongue) -> str | None:
    """Letter by letter where no word can be read, e.g. PDF -> P D F; a word in capitals is a word."""
    letters = found["letters"]
    if letters in _SAID_AS_WORDS:
        return None
    if set(letters) & set("AEIOUY") and (letters not in tongue.spelled or _is_shouted(found, tongue)):
        return None
    return " ".join(letters) + found["plural"]


def _is_shouted(found: re.Match[str], tongue: Tongue) -> bool:
    """Whether a word in capitals that no acronym is stands beside it."""
    beside = _BEFORE.search(found.string, 0, found.start()), _AFTER.match(found.string, found.end())
    words = [word[1] for word in beside if word is not None]
    return any(set(word) & set("AEIOUY") and word not in tongue.spelled for word in words)


def item(found: re.Match[str], tongue: Tongue) -> str:
    """The number of an item in a list."""
    return f"{number_words.cardinal(int(found['number']), tongue.code)},"


def span(found: re.Match[str], tongue: Tongue) -> str:
    """From one number to another."""
    return f" {tongue.words['to']} "


def per_unit(found: re.Match[str], tongue: Tongue) -> str:
    """Per a unit that is written short."""
    return f" {tongue.words['per']} {tongue.units[found['unit']].one}"


def slash(found: re.Match[str], tongue: Tongue) -> str:
    """Per a unit, one word or the other, or a plain slash."""
    before, after = found.string[found.start() - 1], found.string[found.end() : found.end() + 1]
    if after.isdecimal():
        name = "/"
    elif before.isalpha():
        name = "or" if before.islower() and after.islower() else "/"
    else:
        name = "per"
    return f" {tongue.words[name]} "


def letter_and_signs(found: re.Match[str], tongue: Tongue) -> str:
    """A programming language or a note: C# -> C sharp, C++ -> C plus plus."""
    signs = "sharp" if found["signs"] == "#" else f"{tongue.words['+']} {tongue.words['+']}"
    return f"{found['letter']} {signs}"


def sign(found: re.Match[str], tongue: Tongue) -> str | None:
    """A sign by its name, between single spaces; one without a name is not said."""
    name, text, start, end = tongue.words.get(found["sign"], ""), found.string, found.start(), found.end()
    if found["sign"] in tongue.currencies:
        name = tongue.currencies[found["sign"]].major.many
    if found["sign"] == "#" and not text[end : end + 1].isdecimal():
        name = ""
    spaced_before, spaced_after = found[0][0] == " ", len(found[0]) > 1 and found[0][-1] == " "
    between = text[start - 1 : start].isalnum() and text[end : end + 1].isalnum()
    if not name:
        return " " if spaced_before or spaced_after or between else ""
    closing = text[end : end + 1] in ("", *" .,;:!?)\"'”’")
    left = " " if spaced_before or start > 0 else ""
    return left + name + (" " if spaced_after or not closing else "")
