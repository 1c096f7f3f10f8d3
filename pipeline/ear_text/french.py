"""French as it is read aloud. Rule: values only."""

import re

from pipeline import number_words
from pipeline.ear_text.tongue import Clock, Currency, Day, Noun, Tongue
from pipeline.number_words import Gender

_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
_SHORT_MONTHS = {"janv": 1, "févr": 2, "avr": 4, "juil": 7, "sept": 9, "oct": 10, "nov": 11, "déc": 12}
_NAMED = "|".join((*_MONTHS, *_SHORT_MONTHS))
_FEMININE = frozenset(
    (
        *("personne", "heure", "minute", "seconde", "journée", "semaine", "année", "nuit", "chambre", "place", "table"),
        *("fois", "livre", "option", "question", "page", "portion", "bouteille", "carte", "salle", "pièce"),
    )
)
_CENT = Noun("centime", "centimes", "masculine")


def _time(clock: Clock) -> str:
    hour = number_words.cardinal(clock.hour, "fr", "feminine")
    named = f"{hour} {'heure' if clock.hour < 2 else 'heures'}"
    return f"{named} {number_words.cardinal(clock.minute, 'fr', 'feminine')}" if clock.minute else named


def _date(day: Day) -> str:
    first = "premier" if day.day == 1 else number_words.cardinal(day.day, "fr")
    year = f" {number_words.cardinal(day.year, 'fr')}" if day.year else ""
    return f"{first} {_MONTHS[day.month - 1]}{year}"


def _masculine(found: re.Match[str]) -> str:
    return number_words.ordinal(int(found["number"]), "fr", "masculine")


def _feminine(found: re.Match[str]) -> str:
    return number_words.ordinal(int(found["number"]), "fr", "feminine")


def _agrees(word: str) -> Gender:
    """The gender of what is often counted on a telephone; most other nouns say no."""
    return "feminine" if word.lower().rstrip("s") in _FEMININE else "masculine"


def _reigning(found: re.Match[str], number: int) -> str:
    return number_words.cardinal(number, "fr")


FRENCH = Tongue(
    code="fr",
    number=r"\d{1,3}(?:[ \u00a0\u202f.]\d{3})+(?:,\d+)?|\d+[.,]\d+|\d+",
    decimal=",.",
    single_decimals=False,
    words={
        ".": "virgule", "-": "moins", "%": "pour cent", "&": "et", "@": "arobase", "+": "plus", "=": "égale",
        "×": "fois", "x": "fois", "*": "fois", "÷": "divisé par",
        "°": "degrés", "→": "vers", "⇒": "vers", "<": "inférieur à",
        ">": "supérieur à", "#": "numéro", "~": "environ", "≈": "environ", "±": "plus ou moins", "≥": "au moins",
        "≤": "au plus", "/": "barre oblique", "or": "ou", "per": "par", "to": "à",
        "address .": "point", "address -": "tiret", "address _": "tiret bas", "address /": "barre oblique",
        "address @": "arobase", "address +": "plus", "address ~": "tilde", "address %": "pour cent",
        "address :": "deux points",
    },
    currencies={
        **dict.fromkeys(("€", "EUR"), Currency(Noun("euro", "euros", "masculine"), _CENT)),
        **dict.fromkeys(
            ("$", "US$", "USD"), Currency(Noun("dollar", "dollars", "masculine"), Noun("cent", "cents", "masculine"))
        ),
        **dict.fromkeys(
            ("£", "GBP"), Currency(Noun("livre", "livres", "feminine"), Noun("penny", "pence", "masculine"))
        ),
        "CHF": Currency(Noun("franc suisse", "francs suisses", "masculine"), _CENT),
        **dict.fromkeys(("¥", "JPY"), Currency(Noun("yen", "yens", "masculine"), None)),
    },
    units={
        "km/h": Noun("kilomètre heure", "kilomètres heure", "masculine"),
        "km": Noun("kilomètre", "kilomètres", "masculine"), "m": Noun("mètre", "mètres", "masculine"),
        "cm": Noun("centimètre", "centimètres", "masculine"), "mm": Noun("millimètre", "millimètres", "masculine"),
        "kg": Noun("kilogramme", "kilogrammes", "masculine"), "g": Noun("gramme", "grammes", "masculine"),
        "mg": Noun("milligramme", "milligrammes", "masculine"), "l": Noun("litre", "litres", "masculine"),
        "L": Noun("litre", "litres", "masculine"), "cl": Noun("centilitre", "centilitres", "masculine"),
        "ml": Noun("millilitre", "millilitres", "masculine"), "m²": Noun("mètre carré", "mètres carrés", "masculine"),
        "°C": Noun("degré", "degrés", "masculine"), "°": Noun("degré", "degrés", "masculine"),
        "Go": Noun("gigaoctet", "gigaoctets", "masculine"), "Mo": Noun("mégaoctet", "mégaoctets", "masculine"),
        "kWh": Noun("kilowattheure", "kilowattheures", "masculine"), "min": Noun("minute", "minutes", "feminine"),
    },
    scales={
        "mille": "mille|mille", "million": "million|millions", "millions": "million|millions", "m": "million|millions",
        "milliard": "milliard|milliards", "milliards": "milliard|milliards", "md": "milliard|milliards",
    },
    of_scale=" d'",
    price_and=" ",
    names_hundredths=False,
    fractions={
        "1/2": "un demi", "1/3": "un tiers", "2/3": "deux tiers", "1/4": "un quart", "3/4": "trois quarts",
        "mixed 1/2": "demi", "mixed 1/4": "quart",
    },
    months={**{name: at + 1 for at, name in enumerate(_MONTHS)}, **_SHORT_MONTHS},
    dates=(
        rf"(?<![\w.,:/])(?P<day>\d{{1,2}})(?:er)?\s(?P<month>(?i:{_NAMED}))\b(?:\.(?=\s*\S))?(?:\s(?P<year>[12]\d{{3}}))?(?!\w)",
        r"(?<![\w/.-])(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>[12]\d{3}|\d\d)(?![\w/])",
    ),
    times=(
        r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4])(?:\s?[hH]\s?(?P<minute>[0-5]\d)?)(?!\w)(?P<half>)",
        r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d:])(?P<half>)",
    ),
    say_time=_time,
    say_date=_date,
    ordinals=(
        (r"(?<![\w.])(?P<number>\d{1,3})(?:ère|re|nde)(?!\w)", _feminine),
        (r"(?<![\w.])(?P<number>\d{1,3})(?:er|ème|eme|e|nd)(?!\w)", _masculine),
    ),
    abbreviations={
        "M.": "monsieur", "MM.": "messieurs", "Mme": "madame", "Mmes": "mesdames", "Mlle": "mademoiselle",
        "Dr": "docteur", "Dr.": "docteur", "Pr": "professeur", "Me": "maître", "p. ex.": "par exemple",
        "p.ex.": "par exemple", "c.-à-d.": "c'est-à-dire", "etc.": "et cetera", "env.": "environ",
        "av.": "avenue", "Av.": "avenue", "bd": "boulevard", "bd.": "boulevard", "tél.": "téléphone",
        "Tél.": "Téléphone", "max.": "maximum", "min.": "minimum", "St": "saint", "Ste": "sainte",
        "RDV": "rendez-vous", "rdv": "rendez-vous", "svp": "s'il vous plaît", "SVP": "s'il vous plaît",
        "apr.": "après", "réf.": "référence", "TTC": "toutes taxes comprises", "HT": "hors taxes",
    },
    phrases=(
        (r"(?<!\w)[Nn](?:[°º]|o\.)[ \u00a0]?(?=\d)", "numéro "),
        (r"(?<!\w)24\s?[hH]/24(?!\w)", "vingt-quatre heures sur vingt-quatre"),
        (r"(?<!\w)7\s?[jJ]/7(?!\w)", "sept jours sur sept"),
    ),
    codes="[Cc]ode(?: postal)?|PIN|[Cc]hambre|[Pp]oste|[Cc]ommande(?: numéro)?|[Rr]éférence|[Tt]apez",
    agrees=_agrees,
    years=(0, 0),
    numbered="(?i:acte|annexe|article|chapitre|classe|livre|niveau|partie|phase|section|titre|tome|type|vatican|volume)",
    rulers="Alexandre|Benoît|Charles|Clément|Édouard|Elisabeth|Élisabeth|François|Frédéric|George|Georges|Grégoire"
    "|Guillaume|Henri|Jacques|Jean|Jean-Paul|Jules|Léon|Léopold|Louis|Napoléon|Nicolas|Paul|Philippe|Pie|Pierre|Ramsès"
    "|Richard",
    reigning=_reigning,
    phone_pairs=True,
    spelled=frozenset(("UE", "USA", "USB", "ID", "EDF", "RATP", "IRM", "TVA", "ADN", "UV")),
)  # fmt: skip
