"""Numbers, prices, percentages and measures. Rule: a reader gets a match and gives the words, or None to leave it."""

import re

from pipeline import number_words
from pipeline.ear_text.tongue import Noun, Tongue
from pipeline.number_words import Gender

LONGEST_COUNTED = 4
MILLION = 1_000_000
LARGEST_OCTET = 255
_MINUS = "-−–"
_NOUN = re.compile(r"[ \u00a0]([^\W\d_]{2,})")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:\.\d{3}){2,}")
_FOREIGN = re.compile(r"\d{1,3}(?:\.\d{3})+,\d{1,2}")
_VULGAR = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"}


def parts_of(written: str, tongue: Tongue) -> tuple[str, str]:
    """The figures of a number before and after its decimal mark."""
    whole, fraction = written, ""
    if _FOREIGN.fullmatch(written):
        whole, _, fraction = written.partition(",")
    elif found := re.search(rf"[{tongue.decimal}](\d+)$", written):
        grouped = len(found[1]) == 3 and re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", written) is not None
        if not grouped or tongue.decimal[0] == written[found.start()]:
            whole, fraction = written[: found.start()], found[1]
    return re.sub(r"\D", "", whole), fraction


def number(written: str, tongue: Tongue, gender: Gender = "") -> str:
    """A number with or without a fraction, e.g. 3.14 -> three point one four."""
    sign = f"{tongue.words['-']} " if written[0] in _MINUS else ""
    whole, fraction = parts_of(written.lstrip(_MINUS + " "), tongue)
    if not fraction:
        return sign + number_words.cardinal(int(whole), tongue.code, gender)
    return f"{sign}{number_words.cardinal(int(whole), tongue.code)} {tongue.words['.']} {_decimals(fraction, tongue)}"


def _decimals(fraction: str, tongue: Tongue) -> str:
    if tongue.single_decimals or fraction.startswith("0") or len(fraction) > 2:
        return number_words.digits(fraction, tongue.code)
    return number_words.cardinal(int(fraction), tongue.code)


def counted(written: str, noun: Noun, tongue: Tongue) -> str:
    """So many of something, e.g. 2 km -> two kilometers."""
    whole, fraction = parts_of(written.lstrip(_MINUS + " "), tongue)
    one = int(whole) == 1 and not fraction
    if tongue.code == "fr":
        one = int(whole) < 2
    if tongue.of_scale and not fraction and int(whole) and int(whole) % MILLION == 0:
        return f"{number(written, tongue, noun.gender)}{_of(tongue.of_scale, noun.many)}"
    return f"{number(written, tongue, noun.gender)} {noun.one if one else noun.many}"


def price(found: re.Match[str], tongue: Tongue) -> str | None:
    """E.g. $3.50 -> three dollars and fifty cents, 2,5 Mio. € -> zwei Komma fünf Millionen Euro."""
    currency = tongue.currencies[found["currency"].strip().upper()]
    written, sign = found["amount"], found["minus"] or ""
    scale = tongue.scales.get((found["scale"] or "").strip().lower().rstrip("."))
    if scale:
        whole, fraction = parts_of(written, tongue)
        one, many = scale.split("|")
        named = one if int(whole) == 1 and not fraction else many
        of = "" if named in ("mil", "mille", "tausend") else tongue.of_scale
        gender: Gender = "feminine" if tongue.code == "de" and named != "tausend" else ""
        return f"{number(sign + written, tongue, gender)} {named}{_of(of, currency.major.many)}"
    whole, fraction = parts_of(written, tongue)
    if currency.minor is None or len(fraction) != 2 or fraction == "00":
        exact = whole if fraction == "00" else written
        return counted(sign + exact, currency.major, tongue)
    cents = counted(fraction, currency.minor, tongue)
    if int(whole) == 0:
        return f"{tongue.words['-']} {cents}" if sign else cents
    if not tongue.names_hundredths:
        cents = number_words.cardinal(int(fraction), tongue.code)
    return f"{counted(sign + whole, currency.major, tongue)}{tongue.price_and}{cents}"


def _of(of: str, many: str) -> str:
    """The noun after a million: million dollars, millones de euros, millions d'euros; an apostrophe elides."""
    if not of.endswith("'"):
        return f"{of} {many}"
    return f"{of}{many}" if many[0] in "aeiouyé" else f"{of[:-1]}e {many}"


def percent(found: re.Match[str], tongue: Tongue) -> str:
    """E.g. 3.5% -> three point five percent."""
    gender: Gender = "neuter" if tongue.code == "de" else ""
    return f"{number(found['amount'], tongue, gender)} {tongue.words['%']}"


def measure(found: re.Match[str], tongue: Tongue) -> str:
    """E.g. 5 km/h -> five kilometers per hour."""
    return counted(found["amount"], tongue.units[found["unit"]], tongue)


def fraction(found: re.Match[str], tongue: Tongue) -> str | None:
    """E.g. 1/2 -> one half, 2½ -> two and a half."""
    name = _VULGAR.get(found["share"], found["share"])
    share, whole = tongue.fractions.get(name), found["whole"]
    if share is None or not whole:
        return share
    mixed = tongue.fractions.get(f"mixed {name}", share)
    return f"{number_words.cardinal(int(whole), tongue.code)} {tongue.words['&']} {mixed}"


def plain(found: re.Match[str], tongue: Tongue) -> str:
    """A number by itself: counted, or figure by figure when it looks like a code."""
    written = found["amount"]
    if not written.isdecimal():
        return number(written, tongue)
    value, length = int(written), len(written)
    if (length > 1 and written[0] == "0") or length >= 7 or (length > LONGEST_COUNTED and value % 100):
        return figures(written, tongue)
    first, last = tongue.years
    if length == LONGEST_COUNTED and first <= value <= last:
        return number_words.year(value, tongue.code)
    noun = _NOUN.match(found.string, found.end())
    gender = tongue.agrees(noun[1]) if noun is not None else ""
    return number_words.cardinal(value, tongue.code, gender)


def figures(written: str, tongue: Tongue) -> str:
    """Figure by figure, longer rows in groups with a breath between them."""
    if len(written) <= LONGEST_COUNTED:
        return number_words.digits(written, tongue.code)
    starts = list(range(0, len(written), 3))
    if len(written) % 3 == 1:
        starts.pop()
    ends = [*starts[1:], len(written)]
    return ", ".join(
        number_words.digits(written[start:end], tongue.code) for start, end in zip(starts, ends, strict=True)
    )


def labelled(found: re.Match[str], tongue: Tongue) -> str:
    """Figures after a word such as code or room are read one by one, in the groups that they are written in."""
    groups = re.findall(r"\d+", found["amount"])
    if len(groups) == 1 and len(groups[0]) == 2 and groups[0][0] != "0":
        return number_words.cardinal(int(groups[0]), tongue.code)
    return ", ".join(figures(group, tongue) for group in groups)


def dotted(found: re.Match[str], tongue: Tongue) -> str:
    """A version, a chapter or an address of numbers, e.g. 2.0.1 -> two point zero point one; or a large number."""
    if tongue.decimal[0] == "," and _GROUPED.fullmatch(found[0]) and not _is_address(found[0]):
        return number(found[0], tongue)
    version, row = ("V ", found[0][1:]) if found[0][0] in "vV" else ("", found[0])
    parts = (number_words.cardinal(int(part), tongue.code) for part in row.split("."))
    return version + f" {tongue.words['.']} ".join(parts)


def _is_address(row: str) -> bool:
    """Whether four numbers may be an IPv4 address."""
    parts = row.split(".")
    return len(parts) == 4 and all(int(part) <= LARGEST_OCTET and part == str(int(part)) for part in parts)
