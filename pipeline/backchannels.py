"""What a listener says without wanting the floor: uh-huh, genau, claro, d'accord. Rule: in doubt it is no backchannel.

The whole utterance must be made of such phrases: a word of command, a question or a reason beside them wants the floor.
"""

import re
from collections.abc import Mapping, Sequence

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_HUM = re.compile(r"(?=..)[mh]*m[mh]*")
_MOST_WORDS = 6

_HUMS = "mm,ah,oh,aha,ooh"
_PHRASES: Mapping[str, str] = {
    "en": (
        "uh huh,uhuh,uh,huh,yeah,yea,yep,yup,yes,ya,okay,ok,kay,right,sure,alright,all right,fine,good,great,nice,cool,"
        "perfect,lovely,wonderful,exactly,absolutely,definitely,true,indeed,of course,i see,got it,gotcha,"
        "makes sense,that makes sense,sounds good,that's right,that's fine,that's good,that's true,fair enough,"
        "no problem,wow,really,interesting,understood,i understand,i know,go on,oh good,oh okay,oh i see,yes yes,"
        "very good,very well,sounds great,that's great,that's nice,correct,that's correct,that is right,excellent,"
        "amazing,awesome"
    ),
    "de": (
        "ja,jaja,jo,joa,jawohl,genau,okay,ok,gut,sehr gut,alles klar,klar,aha,achso,ach so,so so,verstehe,"
        "ich verstehe,verstanden,richtig,stimmt,das stimmt,natürlich,sicher,in ordnung,schön,super,prima,toll,passt,"
        "gerne,echt,wirklich,ach,na gut,ist gut,das ist gut,sowieso,selbstverständlich,eben,ganz genau,interessant,"
        "wunderbar,perfekt,sehr schön,ist okay,na klar,jap,jep,jup,joah,exakt,korrekt"
    ),
    "es": (
        "sí,si,ajá,aja,vale,claro,claro que sí,ya,ya veo,ya ya,bueno,bien,muy bien,está bien,esta bien,de acuerdo,"
        "entiendo,entendido,ok,okay,okey,exacto,exactamente,eso,eso es,así es,correcto,perfecto,por supuesto,cierto,"
        "qué bien,listo,genial,estupendo,sí sí,ah sí,comprendo,desde luego,en serio,anda,lo entiendo,"
        "órale,dale,ándale"
    ),
    "fr": (
        "oui,ouais,ouaip,mouais,d'accord,ok,okay,ah bon,ah oui,ah d'accord,bien,très bien,c'est bien,bien sûr,voilà,"
        "exactement,tout à fait,je vois,je comprends,compris,entendu,c'est ça,c'est vrai,parfait,super,bon,certes,"
        "effectivement,en effet,si,pas de problème,ça marche,absolument,évidemment,ah,génial,hum,oui oui,vraiment,"
        "ben oui,mais oui,hein,nickel"
    ),
}


Words = tuple[str, ...]


def backchannel(words: str, language: str | None, *, asked: bool = False, more: Sequence[str] = ()) -> bool:
    """Whether these words only say that the caller listens, so that the agent may go on.

    `asked`: the agent has just asked something, so that a yes or an okay is an answer, and only a hum is none. A
    language is a tag such as `de-AT`; without one, and in one that is not known, every known language counts. `more`
    are phrases that count in this place.
    """
    if "?" in words:
        return False
    said = _said(words)
    return 0 < len(said) <= _MOST_WORDS and _made_of(said, _HUM_PHRASES if asked else _phrases(language, more))


def may_become_backchannel(words: str, language: str | None, more: Sequence[str] = ()) -> bool:
    """Whether these words are the beginning of such an utterance: "i" of "i see", "of" of "of course"."""
    said, phrases = _said(words), _phrases(language, more)
    return any(
        _made_of(said[:length], phrases) and any(phrase[: len(said) - length] == said[length:] for phrase in phrases)
        for length in range(len(said))
    )


def _said(words: str) -> Words:
    """The words; hums are one word, however a recogniser spells them."""
    found = _WORD.findall(words.lower().replace("’", "'"))
    return tuple("mm" if _HUM.fullmatch(word) else word for word in found)


def _made_of(said: Words, phrases: frozenset[Words]) -> bool:
    return not said or any(
        said[:length] in phrases and _made_of(said[length:], phrases) for length in range(1, len(said) + 1)
    )


def _phrases(language: str | None, more: Sequence[str]) -> frozenset[Words]:
    known = _BY_LANGUAGE.get((language or "")[:2].lower(), _ALL)
    return known.union(map(_said, more)) if more else known


def _read(phrases: str) -> frozenset[Words]:
    return frozenset(tuple(phrase.split()) for phrase in phrases.split(","))


_HUM_PHRASES = _read(_HUMS)
_BY_LANGUAGE = {language: _HUM_PHRASES | _read(phrases) for language, phrases in _PHRASES.items()}
_ALL = frozenset().union(*_BY_LANGUAGE.values())
