"""What a caller says who answers in a word or two: yes, no thanks, hello? Rule: nothing but such words, and no comma.

A sentence may also begin with them, so they are no more than likely to be all, and the sound of them decides.
"""

import re
from collections.abc import Mapping, Sequence

_OPEN = re.compile(r"(?:\.\.\.|…|[,-])\W*$")
_MOST_WORDS = 5

_ANSWERS: Mapping[str, str] = {
    "en": (
        "yes,yeah,yep,yup,no,nope,nah,not yet,not really,okay,ok,sure,right,correct,exactly,perfect,fine,great,"
        "of course,please,yes please,please do,no thanks,thanks,thank you,bye,goodbye,hello,hi,what,pardon,sorry,"
        "just me,never mind,forget it,i don't know,i think so,it depends,maybe,either,both,neither,anything"
    ),
    "de": (
        "ja,jawohl,jo,nein,nee,doch,okay,ok,gut,sehr gut,genau,ganz genau,richtig,stimmt,das stimmt,klar,na klar,"
        "natürlich,sicher,gern,gerne,sehr gern,sehr gerne,bitte,danke,danke schön,dankeschön,vielen dank,prima,super,"
        "passt,tschüss,auf wiederhören,hallo,wie bitte,bitte was,noch nicht,vielleicht,egal,beides,das bin ich,"
        "weiß ich nicht,ich weiß nicht,das weiß ich nicht,vergessen sie es"
    ),
    "es": (
        "sí,si,no,vale,claro,claro que sí,bueno,bien,muy bien,correcto,exacto,eso es,así es,perfecto,de acuerdo,"
        "por supuesto,por favor,gracias,muchas gracias,adiós,hola,oiga,cómo,perdón,todavía no,quizás,quizá,tal vez,"
        "no sé,no lo sé,los dos,las dos,ya está,diga"
    ),
    "fr": (
        "oui,ouais,non,si,d'accord,ok,okay,bien sûr,exactement,voilà,parfait,tout à fait,c'est ça,volontiers,"
        "s'il vous plaît,merci,merci beaucoup,au revoir,bonjour,allô,allo,comment,pardon,pas encore,peut-être,"
        "je ne sais pas,les deux,je crois"
    ),
}
_BY_LANGUAGE = {
    language: frozenset(tuple(phrase.split()) for phrase in phrases.split(","))
    for language, phrases in _ANSWERS.items()
}
_ALL: frozenset[tuple[str, ...]] = frozenset().union(*_BY_LANGUAGE.values())


def answers(text: str, said: Sequence[str], language: str | None) -> bool:
    """Whether a text, of which these are the words, is made of such phrases, of any language where none is known."""
    phrases = _BY_LANGUAGE[language] if language else _ALL
    return len(said) <= _MOST_WORDS and not _OPEN.search(text) and _made_of(tuple(said), phrases)


def _made_of(said: tuple[str, ...], phrases: frozenset[tuple[str, ...]]) -> bool:
    return not said or any(
        said[:length] in phrases and _made_of(said[length:], phrases) for length in range(1, len(said) + 1)
    )
