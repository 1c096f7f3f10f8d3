"""How likely English sentences end after a word, taken from the language model that comes with pocketsphinx.

`python -m tests.turns.make_endings` writes pipeline/turn_words/english_endings.txt anew. A line is a frequent word, its
level, and words before it that change the level. A level is the chance of an end there, from 0 (likely) to 9 (hardly
ever), in steps of 0.8 of its natural logarithm.
"""

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from pocketsphinx import NGramModel, get_model_path

from pipeline.turn_words.endings import BEGINNING, FILE

WORDS = 1_000
PAIRS = 4_000
WORDS_BEFORE = 800
RAREST_PAIR = -13.0
STEP = 0.8
MOST = 9
_UNIT = 10_000  # pocketsphinx counts in powers of 1.0001

LogProbability = Callable[..., float]


def main() -> None:
    model = NGramModel.readfile(get_model_path("en-us/en-us.lm.bin"))

    def log_probability(word: str, *before: str) -> float:
        return float(model.prob([word, *before])) / _UNIT

    dictionary = Path(get_model_path("en-us/cmudict-en-us.dict")).read_text(encoding="utf-8")
    words = sorted(set(re.findall(r"^([a-z][a-z']*) ", dictionary, re.MULTILINE)), key=log_probability, reverse=True)
    pairs: dict[str, list[str]] = {word: [] for word in words[:WORDS]}
    telling = sorted(_pairs(words, log_probability), reverse=True)
    for _, word, before, level in telling[:PAIRS]:
        pairs[word].append(f"{before}:{level}")
    lines = [
        " ".join((word, str(_level(log_probability("</s>", word))), *sorted(found))) for word, found in pairs.items()
    ]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _pairs(words: list[str], log_probability: LogProbability) -> Iterator[tuple[float, str, str, int]]:
    """Pairs whose level is not the word's own, with how often they tell: frequency times difference."""
    for word in words[:WORDS]:
        alone = log_probability("</s>", word)
        for before in (*words[:WORDS_BEFORE], "<s>"):
            often = log_probability(word, before) + (log_probability(before) if before != "<s>" else -4.0)
            if often < RAREST_PAIR:
                continue
            after = log_probability("</s>", word, before)
            if _level(after) != _level(alone):
                name = BEGINNING if before == "<s>" else before
                yield math.exp(often) * abs(after - alone), word, name, _level(after)


def _level(log_probability: float) -> int:
    return min(round(-log_probability / STEP), MOST)


if __name__ == "__main__":
    main()
