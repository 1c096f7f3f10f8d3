"""English as it is read aloud. Rule: values only."""

import re
from dataclasses import replace

from pipeline import number_words
from pipeline.ear_text.tongue import Clock, Currency, Day, Noun, Tongue

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SHORT_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = "|".join(name.capitalize() for name in (*_MONTHS, "sept", *_SHORT_MONTHS))
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_LAST = r"(?:\s?[-–—]\s?(?P<last>\d{1,2})(?:st|nd|rd|th)?)?"
_WRITTEN_DATES = (
    rf"\b(?P<month>{_NAMED})\b(?:\.(?=\s*\S))?\s{_DAY}{_LAST}(?:,?\s(?P<year>[12]\d{{3}}))?(?![\w%]|[.,:/]\d|\s?[ap]\.?m\b)",
    rf"(?<![\w.,:/])(?P<before>[Tt]he\s)?{_DAY}{_LAST}\s(?:of\s)?(?P<month>{_NAMED})\b(?:\.(?=\s*\S))?(?:,?\s(?P<year>[12]\d{{3}}))?(?!\w)",
)
_SLASHED_DAY = r"(?<![\w/.-])(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>[12]\d{3}|\d\d)(?![\w/])"
_SLASHED_MONTH = r"(?<![\w/.-])(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>[12]\d{3}|\d\d)(?![\w/])"
_POINTED_DAY = r"(?<![\w/.-])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>[12]\d{3})(?![\w/])"
_ON = r"(?P<before>\b(?:[Oo]n|[Bb]y|[Uu]ntil|[Ff]rom|[Dd]ue|[Ss]ince)\s)"
_SHORT_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_HALF = r"(?P<half>[AaPp])(?:[Mm]\b|\.\s?[Mm]\b(?:\.(?=\s*\S))?)"
_CENT = Noun("cent", "cents")
_SPELLED = frozenset(
    (
        *("USA", "US", "UK", "EU", "UAE", "USB", "API", "FAQ", "FAQS", "ATM", "ID", "AI", "IP", "VIP"),
        *("URL", "CEO", "CFO", "CTO", "HIV", "UPS", "VAT", "ETA", "DIY", "AC", "EV", "IRS", "UN", "UTC"),
        *("EST", "EDT", "PO", "FBI", "CIA", "MRI", "ICU", "ER", "IVR", "IT", "HR", "AM", "QA", "UI"),
        *("MIT", "UCLA", "BA", "SUV", "IBM", "ISP", "OS", "AWS", "ECG", "EKG", "DOB", "EUR", "USD"),
    )
)
_HALVES = {"am": "A.M.", "pm": "P.M."}
_NOON, _DAY_HOURS = 12, 24


def _time(clock: Clock) -> str:
    hour = number_words.cardinal(clock.hour)
    half = f" {_HALVES[clock.half]}" if clock.half else ""
    if clock.minute:
        nought = "oh " if clock.minute < 10 else ""
        return f"{hour} {nought}{number_words.cardinal(clock.minute)}{half}"
    if half:
        return hour + half
    if clock.hour % _DAY_HOURS == 0:
        return "midnight"
    return f"{hour} o'clock" if clock.hour <= _NOON else f"{hour} hundred"


def _date(day: Day) -> str:
    month, nth = _MONTHS[day.month - 1].capitalize(), number_words.ordinal(day.day)
    year = f" {number_words.year(day.year)}" if day.year else ""
    last = f" to {number_words.ordinal(day.last)}" if day.last else ""
    if day.day_first:
        return f"{'' if day.before.lower().startswith('the') else 'the '}{nth}{last} of {month}{year}"
    return f"{month} {nth}{last}{',' if year else ''}{year}"


def _ordinal(found: re.Match[str]) -> str:
    return number_words.ordinal(int(found["number"].replace(",", "")))


def _decade(found: re.Match[str]) -> str:
    said = number_words.year(int(found["number"]))
    return said[:-1] + "ies" if said.endswith("y") else said + "s"


def _times_as_much(found: re.Match[str]) -> str:
    return f"{number_words.cardinal(int(found['number']))} times"


def _reigning(found: re.Match[str], number: int) -> str | None:
    """Not the first: the I in Charles I know is a person."""
    return None if number == 1 else f"the {number_words.ordinal(number)}"


AMERICAN = Tongue(
    code="en",
    number=r"\d{1,3}(?:\.\d{3})+,\d{1,2}(?!\d)|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+",
    decimal=".",
    single_decimals=True,
    words={
        ".": "point", "-": "minus", "%": "percent", "&": "and", "@": "at", "+": "plus", "=": "equals",
        "×": "times", "x": "times", "*": "times", "÷": "divided by",
        "°": "degrees", "→": "to", "⇒": "to", "<": "less than",
        ">": "more than", "#": "number", "~": "about", "≈": "about", "±": "plus or minus", "≥": "at least",
        "≤": "at most", "/": "slash", "or": "or", "per": "per", "to": "to",
        "address .": "dot", "address -": "dash", "address _": "underscore", "address /": "slash",
        "address @": "at", "address +": "plus", "address ~": "tilde", "address %": "percent", "address :": "colon",
    },
    currencies={
        **dict.fromkeys(("$", "US$", "USD"), Currency(Noun("dollar", "dollars"), Noun("cent", "cents"))),
        **dict.fromkeys(("€", "EUR"), Currency(Noun("euro", "euros"), Noun("cent", "cents"))),
        **dict.fromkeys(("£", "GBP"), Currency(Noun("pound", "pounds"), Noun("penny", "pence"))),
        **dict.fromkeys(("¥", "JPY"), Currency(Noun("yen", "yen"), None)),
        **dict.fromkeys(("₹", "INR"), Currency(Noun("rupee", "rupees"), Noun("paisa", "paise"))),
        **dict.fromkeys(("CA$", "C$", "CAD"), Currency(Noun("Canadian dollar", "Canadian dollars"), _CENT)),
        **dict.fromkeys(("A$", "AUD"), Currency(Noun("Australian dollar", "Australian dollars"), _CENT)),
        "¢": Currency(_CENT, None),
        "CHF": Currency(Noun("Swiss franc", "Swiss francs"), Noun("centime", "centimes")),
        "MXN": Currency(Noun("Mexican peso", "Mexican pesos"), Noun("centavo", "centavos")),
    },
    units={
        "km/h": Noun("kilometer per hour", "kilometers per hour"), "mph": Noun("mile per hour", "miles per hour"),
        "km": Noun("kilometer", "kilometers"), "cm": Noun("centimeter", "centimeters"),
        "mm": Noun("millimeter", "millimeters"), "m": Noun("meter", "meters"), "mi": Noun("mile", "miles"),
        "ft": Noun("foot", "feet"), "yd": Noun("yard", "yards"), "kg": Noun("kilogram", "kilograms"),
        "mg": Noun("milligram", "milligrams"), "g": Noun("gram", "grams"), "lb": Noun("pound", "pounds"),
        "lbs": Noun("pound", "pounds"), "oz": Noun("ounce", "ounces"), "ml": Noun("milliliter", "milliliters"),
        "mL": Noun("milliliter", "milliliters"), "l": Noun("liter", "liters"), "L": Noun("liter", "liters"),
        "gal": Noun("gallon", "gallons"), "GB": Noun("gigabyte", "gigabytes"), "MB": Noun("megabyte", "megabytes"),
        "TB": Noun("terabyte", "terabytes"), "KB": Noun("kilobyte", "kilobytes"),
        "Mbps": Noun("megabit per second", "megabits per second"), "kWh": Noun("kilowatt hour", "kilowatt hours"),
        "kW": Noun("kilowatt", "kilowatts"), "W": Noun("watt", "watts"), "V": Noun("volt", "volts"),
        "Hz": Noun("hertz", "hertz"), "kHz": Noun("kilohertz", "kilohertz"),
        "°C": Noun("degree Celsius", "degrees Celsius"), "°F": Noun("degree Fahrenheit", "degrees Fahrenheit"),
        "°": Noun("degree", "degrees"), "hrs": Noun("hour", "hours"), "hr": Noun("hour", "hours"),
        "h": Noun("hour", "hours"), "mins": Noun("minute", "minutes"), "min": Noun("minute", "minutes"),
        "sec": Noun("second", "seconds"), "secs": Noun("second", "seconds"), "ms": Noun("millisecond", "milliseconds"),
        "sq ft": Noun("square foot", "square feet"), "m²": Noun("square meter", "square meters"),
        "km²": Noun("square kilometer", "square kilometers"), "m³": Noun("cubic meter", "cubic meters"),
        "mo": Noun("month", "months"), "wk": Noun("week", "weeks"), "yr": Noun("year", "years"),
        "yrs": Noun("year", "years"), "k": Noun("thousand", "thousand"), "K": Noun("thousand", "thousand"),
    },
    scales={
        "thousand": "thousand|thousand", "k": "thousand|thousand", "million": "million|million",
        "m": "million|million", "mn": "million|million", "billion": "billion|billion", "b": "billion|billion",
        "bn": "billion|billion", "trillion": "trillion|trillion",
    },
    of_scale="",
    price_and=" and ",
    names_hundredths=True,
    fractions={
        "1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters",
        "1/5": "one fifth", "2/5": "two fifths", "3/5": "three fifths", "4/5": "four fifths", "1/8": "one eighth",
        "3/8": "three eighths", "1/10": "one tenth", "mixed 1/2": "a half", "mixed 1/4": "a quarter",
        "mixed 1/3": "a third",
    },
    months={
        **{name: at + 1 for at, name in enumerate(_MONTHS)}, "sept": 9,
        **{name: at + 1 for at, name in enumerate(_SHORT_MONTHS)},
    },
    dates=(*_WRITTEN_DATES, _SLASHED_MONTH, rf"{_ON}(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})(?![\w/])", _POINTED_DAY),
    times=(
        rf"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?:\s?{_HALF}|\s?o['’]clock)?(?![\d:])",
        rf"(?<![\w.,:])(?P<hour>1[0-2]|0?[1-9])(?:\.(?P<minute>[0-5]\d))?\s?{_HALF}",
    ),
    say_time=_time,
    say_date=_date,
    ordinals=(
        (r"(?<![\w.])(?P<number>\d[\d,]*)(?:st|nd|rd|th)(?!\w)", _ordinal),
        (r"(?<![\w.])['’]?(?P<number>(?:1[1-9]|20)\d0|[2-9]0)s(?!\w)", _decade),
        (r"(?<![\w.])(?P<number>\d{1,3})x(?!\w)", _times_as_much),
    ),
    abbreviations={
        "Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Prof.": "Professor", "Rev.": "Reverend",
        "Gen.": "General", "Sen.": "Senator", "Gov.": "Governor", "Capt.": "Captain", "Sgt.": "Sergeant",
        "Lt.": "Lieutenant", "Jr.": "Junior", "Sr.": "Senior", "Inc.": "Incorporated", "Ltd.": "Limited",
        "Corp.": "Corporation", "Co.": "Company", "Dept.": "Department", "Ave.": "Avenue", "Blvd.": "Boulevard",
        "Rd.": "Road", "Hwy.": "Highway", "Apt.": "Apartment", "apt.": "apartment", "Ste.": "Suite",
        "approx.": "approximately",
        "Approx.": "Approximately", "e.g.": "for example", "E.g.": "For example", "i.e.": "that is",
        "I.e.": "That is", "etc.": "et cetera", "vs.": "versus", "vs": "versus", "min.": "minimum",
        "max.": "maximum", "incl.": "including", "excl.": "excluding", "est.": "established", "ext.": "extension",
        "Ext.": "Extension", "tel.": "telephone", "Tel.": "Telephone", "a.m.": "A.M.", "p.m.": "P.M.",
        "w/o": "without", "w/": "with", "and/or": "and or", "a.k.a.": "also known as",
        "Mt.": "Mount", "Ft.": "Fort", "fig.": "figure", "Fig.": "Figure", "misc.": "miscellaneous",
        "Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday",
        "Mon.": "Monday", "Tue.": "Tuesday", "Tues.": "Tuesday", "Wed.": "Wednesday", "Thu.": "Thursday",
        "Thurs.": "Thursday", "Fri.": "Friday",
    },
    phrases=(
        (r"(?<!\w)24/7(?!\w)", "twenty-four seven"),
        (r"(?<=[a-z]\s)St(?:\.(?=\s*\S))?(?!\w|\.?\s[A-Z])", "Street"),
        (r"(?<!\w)St\.(?=\s[A-Z])", "Saint"),
        (r"(?<!\w)No\.\s?(?=\d)", "number "),
        (r"(?<!\w)Nos\.\s?(?=\d)", "numbers "),
        (r"(?<!\w)no\.\s?(?=\d)", "number "),
        (r"(?<!\w)(?P<p>[Pp])p?\.\s?(?=\d)", r"\g<p>age "),
        (rf"(?<=\b(?:{_SHORT_DAYS}))\.?\s?[-–]\s?(?=(?:{_SHORT_DAYS})\b)", " to "),
        (r"(?<=day)\s?[-–]\s?(?=[A-Z][a-z]+day)", " to "),
        (r"(?<!\w)50/50(?!\w)", "fifty-fifty"),
        (r"(?<=\b[Cc]all )911(?!\w)", "nine one one"),
        (r"(?:(?<=\b[Oo]n\s)|(?<= to )|(?<=[-–]))Sat\b(?:\.(?=\s*\S))?", "Saturday"),
        (r"(?:(?<=\b[Oo]n\s)|(?<= to )|(?<=[-–]))Sun\b(?:\.(?=\s*\S))?", "Sunday"),
        (r"(?<!\w)Sat\.(?=[,\s]\s?(?:\d|[A-Z][a-z]{2,8}\s\d))", "Saturday"),
        (r"(?<!\w)Sun\.(?=[,\s]\s?(?:\d|[A-Z][a-z]{2,8}\s\d))", "Sunday"),
    ),
    codes="[Cc]ode|PIN|[Pp]in|[Ee]xtension|[Rr]oom|ZIP|[Zz]ip|[Oo]rder number|[Bb]ooking number"
    "|[Rr]eference(?: number)?|[Cc]onfirmation(?: number)?|[Aa]ccount number|[Ee]nding(?: in)?|[Ee]nds in"
    "|[Pp]ress|[Dd]ial",
    years=(1_100, 2_099),
    numbered="(?i:act|appendix|article|bowl|chapter|class|episode|figure|level|mark|part|phase|round|schedule|section"
    "|stage|table|tier|title|type|vatican|volume|war)",
    rulers="Alexander|Benedict|Catherine|Charles|Clement|Edward|Elizabeth|Francis|Frederick|George|Gregory|Henry"
    "|Innocent|Ivan|James|John|John Paul|Julius|Leo|Leopold|Louis|Mary|Napoleon|Nicholas|Otto|Paul|Peter|Philip|Pius"
    "|Rameses|Ramses|Richard|Urban|Wilhelm|William",
    reigning=_reigning,
    spelled=_SPELLED,
)  # fmt: skip

BRITISH = replace(
    AMERICAN,
    dates=(*_WRITTEN_DATES, _SLASHED_DAY, rf"{_ON}(?P<day>\d{{1,2}})/(?P<month>\d{{1,2}})(?![\w/])", _POINTED_DAY),
)
