"""What the small words of a language do to a sentence that ends in them. Rule: a word may do several things."""

from collections.abc import Mapping
from dataclasses import dataclass

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """The closed classes of one language: each word with the letters of what it is, and phrases that hold the floor.

    a article or possessive, p preposition, t particle that is also a preposition, c conjunction, b subordinator,
    x auxiliary, s subject pronoun, o object pronoun, q question word, f filler, l word that leads on to another,
    v verb that wants an object, n number, y answer, z word that closes.
    """

    kinds: Mapping[str, str]
    holding: frozenset[Phrase]


def grammar(holding: str, **classes: str) -> Grammar:
    """From words in one line for each class (named by its letter), and phrases with a comma between them."""
    kinds: dict[str, str] = {}
    for letter, words in classes.items():
        for word in words.split():
            kinds[word] = kinds.get(word, "") + letter
    return Grammar(kinds, frozenset(tuple(phrase.split()) for phrase in holding.split(",")))
