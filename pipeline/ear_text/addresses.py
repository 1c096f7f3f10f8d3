"""E-mail and web addresses, telephone numbers, codes of letters and figures. Rule: said as one would dictate them."""

import re

from pipeline import number_words
from pipeline.ear_text.amounts import figures
from pipeline.ear_text.tongue import Tongue

EMAIL = r"(?<![\w.+-])(?:mailto:)?[\w+-]+(?:\.[\w+-]+)*@[\w-]+(?:\.[\w-]+)+"
_ENDINGS = "com|org|net|edu|gov|info|io|ai|app|dev|shop|eu|co|uk|de|at|ch|es|fr|it|nl|be|us|ca|au|mx|me|tv"
URL = (
    r"(?:https?://|\bwww\.)[^\s<>\"“”]*[^\s<>\"“”.,;:!?)\]'’…]"
    rf"|(?<![\w@.-])(?:[a-zA-Z0-9-]+\.)+(?:{_ENDINGS})(?![\w@-])(?!\.\w)(?:/[\w./~%+-]*[\w/])?"
)
PHONE = (
    r"(?<![\w+.,/-])(?<!\d:)(?!(?<=\d[ \u00a0\u202f])0\d\d(?:[ \u00a0\u202f]\d{3})+(?!\d))(?:"
    r"(?:\+|00)[1-9]\d{0,2}(?:[ \u00a0./-]{0,2}\(?\d{1,5}\)?){2,6}"
    r"|\(\d{2,5}\)[ \u00a0]?\d{2,4}(?:[ \u00a0./-]\d{2,4}){0,4}"
    r"|(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}"
    r"|[2-9]\d{2}-\d{4}"
    r"|0\d{1,5}(?:[ \u00a0./-]{1,3}\d{2,8}){1,5}"
    r"|[6-9]\d{2}(?!(?:[ \u00a0]000)+(?!\d))(?:[ \u00a0]\d{2,3}){2,3}(?![.,]?\d)"
    r"|[89]\d[ \u00a0]\d{3}(?:[ \u00a0]\d{2}){2}(?![.,]?\d)"
    r"|0\d{6,13}"
    r")(?![\w]|[.,:-]\d)"
)
CODE = r"(?<![\w-])(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z0-9]+(?:-[A-Z0-9]+)*(?![\w-])"
ISBN = (
    r"(?P<before>(?<!\w)ISBN(?:-1[03])?:?\s)?(?<![\w-])"
    r"(?P<number>(?:97[89][ -])?\d{1,5}[ -]\d{1,7}[ -]\d{1,7}[ -][\dX])(?![\w-])"
)
_ADDRESS_PART = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_SPELLED_LENGTH = 2
_ISBN_GROUPS = 5


def email(found: re.Match[str], tongue: Tongue) -> str:
    """E.g. info@example.com -> info at example dot com."""
    return _dictated(found[0].removeprefix("mailto:"), tongue)


def url(found: re.Match[str], tongue: Tongue) -> str:
    """A web address without its scheme, www, query and mark, which nobody says."""
    site = re.sub(r"^(?:https?://)?(?:www\.)?", "", found[0])
    return _dictated(re.split(r"[?#]", site)[0].rstrip("/") or site, tongue)


def _dictated(address: str, tongue: Tongue) -> str:
    host_from = address.find("@") + 1
    host_to = address.find("/") if "/" in address else len(address)
    said: list[str] = []
    for part in _ADDRESS_PART.finditer(address):
        text = part[0]
        in_host = host_from < part.start() < host_to
        if text.isdecimal():
            said.append(_number_in_name(text, tongue))
        elif text[0].isalpha():
            land = in_host and len(text) == _SPELLED_LENGTH and part.end() == host_to
            said.append(" ".join(text.upper()) if land else text)
        else:
            said.append(tongue.words.get(f"address {text}", ""))
    return " ".join(word for word in said if word)


def _number_in_name(figures_there: str, tongue: Tongue) -> str:
    if len(figures_there) <= _SPELLED_LENGTH and figures_there[0] != "0":
        return number_words.cardinal(int(figures_there), tongue.code)
    return number_words.digits(figures_there, tongue.code)


def phone(found: re.Match[str], tongue: Tongue) -> str | None:
    """E.g. +1 (555) 555-0134 -> plus one, five five five, five five five, zero one three four."""
    groups = re.findall(r"\d+", found[0])
    plus = f"{tongue.words['+']} " if found[0].startswith("+") else ""
    return plus + ", ".join(_phone_group(group, tongue) for group in groups)


def _phone_group(group: str, tongue: Tongue) -> str:
    if not tongue.phone_pairs:
        return figures(group, tongue)
    if len(group) == _SPELLED_LENGTH and group[0] != "0":
        return number_words.cardinal(int(group), tongue.code)
    if len(group) > _SPELLED_LENGTH and len(group) % 2 == 0:
        pairs = [group[at : at + 2] for at in range(0, len(group), 2)]
        return ", ".join(_phone_group(pair, tongue) for pair in pairs)
    return figures(group, tongue)


def isbn(found: re.Match[str], tongue: Tongue) -> str | None:
    """E.g. 978-3-16-148410-0 -> nine seven eight, three, one six, one four eight, four one zero, zero.

    Without the word before it, and without the first group that only books have, it may be anything.
    """
    groups = re.split("[ -]", found["number"])
    if found["before"] is None and len(groups) < _ISBN_GROUPS:
        return None
    return ", ".join(group if group == "X" else figures(group, tongue) for group in groups)


def code(found: re.Match[str], tongue: Tongue) -> str | None:
    """E.g. A4 -> A four, XK7P2Q -> X K seven P two Q, but Covid-19 is a word with a number."""
    parts = re.findall(r"[A-Z]+|\d+", found[0])
    if len(parts[0]) > LONGEST_LETTERS and parts[0].isalpha():
        return None
    short = len(parts) <= _SPELLED_LENGTH
    return " ".join(_code_part(part, tongue, counted=short) for part in parts)


LONGEST_LETTERS = 3


def _code_part(part: str, tongue: Tongue, *, counted: bool) -> str:
    if part.isalpha():
        return " ".join(part)
    if counted and len(part) <= _SPELLED_LENGTH and part[0] != "0":
        return number_words.cardinal(int(part), tongue.code)
    return number_words.digits(part, tongue.code)
