"""How well the judge of words tells finished from cut, on the half that nobody tuned with.

`python -m tests.turns.measure` prints a table: per language the area under the curve and the share judged right at 0.5,
for words as a recogniser without punctuation gives them, as written, and with slips (a word left out or another put in
its place, drawn with a fixed seed). Where an entity was asked for, tests/turns/test_entities.py shows who decides.
"""

import random
import re
from collections.abc import Callable

from pipeline.turn_words import finished
from telephony.bench.turns.corpus import LANGUAGES, LISTENING_KINDS, Half, Utterance, as_recognised, utterances

SEED = 20
Saying = Callable[[Utterance], str]


def main() -> None:
    print(f"{'':10}{'n':>5}" + "".join(f"{name:>20}" for name in SAYINGS))
    for language in (*LANGUAGES, ""):
        judged = plain("held_back", language)
        cells = "".join(f"{_figures(judged, say):>20}" for say in SAYINGS.values())
        print(f"{language or 'all':10}{len(judged):5}{cells}")


def plain(half: Half, language: str = "") -> list[Utterance]:
    """The utterances in which nothing was asked for, in one language or in all."""
    return [
        each
        for each in utterances(half)
        if not each.asked and each.kind not in LISTENING_KINDS and each.language.startswith(language)
    ]


def area(finished: list[float], cut: list[float]) -> float:
    """The area under the ROC curve: how often one that is finished scores above one that is cut."""
    wins = sum((one > other) + (one == other) / 2 for one in finished for other in cut)
    return wins / (len(finished) * len(cut))


def scores(judged: list[Utterance], say: Saying) -> tuple[list[float], list[float]]:
    """The probabilities given to those that are finished, and to those that are cut."""
    given = [(each.finished, finished(say(each), each.language)) for each in judged]
    return [score for whole, score in given if whole], [score for whole, score in given if not whole]


def bare(each: Utterance) -> str:
    return as_recognised(each.text)


def written(each: Utterance) -> str:
    return each.text


def unmarked(each: Utterance) -> str:
    """Written with case, but without a mark at the end, as a vendor's partial."""
    return re.sub(r"[ ,.?!]+$", "", each.text)


def with_a_slip(each: Utterance) -> str:
    """One of its words, when there are three or more, is left out or is another utterance's word."""
    chance = random.Random(f"{SEED} {each.text}")
    words = bare(each).split()
    if len(words) > 2:
        at = chance.randrange(len(words))
        others = bare(chance.choice(utterances(each.half))).split()
        words[at : at + 1] = [] if chance.random() < 0.5 else [chance.choice(others)]
    return " ".join(words)


SAYINGS: dict[str, Saying] = {"bare": bare, "unmarked": unmarked, "written": written, "with a slip": with_a_slip}


def _figures(judged: list[Utterance], say: Saying) -> str:
    whole, cut = scores(judged, say)
    right = sum(score > 0.5 for score in whole) + sum(score <= 0.5 for score in cut)
    return f"{area(whole, cut):.3f} / {right / len(judged):.0%}"


if __name__ == "__main__":
    main()
