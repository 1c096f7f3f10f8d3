"""The words around numbers, spellings, addresses and dates in each language. Rule: values only."""

from collections.abc import Mapping
from dataclasses import dataclass

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One language.

    `scales` are hundreds and thousands, `zeros` other words for nought, `ones` what a compound number may begin with;
    `between` stands between figures without ending them, `example` leads to the word that stands for a letter. A word
    of `refusal` marks an answer that does not give what was asked for; `frame` is what stands around an address.
    """

    scales: Mapping[str, int]
    zeros: Words
    ones: Words
    repeats: Mapping[str, int]
    between: Words
    number_nouns: Words
    at: Words
    dot: Words
    joins: Words
    example: Words
    months: Words
    days: Words
    ordinals: Words
    currencies: Words
    refusal: Words
    assent: Words
    frame: Words


def _of(words: str) -> Words:
    return frozenset(words.split())


ENGLISH = Vocabulary(
    scales={"hundred": 100, "thousand": 1_000},
    zeros=_of("oh o nought nil"),
    ones=frozenset(),
    repeats={"double": 2, "triple": 3},
    between=_of("um uh er erm and then dash hyphen plus so that's area code"),
    number_nouns=_of("number code pin card account reference extension order contract policy reading mobile phone id"),
    at=_of("at @"),
    dot=_of("dot point period"),
    joins=_of("dash hyphen underscore minus slash"),
    example=_of("as in for like"),
    months=_of(
        "january february march april may june july august september october november december jan feb mar apr jun jul "
        "aug sep sept oct nov dec"
    ),
    days=_of(
        "monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday tonight weekend week "
        "christmas easter"
    ),
    ordinals=_of(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth st nd rd th"
    ),
    currencies=_of(
        "dollar dollars bucks pound pounds quid euro euros cent cents pence franc francs percent grand usd eur gbp"
    ),
    refusal=_of(
        "no not don't can't haven't isn't won't didn't why what who how sorry pardon again repeat moment minute "
        "wait hold hello speak operator nothing none never help"
    ),
    assent=_of("yes yeah yep sure okay ok right please"),
    frame=_of(
        "my the a it's it is i live at on in of we are i'm address street number name would be that that's parked "
        "outside near by from to and um uh er yes sure okay well so stands here"
    ),
)

GERMAN = Vocabulary(
    scales={"hundert": 100, "tausend": 1_000},
    zeros=frozenset(),
    ones=_of("ein eine einen"),
    repeats={"doppel": 2, "doppelt": 2},
    between=_of("äh ähm öh und dann also plus strich bindestrich minus vorwahl"),
    number_nouns=_of(
        "nummer kundennummer vertragsnummer bestellnummer rechnungsnummer telefonnummer handynummer rufnummer pin code "
        "kontonummer kartennummer zählerstand iban auftragsnummer"
    ),
    at=_of("at ät @ klammeraffe"),
    dot=_of("punkt"),
    joins=_of("strich bindestrich unterstrich minus"),
    example=_of("wie"),
    months=_of(
        "januar jänner februar feber märz april mai juni juno juli julei august september oktober november dezember"
    ),
    days=_of(
        "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag heute morgen gestern übermorgen "
        "vorgestern wochenende woche weihnachten ostern"
    ),
    ordinals=frozenset(
        f"{stem}{ending}"
        for stem in _of(
            "ers zwei drit vier fünf sechs sieb sieben ach neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
            "siebzehn achtzehn neunzehn zwanzigs dreißigs"
        )
        for ending in ("te", "ten", "ter")
    )
    | frozenset(
        f"{unit}und{ten}s{ending}"
        for unit in _of("ein zwei drei vier fünf sechs sieben acht neun")
        for ten in ("zwanzig", "dreißig")
        for ending in ("te", "ten", "ter")
    ),
    currencies=_of("euro euros cent dollar franken prozent eur mark pfund"),
    refusal=_of(
        "nein nicht kein keine keinen warum was wer wie wieso bitte moment warten nochmal wiederholen hallo hilfe "
        "nichts nie weiß"
    ),
    assent=_of("ja okay gern genau richtig bitte"),
    frame=_of(
        "meine die der das ist ich wohne in an am im wir sind adresse straße nummer name es steht und äh ähm also ja "
        "beim bei von zu"
    ),
)

SPANISH = Vocabulary(
    scales={
        "cien": 100, "ciento": 100, "mil": 1_000, "doscientos": 200, "trescientos": 300, "cuatrocientos": 400,
        "quinientos": 500, "seiscientos": 600, "setecientos": 700, "ochocientos": 800, "novecientos": 900,
    },
    zeros=frozenset(),
    ones=_of("un una"),
    repeats={"doble": 2, "triple": 3},
    between=_of("eh em este y luego después guion guión más pues menos"),
    number_nouns=_of("número teléfono móvil código pin tarjeta cuenta referencia contrato pedido contador"),
    at=_of("arroba @ at"),
    dot=_of("punto"),
    joins=_of("guion guión bajo medio"),
    example=_of("de como"),
    months=_of("enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre"),
    days=_of(
        "lunes martes miércoles jueves viernes sábado domingo hoy mañana ayer anteayer pasado semana navidad pascua"
    ),
    ordinals=_of("primero primer"),
    currencies=_of("euro euros dólar dólares peso pesos céntimos centavos ciento libras soles"),
    refusal=_of(
        "no qué quién cómo perdón perdone espere espera momento repita repetir hola ayuda nada nunca porqué otra"
    ),
    assent=_of("sí claro vale bien favor"),
    frame=_of(
        "mi la el es vivo en calle avenida paseo plaza dirección de del los las número nombre está y eh em pues sí a"
    ),
)  # fmt: skip

FRENCH = Vocabulary(
    scales={"cent": 100, "cents": 100, "mille": 1_000},
    zeros=frozenset(),
    ones=_of("une"),
    repeats={"double": 2, "triple": 3},
    between=_of("euh heu hum et puis tiret plus alors ensuite moins"),
    number_nouns=_of("numéro téléphone portable code carte compte référence contrat commande compteur"),
    at=_of("arobase arrobase @ at chez"),
    dot=_of("point"),
    joins=_of("tiret underscore souligné trait"),
    example=_of("comme"),
    months=_of("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
    days=_of(
        "lundi mardi mercredi jeudi vendredi samedi dimanche aujourd'hui demain hier après-demain semaine noël pâques"
    ),
    ordinals=_of("premier"),
    currencies=_of("euro euros dollar dollars centimes franc francs livres balles pourcent"),
    refusal=_of(
        "non pas quoi qui comment pardon pourquoi attendez moment instant répétez répéter allô aide rien jamais"
    ),
    assent=_of("oui ouais d'accord bien volontiers"),
    frame=_of(
        "mon ma l' la le c'est est j'habite habite à au dans rue avenue quai place chemin de du des adresse numéro nom "
        "elle et euh alors oui se trouve"
    ),
)

VOCABULARIES: Mapping[str, Vocabulary] = {"en": ENGLISH, "de": GERMAN, "es": SPANISH, "fr": FRENCH}

# Last parts of an e-mail address, and those to which a country is often added.
TOP_LEVELS = _of("com net org info io de fr es uk eu at ch us ca ie it nl be biz gov edu dev app ai tv me mx ar co")
MAY_GO_ON = _of("co com")
