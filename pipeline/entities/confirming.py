"""Questions that name a thing and want a yes or a no: nobody says the thing in answer. Rule: in doubt it is asked for.

`Shall I e-mail it to you?`, `Your number is 4711, is that right?`, but not `Do you have your order number?`
"""

import re
from typing import Final

_LEAD: Final = (
    r"^\W*(?:(?:and|so|but|okay|ok|now|well|great|then|und|also|aber|gut|dann|y|entonces|bueno|et|alors|bon)\b\W*)*"
)
_BEGINS: Final = (
    r"(?:is|are|was|were|does|did|has) (?!there\b|it possible\b|you able\b)",
    r"(?:shall|should) (?:i|we)\b",
    r"do you (?:want|need|still)\b",
    r"would you (?:like|prefer|want) (?:me|us)\b",
    r"would you (?:like|prefer|want) to\b(?! (?:give|tell|spell))",
    r"(?:can|could|may) (?:i|we) (?:send|call|ring|reach|e-?mail|text|use|charge|confirm)\b",
    r"(?:ist|sind|war|stimmt|stimmen|soll|sollen|sollte|bleibt|gilt|lautet)\b",
    r"(?:möchten|wollen|wünschen) sie,? dass\b",
    r"(?:darf|kann|können|dürfen) (?:ich|wir) (?:ihnen|sie)\b(?!.*\b(?:um|bitten|fragen|nach)\b)",
    r"(?:es|son|está|están|sigue|siguen|coincide) (?!posible)",
    r"(?:quiere|desea|prefiere) que\b",
    r"(?:le|se lo) (?:envío|mando|llamo|enviamos|mandamos|llamamos)\b",
    r"(?:puedo|podemos) (?:llamar|enviar|mandar)",
    r"(?:est-ce|c'est) (?:bien|toujours|le|la|votre|ce)\b",
    r"est-ce que (?:c'est|(?:je|nous) (?:dois|devons)|(?:votre|vos|le|la|ce|cette)\b)",
    r"(?:voulez|souhaitez|préférez)-vous que\b",
    r"(?:dois-je|devons-nous)\b",
    r"(?:puis-je|pouvons-nous) vous (?:envoyer|appeler|rappeler|joindre)\b",
)
_ENDS: Final = (
    r"\b(?:right|correct|true|richtig|korrekt|oder|stimmt's|stimmt das|nicht wahr|correcto|verdad|cierto|"
    r"exact|n'est-ce pas|c'est (?:bien )?ça)\W*\?\W*$"
)
_CONFIRMS: Final = re.compile(rf"{_LEAD}(?:{'|'.join(_BEGINS)})|{_ENDS}")


def confirms(sentence: str) -> bool:
    """Whether a sentence in lower case asks for a yes or a no."""
    return bool(_CONFIRMS.search(sentence.replace("’", "'")))
