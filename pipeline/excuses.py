"""What the agent says of its own when a provider fails it. Rule: in the language that is spoken, else in English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Excuses:
    """Words for when no model answered, and for when nobody knows what the caller said."""

    failed: str
    unheard: str


EXCUSES: Final[Mapping[str, Excuses]] = {
    "en": Excuses(
        "I am sorry, something went wrong on my side. Could you say that again, please?",
        "I am sorry, I did not hear you. Could you say that again, please?",
    ),
    "de": Excuses(
        "Entschuldigung, bei mir ist etwas schiefgegangen. Können Sie das bitte noch einmal sagen?",
        "Entschuldigung, ich habe Sie nicht verstanden. Können Sie das bitte noch einmal sagen?",
    ),
    "es": Excuses(
        "Perdone, algo ha fallado por mi parte. ¿Puede repetirlo, por favor?",
        "Perdone, no le he oído. ¿Puede repetirlo, por favor?",
    ),
    "fr": Excuses(
        "Excusez-moi, j’ai eu un problème de mon côté. Pouvez-vous répéter, s’il vous plaît ?",
        "Excusez-moi, je ne vous ai pas entendu. Pouvez-vous répéter, s’il vous plaît ?",
    ),
}


def excuses(language: str) -> Excuses:
    """Those for a language tag such as `de` or `de-AT`."""
    return EXCUSES.get(language.lower().replace("_", "-").partition("-")[0], EXCUSES["en"])
