"""Spanish as it is read aloud. Rule: values only."""

import re

from pipeline import number_words
from pipeline.ear_text.tongue import Clock, Currency, Day, Noun, Tongue
from pipeline.number_words import Gender

_MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
_NAMED = "|".join((*_MONTHS, "setiembre"))
_HALF = r"(?P<half>[AaPp])(?:[Mm]\b|\.\s?[Mm]\b(?:\.(?=\s*\S))?)"
_HALVES = {"": "", "am": " de la mañana", "pm": " de la tarde"}
_CENTAVO = Noun("centavo", "centavos", "masculine")
_NIGHT_FROM, _NOON = 8, 12
_FEMININE_HOURS = {1: "una", 21: "veintiuna"}

_KINGS = (
    "Alejandro|Alfonso|Benedicto|Carlos|Clemente|Eduardo|Enrique|Felipe|Fernando|Francisco|Guillermo|Jacobo|Jorge"
    "|Juan|Juan Carlos|Juan Pablo|Julio|León|Leopoldo|Luis|Napoleón|Nicolás|Pablo|Pedro|Pío|Ramsés|Ricardo|Sancho"
)
_QUEENS = "Catalina|Isabel|Margarita|María"
LAST_BY_ORDER = 10


def _time(clock: Clock) -> str:
    hour = _FEMININE_HOURS.get(clock.hour) or number_words.cardinal(clock.hour, "es")
    half = _HALVES[clock.half]
    if clock.half == "pm" and _NIGHT_FROM <= clock.hour < _NOON:
        half = " de la noche"
    if not clock.minute:
        return hour + half
    minute = {15: "cuarto", 30: "media"}.get(clock.minute) or number_words.cardinal(clock.minute, "es")
    if clock.hour > _NOON:
        return f"{hour} {'cero ' if clock.minute < 10 else ''}{number_words.cardinal(clock.minute, 'es')}{half}"
    return f"{hour} y {minute}{half}"


def _date(day: Day) -> str:
    first = "primero" if day.day == 1 else number_words.cardinal(day.day, "es", "")
    year = f" de {number_words.cardinal(day.year, 'es')}" if day.year else ""
    return f"{first} de {_MONTHS[day.month - 1]}{year}"


def _masculine(found: re.Match[str]) -> str:
    return number_words.ordinal(int(found["number"]), "es", "masculine")


def _shortened(found: re.Match[str]) -> str:
    return number_words.ordinal(int(found["number"]), "es", "masculine-adjective")


def _feminine(found: re.Match[str]) -> str:
    return number_words.ordinal(int(found["number"]), "es", "feminine")


def _agrees(word: str) -> Gender:
    """The gender that a noun's ending lets one guess."""
    return (
        "feminine"
        if re.search(r"(?<!dí)(?<!problem)(?<!program)(?:as?|ción|ciones|dad|dades|noches?)$", word)
        else "masculine"
    )


def _reigning(found: re.Match[str], number: int) -> str:
    """Up to the tenth by order, from then on counted."""
    if number > LAST_BY_ORDER:
        return number_words.cardinal(number, "es")
    return number_words.ordinal(number, "es", "feminine" if found["word"] in _QUEENS.split("|") else "masculine")


SPANISH = Tongue(
    code="es",
    number=r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:,\d+)?"
    r"|\d{1,3}(?:,\d{3})+\.\d+|\d+[.,]\d+|\d+",
    decimal=",.",
    single_decimals=False,
    words={
        ".": "coma", "-": "menos", "%": "por ciento", "&": "y", "@": "arroba", "+": "más", "=": "igual a",
        "×": "por", "x": "por", "*": "por", "÷": "entre", "°": "grados", "→": "a", "⇒": "a", "<": "menor que",
        ">": "mayor que", "#": "número", "~": "unos", "≈": "unos", "±": "más menos", "≥": "al menos",
        "≤": "como máximo", "/": "barra", "or": "o", "per": "por", "to": "a",
        "address .": "punto", "address -": "guion", "address _": "guion bajo", "address /": "barra",
        "address @": "arroba", "address +": "más", "address ~": "virgulilla", "address %": "por ciento",
        "address :": "dos puntos",
    },
    currencies={
        **dict.fromkeys(
            ("€", "EUR"), Currency(Noun("euro", "euros", "masculine"), Noun("céntimo", "céntimos", "masculine"))
        ),
        **dict.fromkeys(
            ("$", "US$", "USD"), Currency(Noun("dólar", "dólares", "masculine"), _CENTAVO)
        ),
        **dict.fromkeys(
            ("£", "GBP"), Currency(Noun("libra", "libras", "feminine"), Noun("penique", "peniques", "masculine"))
        ),
        "MXN": Currency(Noun("peso mexicano", "pesos mexicanos", "masculine"), _CENTAVO),
        "CHF": Currency(Noun("franco suizo", "francos suizos", "masculine"), Noun("céntimo", "céntimos", "masculine")),
        **dict.fromkeys(("¥", "JPY"), Currency(Noun("yen", "yenes", "masculine"), None)),
    },
    units={
        "km/h": Noun("kilómetro por hora", "kilómetros por hora", "masculine"),
        "km": Noun("kilómetro", "kilómetros", "masculine"), "m": Noun("metro", "metros", "masculine"),
        "cm": Noun("centímetro", "centímetros", "masculine"), "mm": Noun("milímetro", "milímetros", "masculine"),
        "kg": Noun("kilogramo", "kilogramos", "masculine"), "g": Noun("gramo", "gramos", "masculine"),
        "mg": Noun("miligramo", "miligramos", "masculine"), "l": Noun("litro", "litros", "masculine"),
        "L": Noun("litro", "litros", "masculine"), "ml": Noun("mililitro", "mililitros", "masculine"),
        "m²": Noun("metro cuadrado", "metros cuadrados", "masculine"),
        "m2": Noun("metro cuadrado", "metros cuadrados", "masculine"),
        "°C": Noun("grado centígrado", "grados centígrados", "masculine"),
        "ºC": Noun("grado centígrado", "grados centígrados", "masculine"),
        "°": Noun("grado", "grados", "masculine"), "GB": Noun("gigabyte", "gigabytes", "masculine"),
        "MB": Noun("megabyte", "megabytes", "masculine"), "h": Noun("hora", "horas", "feminine"),
        "min": Noun("minuto", "minutos", "masculine"), "kWh": Noun("kilovatio hora", "kilovatios hora", "masculine"),
    },
    scales={
        "mil": "mil|mil", "millón": "millón|millones", "millones": "millón|millones", "m": "millón|millones",
        "mill": "millón|millones",
    },
    of_scale=" de",
    price_and=" con ",
    names_hundredths=False,
    fractions={
        "1/2": "un medio", "1/3": "un tercio", "2/3": "dos tercios", "1/4": "un cuarto", "3/4": "tres cuartos",
        "mixed 1/2": "medio",
    },
    months={**{name: at + 1 for at, name in enumerate(_MONTHS)}, "setiembre": 9},
    dates=(
        rf"(?<![\w.,:/])(?P<day>\d{{1,2}})(?:\.?[º°]|\.?er|ro)?\s(?:de\s)?(?P<month>(?i:{_NAMED}))\b(?:\s(?:de\s|del\s)?(?P<year>[12]\d{{3}}))?(?!\w)",
        r"(?<![\w/.-])(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>[12]\d{3}|\d\d)(?![\w/])",
    ),
    times=(
        rf"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?:\s?{_HALF}|\s?(?:h|hrs)\b(?:\.(?=\s*\S))?)?(?![\d:])",
        rf"(?<![\w.,:])(?P<hour>1[0-2]|0?[1-9])(?:\.(?P<minute>[0-5]\d))?\s?{_HALF}",
        r"(?<=\blas\s)(?P<hour>[01]?\d|2[0-4])\.(?P<minute>[0-5]\d)(?:\s?h\b(?:\.(?=\s*\S))?)?(?!\d)(?P<half>)",
    ),
    say_time=_time,
    say_date=_date,
    ordinals=(
        (r"(?<![\w.])(?P<number>[13])\.?er(?!\w)", _shortened),
        (r"(?<![\w.])(?P<number>\d{1,3})(?:\.?[º°](?![CF])|(?:ro|do|to|mo|vo|no)(?!\w))", _masculine),
        (r"(?<![\w.])(?P<number>\d{1,3})(?:\.?ª|(?:ra|da|ta|ma|va|na)(?!\w))", _feminine),
    ),
    abbreviations={
        "Dr.": "doctor", "Dra.": "doctora", "Sr.": "señor", "Sra.": "señora", "Srta.": "señorita",
        "Sres.": "señores", "D.": "don", "Dña.": "doña", "Prof.": "profesor", "Ud.": "usted", "Uds.": "ustedes",
        "Vd.": "usted", "Vds.": "ustedes", "p. ej.": "por ejemplo", "p.ej.": "por ejemplo", "P. ej.": "Por ejemplo",
        "etc.": "etcétera", "aprox.": "aproximadamente", "tel.": "teléfono", "Tel.": "Teléfono", "Avda.": "avenida",
        "Av.": "avenida", "C/": "calle", "c/": "calle", "pág.": "página", "págs.": "páginas", "máx.": "máximo",
        "mín.": "mínimo", "EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos", "S.A.": "S A", "Sto.": "santo",
        "Sta.": "santa", "a. m.": "de la mañana", "p. m.": "de la tarde", "incl.": "incluido", "dpto.": "departamento",
    },
    phrases=(
        (r"(?<!\w)[Nn](?:\.?[º°]|úm\.|ro\.)\s?(?=\d)", "número "),
        (r"(?<!\w)24/7(?!\w)", "veinticuatro horas"),
    ),
    codes="[Cc]ódigo(?: postal)?|PIN|[Pp]in|[Hh]abitación|[Ee]xtensión|[Pp]edido(?: número)?|[Rr]eferencia|[Mm]arque",
    agrees=_agrees,
    years=(0, 0),
    numbered="(?i:acto|anexo|artículo|capítulo|clase|fase|guerra mundial|libro|nivel|parte|sección|siglo|tipo|título"
    "|tomo|volumen)",
    rulers=f"{_KINGS}|{_QUEENS}",
    reigning=_reigning,
    spelled=frozenset(("UE", "DNI", "USB", "ID", "ITV", "EEUU")),
)  # fmt: skip
