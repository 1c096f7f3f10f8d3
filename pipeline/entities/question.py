"""What an agent's question asks for. Rule: the last sentence that asks decides, and a tool's schema knows lengths."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline.entities.awaited import Awaited, Kind
from pipeline.entities.confirming import confirms
from pipeline.realtime.config import FunctionTool

_COUNTED: Final = {
    "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
    "sixteen": 16, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
    "zwölf": 12, "sechzehn": 16, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9,
    "diez": 10, "doce": 12, "dieciséis": 16, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9,
    "dix": 10, "douze": 12, "seize": 16,
}  # fmt: skip
_COUNT: Final = re.compile(
    rf"\b(?P<count>\d+|{'|'.join(sorted(_COUNTED, key=len, reverse=True))})"
    r"(?:[- ]?(?:digit|figure|number)s?\b|[- ]?stellig|[- ](?:ziffer|stelle|cifra|dígito|chiffre)[ns]?\b)"
)
_NUMBER_OF: Final = (
    r"(?:order|customer|account|member(?:ship)?|booking|reservation|reference|contract|policy|invoice|case|ticket|tracking|"
    r"confirmation|security|meter|student|patient|employee|serial|insurance|pin|passcode|access|zip|postal)"
)

# The first that is found decides, so the narrow ones come first.
_ASKS: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    (
        "spelling",
        (r"\bspell", "buchstabier", r"\bschreib(?:t|en)\b.*\bman\b", "wie schreib", "deletre", "se escribe", "épel",
         r"s'écri(?:t|vent)\b"),
    ),
    ("email", ("e-?mail", r"\bmail\b", "mailen", "correo", "courriel")),
    (
        "birth_date",
        ("date of birth", "birth ?da(?:te|y)", r"\bborn\b", "geburtsdatum", "geboren", "geburtstag", "nacimiento",
         r"\bnaci(?:ó|ste|do|da)\b", "date de naissance", r"\bnée?\b"),
    ),
    (
        "card",
        (r"\bcard\b.*\b(?:number|digits)", r"(?:number|digits)\b.*\bcard\b", "kartennummer",
         "número de (?:la |su )?tarjeta", "numéro de (?:la |votre )?carte"),
    ),
    (
        "phone",
        ("phone number", "telephone", "mobile number", "cell ?phone", r"number\b.*\b(?:reach|call|ring|contact)",
         r"(?:reach|call|ring)\b.*\bnumber", "telefonnummer", "handynummer", "rufnummer",
         r"nummer\b.*\b(?:erreich|anruf|zurückruf)", "teléfono", "móvil", r"número\b.*\bllama", "téléphone",
         r"numéro\b.*\b(?:joindre|rappeler|portable)"),
    ),
    (
        "digits",
        (rf"{_NUMBER_OF}[- ]?(?:number|code|pin)", r"\b(?:pin|code|digits)\b", r"\w+nummer\b", "postleitzahl",
         "zählerstand", "número de (?:cliente|pedido|cuenta|contrato|reserva|referencia|póliza|socio)", "código",
         "cifras", "dígitos", "numéro de (?:client|commande|compte|contrat|réservation|dossier|référence)", "chiffres"),
    ),
    (
        "amount",
        ("how much (?:would|do|did|should|money|was|is)", "(?:what|which) (?:amount|sum|price)",
         "what did .* (?:pay|cost)", "wie ?viel (?:geld|möchten|haben|soll|hat)", "welche[nr]? (?:betrag|summe)",
         "(?:qué|cuánto) .*(?:pag|cost|importe)",
         "cuánto (?:dinero|quiere|desea)", "qué (?:cantidad|importe)", "quel(?:le)? (?:montant|somme|prix)",
         "combien (?:voulez|souhaitez|avez)"),
    ),
    (
        "address",
        (r"\baddress\b", "(?:what|which) street", "where (?:do you live|is the|should we (?:send|deliver))",
         r"adresse\b", "anschrift", "wo (?:wohnen|steht)", "dirección", "domicilio", "dónde (?:vive|está el)",
         "où (?:habitez|se trouve)"),
    ),
    (
        "date",
        (r"\b(?:what|which) (?:date|day)\b", r"\bdate\b", r"\bdatum\b", r"\bwelche[mnr]? tag\b", r"\bfecha\b",
         r"\bqué día\b", r"\bquel(?:le)? (?:jour|date)\b"),
    ),
    ("time", (r"\b(?:what|which) time\b", r"\bwie ?viel uhr\b", "uhrzeit", r"\bqué hora\b", r"\bquelle heure\b")),
    (
        "count",
        (r"\bhow (?:many|old)\b", r"\b(?:what|which) (?:option|size|floor)\b",
         r"\b(?:press|say) (?:one|two|1|2)\b(?! (?:digit|figure|letter|word|of|at|by))",
         r"\bwie ?(?:viele|alt)\b", r"\bdrücken sie\b", r"\bcuánt[oa]s\b", r"\b(?:pulse|marque)\b",
         r"\bcombien de\b", r"\bquel âge\b", r"\b(?:appuyez|tapez)\b"),
    ),
)  # fmt: skip
_ASKING: Final = tuple((kind, re.compile("|".join(patterns))) for kind, patterns in _ASKS)
_REQUEST: Final = re.compile(
    r"\?|\b(?:please|tell me|give me|enter|press|say|read|may i have|i(?:'ll)? need|bitte|nennen|sagen|geben|drücken|"
    r"dígame|deme|por favor|indique|necesito|pulse|marque|donnez|dites|indiquez|s'il vous plaît|il me faut|"
    r"appuyez|tapez)\b"
)
_SENTENCE: Final = re.compile(r"[^.?!]+[.?!]*")
_SENTENCES_BACK: Final = 2
_USUAL: Final[Mapping[Kind, tuple[int, int | None]]] = {"card": (16, 16), "phone": (7, None), "digits": (4, None)}
_PHONE_LENGTHS: Final = {"en": (10, 11), "de": (8, 12), "es": (9, 9), "fr": (10, 10)}

_WIDEST: Final = 4
_SAID: Final = re.compile(r"\\[dw]|^[^\W_]$|\[[^\\]*[^\W_]")
_PIECE: Final = re.compile(r"(\\d|\\w|\[(?:[^\]\\]|\\.)+\]|\\.|[^\\(|)*+?{}])(?:\{(\d+)(,(\d*))?\}|([?*+]))?")


def awaited(question: str, tools: Iterable[FunctionTool] = (), language: str | None = None) -> Awaited | None:
    """What these last words of the agent ask for; None when they ask for nothing that is said piece by piece.

    A parameter of a tool that the question names, or one of the same kind, tells the length, unless the agent has said
    it. Who is asked for a yes or a no is not waited for.
    """
    sentences = [sentence.lower() for sentence in _SENTENCE.findall(question)][-_SENTENCES_BACK:]
    parameters = [each for tool in tools for each in (tool.parameters.get("properties") or {}).items()]
    for place in reversed(range(len(sentences))):
        sentence, added = sentences[place], sentences[place + 1 :]
        if not _REQUEST.search(sentence):
            continue
        if confirms(sentence):
            return None
        if found := _asked(sentence, parameters, (language or "en")[:2].lower(), " ".join(added)):
            return found
    return None


def _asked(sentence: str, parameters: list[tuple[str, Any]], language: str, added: str) -> Awaited | None:
    named = [schema for name, schema in parameters if _names(sentence, name)]
    kind = _kind_of(sentence) or next((kind for schema in named if (kind := _kind_by_schema(schema))), None)
    if kind is None:
        return None
    if counted := _COUNT.search(sentence) or _COUNT.search(added):
        count = int(_COUNTED.get(counted["count"], 0) or counted["count"])
        return Awaited("digits" if kind == "card" and count < 12 else kind, count, count)
    alike = [schema for name, schema in parameters if _kind_of(f"{name.replace('_', ' ')} {_about(schema)}") == kind]
    lengths = next((found for schema in (*named, *alike) if (found := _length(schema))), None)
    least, most = lengths or (_PHONE_LENGTHS.get(language) if kind == "phone" else None) or _USUAL.get(kind, (0, None))
    return Awaited(kind, least, most)


def _kind_of(text: str) -> Kind | None:
    return next((kind for kind, pattern in _ASKING if pattern.search(text)), None)


def _names(sentence: str, parameter: str) -> bool:
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", parameter).lower())
    return bool(words) and all(word in sentence for word in words)


def _about(schema: Any) -> str:
    return str(schema.get("description", "")).lower() if isinstance(schema, Mapping) else ""


def _kind_by_schema(schema: Any) -> Kind | None:
    """A kind for what only its schema describes."""
    if not isinstance(schema, Mapping):
        return None
    formats: dict[str, Kind] = {"email": "email", "phone": "phone", "phone_number": "phone", "date": "date"}
    if kind := formats.get(str(schema.get("format", ""))):
        return kind
    if pattern := schema.get("pattern"):
        return "code" if re.search("[A-Za-z]", re.sub(r"\\.", "", str(pattern))) else "digits"
    return _kind_of(_about(schema))


def _length(schema: Any) -> tuple[int, int | None] | None:
    """How long a value may be by its pattern, or by its limits."""
    if not isinstance(schema, Mapping):
        return None
    if isinstance(pattern := schema.get("pattern"), str):
        return pattern_length(pattern)
    match schema:
        case {"minLength": int(least), "maxLength": int(most)} if 0 < most <= least + _WIDEST:
            return least, most
    return None


def pattern_length(pattern: str) -> tuple[int, int | None] | None:
    r"""How many figures and letters a pattern such as `^[A-Z]{2}-?\d{6}$` takes; None where that is not plain.

    Signs between them (hyphens, spaces, dots) are not said, and do not count.
    """
    bare = pattern.removeprefix("^").removesuffix("$")
    pieces = list(_PIECE.finditer(bare))
    if "".join(piece[0] for piece in pieces) != bare:
        return None
    least, most = 0, 0
    for what, low, ranged, high, sign in (piece.groups() for piece in pieces):
        if what == "." or what[:2] in (r"\S", r"\W", r"\D") or (sign and sign in "*+") or (ranged and not high):
            return None
        if _SAID.search(what):
            least += 0 if sign == "?" else int(low or 1)
            most += int(high or low or 1)
    return (least, most) if 0 < most <= least + _WIDEST else None
