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
    shapes: Mapping[str, str]
    shape_ends: tuple[str, ...]
    holding: Mapping[str, tuple[Phrase, ...]]
    infinitives: tuple[str, ...]

    def kinds_of(self, word: str) -> str:
        """The letters of a word, as it stands in lower case."""
        known = self.kinds.get(word)
        if known is not None:
            return known
        if not word.endswith(self.shape_ends):
            return ""
        return next(
            (kinds for end, kinds in self.shapes.items() if word.endswith(end) and len(word) > len(end) + 2), ""
        )

    def holds_the_floor(self, said: list[str]) -> bool:
        """Whether these words, at least one, end in a phrase that holds the floor."""
        return any(tuple(said[-len(phrase) :]) == phrase for phrase in self.holding.get(said[-1], ()))


def grammar(holding: str, shapes: str = "", infinitives: tuple[str, ...] = (), **classes: str) -> Grammar:
    """From words in one line for each class (named by its letter), and phrases with a comma between them.

    `shapes` are endings with their letters, e.g. `ing:g`; `infinitives` are the endings of a verb that stands last
    after an auxiliary, where a language puts it there.
    """
    kinds: dict[str, str] = {}
    for letter, words in classes.items():
        for word in dict.fromkeys(words.split()):
            kinds[word] = kinds.get(word, "") + letter
    phrases: dict[str, tuple[Phrase, ...]] = {}
    for phrase in (tuple(phrase.split()) for phrase in holding.split(",")):
        phrases[phrase[-1]] = (*phrases.get(phrase[-1], ()), phrase)
    by_end = dict(shape.split(":") for shape in shapes.split())
    return Grammar(kinds, by_end, tuple(by_end), phrases, infinitives)
