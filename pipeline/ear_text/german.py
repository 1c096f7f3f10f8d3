"""German as it is read aloud. Rule: values only."""

import re

from pipeline import number_words
from pipeline.ear_text.tongue import Clock, Currency, Day, Noun, Tongue
from pipeline.number_words import Gender

_MONTHS = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
)
_SHORT_MONTHS = {
    "Jan": 1,
    "Jän": 1,
    "Jänner": 1,
    "Feb": 2,
    "Apr": 4,
    "Aug": 8,
    "Sep": 9,
    "Sept": 9,
    "Okt": 10,
    "Nov": 11,
    "Dez": 12,
}
_DAYS = {
    "Mo": "Montag", "Di": "Dienstag", "Mi": "Mittwoch", "Do": "Donnerstag", "Fr": "Freitag", "Sa": "Samstag",
    "So": "Sonntag",
}  # fmt: skip
_NAMED = "|".join((*_MONTHS, *sorted(_SHORT_MONTHS, key=len, reverse=True)))
_WITH = r"in|auf|mit|zu|von|aus|an|bei|nach|seit|ab|vor"
_N_ENDING = r"am|im|dem|den|zum|zur|vom|beim|bis|ab|seit|nach|des|jeden|jedem|diesem|diesen|einem|einen|ihrem|ihren"
_BEFORE = rf"(?P<before>\b(?:(?i:{_WITH})\s(?:der|die|das)|(?i:{_N_ENDING}|der|die|das|jeder|jede|jedes))\s)?"
_N_FORM = re.compile(rf"(?i)(?:(?:{_WITH})\sder|{_N_ENDING})\s$")
_E_FORM = re.compile(r"(?i)(?:der|die|das|jede)\s$")
_KINGS = (
    "Alexander|Benedikt|Clemens|Eduard|Ferdinand|Franz|Friedrich|Friedrich Wilhelm|Georg|Gregor|Gustav|Heinrich"
    "|Innozenz|Iwan|Jakob|Johannes|Johannes Paul|Josef|Joseph|Julius|Karl|Konrad|Leo|Leopold|Ludwig|Maximilian"
    "|Napoleon|Nikolaus|Otto|Paul|Peter|Philipp|Pius|Ramses|Richard|Rudolf|Urban|Wilhelm"
)
_QUEENS = "Elisabeth|Katharina|Margarethe|Maria"
_TITLE = r"(?:(?:König|Königin|Kaiser|Kaiserin|Papst|Zar|Zarin)\s)?$"
_WITH_DATIVE = re.compile(rf"(?i)\b(?:von|mit|zu|bei|nach|seit|unter|aus|neben|gegenüber)\s{_TITLE}")
_WITH_ACCUSATIVE = re.compile(rf"(?i)\b(?:für|gegen|ohne|durch|um)\s{_TITLE}")
_LAST = r"(?:\s?[-–—]\s?(?P<last>\d{1,2})\.)?"
_ORDINAL_NOUNS = "Stock|Etage|Obergeschoss|OG|Platz|Klasse|Quartal|Jahrhundert|Geburtstag|Advent|Mal|Tag|Person|Juni"


def _ending(before: str) -> str:
    """CLDR's form of an ordinal after these words: am dritten, der dritte, dritter."""
    if _N_FORM.search(before):
        return "n"
    return "" if _E_FORM.search(before) else "r"


def _time(clock: Clock) -> str:
    hour = number_words.cardinal(clock.hour, "de", "neuter")
    return f"{hour} Uhr {number_words.cardinal(clock.minute, 'de')}" if clock.minute else f"{hour} Uhr"


def _date(day: Day) -> str:
    nth = number_words.ordinal(day.day, "de", _ending(day.before))
    last = f" bis {number_words.ordinal(day.last, 'de', _ending(day.before))}" if day.last else ""
    year = f" {number_words.year(day.year, 'de')}" if day.year else ""
    return f"{nth}{last} {_MONTHS[day.month - 1]}{year}"


def _ordinal(found: re.Match[str]) -> str | None:
    """A number with a full stop before a noun; without an article the noun must be one that is numbered."""
    before = found["before"] or ""
    if not before and found["noun"] not in _ORDINAL_NOUNS.split("|") and not found["noun"][0].islower():
        return None
    return number_words.ordinal(int(found["number"]), "de", _ending(before))


def _decade(found: re.Match[str]) -> str:
    return f"{number_words.year(int(found['number']), 'de')}er"


def _times(found: re.Match[str]) -> str:
    return f"{number_words.cardinal(int(found['number']), 'de')} mal"


def _reigning(found: re.Match[str], number: int) -> str:
    """With an article in the gender and the case of the name, e.g. Heinrich der achte, von Heinrich dem achten."""
    name, before = found["word"], found.string[: found.start()]
    feminine = name.removesuffix("s") in _QUEENS.split("|")
    if name not in f"{_KINGS}|{_QUEENS}".split("|"):
        article, form = "der" if feminine else "des", "n"
    elif _WITH_DATIVE.search(before):
        article, form = "der" if feminine else "dem", "n"
    elif _WITH_ACCUSATIVE.search(before) and not feminine:
        article, form = "den", "n"
    else:
        article, form = "die" if feminine else "der", ""
    return f"{article} {number_words.ordinal(number, 'de', form)}"


def _agrees(word: str) -> Gender:
    """The gender that a noun's ending lets one guess."""
    return "feminine" if re.search(r"(?:[^s]e|ung|heit|keit|ion|schaft|tät|Person|Nacht)$", word) else "neuter"


def _scaled(millions: str) -> str:
    return f"{millions}|{millions}en" if not millions.endswith("e") else f"{millions}|{millions}n"


GERMAN = Tongue(
    code="de",
    number=r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:,\d+)?|\d+[.,]\d+|\d+",
    decimal=",.",
    single_decimals=True,
    words={
        ".": "Komma", "-": "minus", "%": "Prozent", "&": "und", "@": "at", "+": "plus", "=": "gleich",
        "×": "mal", "x": "mal",
        "*": "mal", "÷": "geteilt durch",
        "°": "Grad", "→": "nach", "⇒": "nach", "<": "kleiner als",
        ">": "größer als", "#": "Nummer", "~": "etwa", "≈": "etwa", "±": "plus minus", "≥": "mindestens",
        "≤": "höchstens", "/": "Schrägstrich", "or": "oder", "per": "pro", "to": "bis",
        "address .": "Punkt", "address -": "Bindestrich", "address _": "Unterstrich", "address /": "Schrägstrich",
        "address @": "at", "address +": "plus", "address ~": "Tilde", "address %": "Prozent",
        "address :": "Doppelpunkt",
    },
    currencies={
        **dict.fromkeys(("€", "EUR"), Currency(Noun("Euro", "Euro", "masculine"), Noun("Cent", "Cent", "masculine"))),
        **dict.fromkeys(
            ("$", "US$", "USD"), Currency(Noun("Dollar", "Dollar", "masculine"), Noun("Cent", "Cent", "masculine"))
        ),
        **dict.fromkeys(("£", "GBP"), Currency(Noun("Pfund", "Pfund", "neuter"), Noun("Penny", "Pence", "masculine"))),
        **dict.fromkeys(
            ("CHF", "SFr."), Currency(Noun("Franken", "Franken", "masculine"), Noun("Rappen", "Rappen", "masculine"))
        ),
        **dict.fromkeys(("¥", "JPY"), Currency(Noun("Yen", "Yen", "masculine"), None)),
    },
    units={
        "km/h": Noun("Kilometer pro Stunde", "Kilometer pro Stunde", "masculine"),
        "km": Noun("Kilometer", "Kilometer", "masculine"), "m": Noun("Meter", "Meter", "masculine"),
        "cm": Noun("Zentimeter", "Zentimeter", "masculine"), "mm": Noun("Millimeter", "Millimeter", "masculine"),
        "kg": Noun("Kilogramm", "Kilogramm", "neuter"), "g": Noun("Gramm", "Gramm", "neuter"),
        "mg": Noun("Milligramm", "Milligramm", "neuter"), "l": Noun("Liter", "Liter", "masculine"),
        "ml": Noun("Milliliter", "Milliliter", "masculine"), "m²": Noun("Quadratmeter", "Quadratmeter", "masculine"),
        "qm": Noun("Quadratmeter", "Quadratmeter", "masculine"),
        "m³": Noun("Kubikmeter", "Kubikmeter", "masculine"), "°C": Noun("Grad Celsius", "Grad Celsius", "masculine"),
        "°": Noun("Grad", "Grad", "masculine"), "GB": Noun("Gigabyte", "Gigabyte", "neuter"),
        "MB": Noun("Megabyte", "Megabyte", "neuter"), "kWh": Noun("Kilowattstunde", "Kilowattstunden", "feminine"),
        "W": Noun("Watt", "Watt", "neuter"), "h": Noun("Stunde", "Stunden", "feminine"),
        "Std.": Noun("Stunde", "Stunden", "feminine"), "Min.": Noun("Minute", "Minuten", "feminine"),
        "min": Noun("Minute", "Minuten", "feminine"), "Sek.": Noun("Sekunde", "Sekunden", "feminine"),
    },
    scales={
        "tausend": "tausend|tausend", "tsd": "tausend|tausend", "mio": _scaled("Million"),
        "million": _scaled("Million"), "millionen": _scaled("Million"), "mrd": _scaled("Milliarde"),
        "milliarde": _scaled("Milliarde"), "milliarden": _scaled("Milliarde"),
    },
    of_scale="",
    price_and=" ",
    names_hundredths=False,
    fractions={
        "1/2": "ein halb", "1/3": "ein Drittel", "2/3": "zwei Drittel", "1/4": "ein Viertel", "3/4": "drei Viertel",
        "1/8": "ein Achtel",
    },
    months={name.lower(): at for name, at in (*_SHORT_MONTHS.items(), *zip(_MONTHS, range(1, 13), strict=True))},
    dates=(
        rf"(?<![\w.,:/]){_BEFORE}(?<![\w.,:/])(?P<day>\d{{1,2}})\.{_LAST}\s?(?P<month>{_NAMED})\b(?:\.(?=\s*\S))?(?:\s(?P<year>[12]\d{{3}}))?(?!\w)",
        rf"(?<![\w.,:/]){_BEFORE}(?<![\w.,:/])(?P<day>\d{{1,2}})\.{_LAST}\s?(?P<month>\d{{1,2}})\.\s?(?P<year>[12]\d{{3}}|\d\d)(?![\w,])",
        rf"(?<![\w.,:/]){_BEFORE}(?<![\w.,:/])(?P<day>\d{{1,2}})\.{_LAST}(?P<month>0?[1-9]|1[0-2])(?:\.(?!\d)(?=\s*\S)|(?=\.\s*$))",
    ),
    times=(
        r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?:\s?(?:Uhr|h)\b)?(?![\d:])(?P<half>)",
        r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4])(?:\.(?P<minute>[0-5]\d))?\s?Uhr\b(?P<half>)(?!\s\d)",
        r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4])\.(?P<minute>[0-5]\d)(?=\s?[-–—]\s?\d{1,2}(?:[.:]\d\d)?\s?Uhr\b)(?P<half>)",
    ),
    say_time=_time,
    say_date=_date,
    ordinals=(
        (rf"{_BEFORE}(?<![\w.,:/])(?P<number>\d{{1,3}})\.(?=\s(?:und\s\d{{1,3}}\.\s)?(?P<noun>[^\W\d_]+))", _ordinal),
        (r"(?<![\w.,])(?P<number>(?:1[1-9])?[2-9]0)er(?!\w)", _decade),
        (r"(?<![\w.,])(?P<number>\d{1,3})\s?[x×](?=\s[a-zäöü])", _times),
    ),
    abbreviations={
        "Dr.": "Doktor", "Prof.": "Professor", "Hr.": "Herr", "Fr.": "Frau", "Frl.": "Fräulein",
        "z.B.": "zum Beispiel", "z. B.": "zum Beispiel", "Z.B.": "Zum Beispiel", "d.h.": "das heißt",
        "d. h.": "das heißt", "u.a.": "unter anderem", "u. a.": "unter anderem", "bzw.": "beziehungsweise",
        "ca.": "circa", "Ca.": "Circa", "etc.": "et cetera", "usw.": "und so weiter", "ggf.": "gegebenenfalls",
        "evtl.": "eventuell", "inkl.": "inklusive", "exkl.": "exklusive", "zzgl.": "zuzüglich", "Tel.": "Telefon",
        "Str.": "Straße", "max.": "maximal", "mind.": "mindestens", "o.g.": "oben genannt", "vgl.": "vergleiche",
        "i.d.R.": "in der Regel", "v.a.": "vor allem", "u.U.": "unter Umständen", "usf.": "und so fort",
        "z.T.": "zum Teil", "St.": "Sankt", "geb.": "geboren", "Abs.": "Absatz", "GmbH": "G M B H",
        "MwSt.": "Mehrwertsteuer", "Mio.": "Millionen", "Mrd.": "Milliarden", "Jh.": "Jahrhundert",
    },
    phrases=(
        *(
            (rf"(?<!\w){a}\.?\s?[-–]\s?{b}\b(?:\.(?=\s*\S))?", f"{_DAYS[a]} bis {_DAYS[b]}")
            for a, b in (("Mo", "Do"), ("Mo", "Fr"), ("Mo", "Sa"), ("Di", "Fr"), ("Di", "So"), ("Sa", "So"))
        ),
        *((rf"(?<=\bam\s){short}\b(?:\.(?=\s*\S))?", day) for short, day in _DAYS.items()),
        (r"(?<!\w)Nr\.\s?(?=\d)", "Nummer "),
        (r"(?<!\w)24/7(?!\w)", "rund um die Uhr"),
        (r"(?<=[a-zäöüß])str\.(?=\s*\S)", "straße"),
        (r"(?<!\w)S\.\s(?=\d)", "Seite "),
        (r"(?<!\w)§\s?(?=\d)", "Paragraf "),
    ),
    codes="[Cc]ode|PIN|[Pp]in|Zimmer|PLZ|Postleitzahl|Durchwahl|[\\w]*[Nn]ummer|Aktenzeichen",
    agrees=_agrees,
    years=(1_100, 1_999),
    numbered="Abschnitt|Akt|Anhang|Artikel|Band|Buch|Hartz|Kapitel|Klasse|Liga|Phase|Stufe|Tabelle|Teil|Titel|Typ"
    "|Vatikanum|Weltkrieg",
    rulers=f"(?:{_KINGS}|{_QUEENS})s?",
    reigning=_reigning,
    spelled=frozenset(
        ("USA", "EU", "ICE", "IC", "AG", "EDV", "UKW", "ADAC", "AOK", "BAB", "ID", "IT", "EC", "USB", "LKW")
    ),
)  # fmt: skip
