"""What a caller says who has said everything. Rule: an utterance that ends so is over, wherever its last word leads.

Their last words (all, it, everything) begin something in most other sentences, so that weights alone misjudge them.
"""

from collections.abc import Mapping, Sequence

_CLOSINGS: Mapping[str, str] = {
    "en": (
        "that's all,that is all,that was all,that will be all,that'll be all,that would be all,is that all,"
        "that's it,that is it,that was it,that will be it,that's everything,that is everything,that was everything,"
        "that'll be everything,that will be everything,nothing else,nothing more"
    ),
    "de": (
        "das ist alles,das war alles,das wär alles,das wäre alles,das war's,das wars,das wär's,das wärs,das ist es,"
        "sonst nichts,nichts weiter,mehr nicht"
    ),
    "es": "eso es todo,eso era todo,eso sería todo,es todo,nada más,ninguna cosa más,con eso es todo",
    "fr": "c'est tout,c'était tout,ce sera tout,ça sera tout,rien d'autre,rien de plus,c'est bon",
}
_BY_LANGUAGE = {
    language: tuple(tuple(phrase.split()) for phrase in phrases.split(",")) for language, phrases in _CLOSINGS.items()
}


def closes(said: Sequence[str], language: str) -> bool:
    """Whether these words end in such a phrase; the language is one of en, de, es and fr."""
    return any(tuple(said[-len(phrase) :]) == phrase for phrase in _BY_LANGUAGE[language])
