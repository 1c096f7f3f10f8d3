"""Written phrases -> the words a person says. Rule: pure; a letter that English lacks stays, to be refused."""

import unicodedata

from pipeline.said_words import Words, said_words

SYMBOLS = {"&": " and ", "%": " percent ", "+": " plus ", "@": " at "}


def spoken_words(phrase: str) -> Words:
    """The words of one phrase, lower case; punctuation is dropped, figures are spelled as they are said."""
    plain = unicodedata.normalize("NFKD", phrase)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    for symbol, word in SYMBOLS.items():
        plain = plain.replace(symbol, word)
    return said_words(plain)
