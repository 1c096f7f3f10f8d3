"""What the small words of a language do to a sentence that ends in them. Rule: a word may do several things."""

from collections.abc import Mapping
from dataclasses import dataclass

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """The classes of one language: each word with the letters of what it is, and phrases that hold the floor.

    a article or possessive, u quantity that may stand alone, p preposition, t particle that is also a preposition,
    c conjunction, b subordinator, x auxiliary, s subject pronoun, o object pronoun, q question word, f filler,
    l word that leads on to another, v verb that wants an object, w verb that may stand alone, n number, y answer,
    z word that closes, m auxiliary that wants a verb at the end. By shape also: g participle, i infinitive, k adverb.
    A word that is in no class has the letters of the first of the `shapes` that it ends in.
    """

    kinds: Mapping[str, str]
    shapes: tuple[tuple[str, str], ...]
    holding: frozenset[Phrase]
    infinitives: tuple[str, ...]

    def kinds_of(self, word: str) -> str:
        """The letters of a word, as it stands in lower case."""
        known = self.kinds.get(word)
        if known is not None:
            return known
        return next((letters for end, letters in self.shapes if word.endswith(end) and len(word) > len(end) + 2), "")


def grammar(holding: str, shapes: str = "", infinitives: tuple[str, ...] = (), **classes: str) -> Grammar:
    """From words in one line for each class (named by its letter), and phrases with a comma between them.

    `shapes` are endings with their letters, e.g. `ing:g`; `infinitives` are the endings of a verb that stands last
    after an auxiliary, where a language puts it there.
    """
    kinds: dict[str, str] = {}
    for letter, words in classes.items():
        for word in dict.fromkeys(words.split()):
            kinds[word] = kinds.get(word, "") + letter
    phrases = frozenset(tuple(phrase.split()) for phrase in holding.split(","))
    ends = (shape.partition(":") for shape in shapes.split())
    return Grammar(kinds, tuple((end, letters) for end, _, letters in ends), phrases, infinitives)
