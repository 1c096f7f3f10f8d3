"""What words are looked up in, of every language. Rule: read before the first caller comes, as it takes a while."""

from pipeline.entities import Awaited, filled
from pipeline.turn_words import finished

LANGUAGES = ("en", "de", "es", "fr")


def read_word_tables() -> None:
    """Have every table in memory: some 50 ms a language, which belong in no call and on no event loop."""
    for language in LANGUAGES:
        filled("1", Awaited("digits"), language)
        finished("1", language)
