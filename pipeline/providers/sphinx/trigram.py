"""A trigram language model from weighted sentences. Rule: pure; after any history the probabilities sum to 1.

Smoothing is Witten-Bell, interpolated: a history followed by many different words leaves more to words not seen after
it (Chen and Goodman, "An empirical study of smoothing techniques for language modeling", 1998, section 2.5).
"""

from collections import defaultdict
from collections.abc import Iterable
from math import log10

Words = tuple[str, ...]

START = "<s>"
STOP = "</s>"
NEVER = -99.0


class Trigram:
    """Weighted counts, then probabilities.

    `sentences` are whole utterances, `runs` are words in a row inside one; `openness` is how much a history leaves to
    words unseen after it.
    """

    def __init__(
        self,
        sentences: Iterable[tuple[Words, float]],
        runs: Iterable[tuple[Words, float]] = (),
        openness: float = 1.0,
    ) -> None:
        self._openness = openness
        self._words: dict[str, float] = defaultdict(float)
        self._pairs: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._triples: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for sentence, weight in sentences:
            self._count((START, *sentence, STOP), weight)
        for run, weight in runs:
            self._count(run, weight)

    def _count(self, line: Words, weight: float) -> None:
        for at, word in enumerate(line):
            if word != START:
                self._words[word] += weight
            if at >= 1:
                self._pairs[line[at - 1]][word] += weight
            if at >= 2:
                self._triples[line[at - 2], line[at - 1]][word] += weight

    def _left_over(self, followers: dict[str, float]) -> float:
        """Share of a history's probability that goes to the shorter history."""
        unseen = self._openness * len(followers)
        return unseen / (sum(followers.values()) + unseen)

    def _one(self, word: str) -> float:
        rest = self._left_over(self._words)
        return (1 - rest) * self._words[word] / sum(self._words.values()) + rest / len(self._words)

    def _two(self, first: str, word: str) -> float:
        followers = self._pairs.get(first, {})
        if not followers:
            return self._one(word)
        rest = self._left_over(followers)
        return (1 - rest) * followers.get(word, 0.0) / sum(followers.values()) + rest * self._one(word)

    def probability(self, first: str, second: str, word: str) -> float:
        """P(word | first second)."""
        followers = self._triples.get((first, second), {})
        if not followers:
            return self._two(second, word)
        rest = self._left_over(followers)
        return (1 - rest) * followers.get(word, 0.0) / sum(followers.values()) + rest * self._two(second, word)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word, with the mark for the end of a sentence."""
        return tuple(self._words)

    def arpa(self) -> str:
        """The model in ARPA format, back-off form."""
        ones = [f"{NEVER:.4f} {START} {self._back_off(self._pairs.get(START))}"]
        ones += [
            f"{log10(self._one(word)):.4f} {word} {self._back_off(self._pairs.get(word))}"
            for word in sorted(self._words)
        ]
        twos = [
            f"{log10(self._two(first, word)):.4f} {first} {word} {self._back_off(self._triples.get((first, word)))}"
            for first in sorted(self._pairs)
            for word in sorted(self._pairs[first])
        ]
        threes = [
            f"{log10(self.probability(*history, word)):.4f} {' '.join(history)} {word}"
            for history in sorted(self._triples)
            for word in sorted(self._triples[history])
        ]
        parts = [
            "\\data\\",
            *(f"ngram {order}={len(part)}" for order, part in enumerate((ones, twos, threes), 1)),
        ]
        for order, part in enumerate((ones, twos, threes), 1):
            parts += ["", f"\\{order}-grams:", *part]
        return "\n".join((*parts, "", "\\end\\", ""))

    def _back_off(self, followers: dict[str, float] | None) -> str:
        return f"{log10(self._left_over(followers)) if followers else 0.0:.4f}"
