"""The languages that can be read aloud. Rule: a tag that is not known by its region is known by its language."""

from collections.abc import Mapping

from pipeline.ear_text.english import AMERICAN, BRITISH
from pipeline.ear_text.french import FRENCH
from pipeline.ear_text.german import GERMAN
from pipeline.ear_text.spanish import SPANISH
from pipeline.ear_text.tongue import Tongue

TONGUES: Mapping[str, Tongue] = {
    "en": AMERICAN,
    **dict.fromkeys(("en-gb", "en-ie", "en-au", "en-nz", "en-in", "en-za"), BRITISH),
    "de": GERMAN,
    "es": SPANISH,
    "fr": FRENCH,
}


def known(tag: str) -> str:
    """The name in TONGUES for a language tag such as de-AT or en_GB; empty for a language that is not there."""
    name = tag.strip().lower().replace("_", "-")
    language = name.partition("-")[0]
    return next((each for each in (name, language) if each in TONGUES), "")
