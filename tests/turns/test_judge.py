"""How far the judge of words can be trusted on sentences that nobody tuned it with, and where its weights come from."""

import math

import pytest

from pipeline.turn_words import ANSWERED, CLOSED, features_of, finished
from telephony.bench.turns.corpus import LANGUAGES, as_recognised
from tests.turns.fit import fit, learned
from tests.turns.measure import Saying, area, bare, plain, scores, with_a_slip, written


@pytest.mark.parametrize(("say", "least"), [(bare, 0.86), (written, 0.92), (with_a_slip, 0.77)])
def test_finished_and_cut_are_told_apart_in_the_held_back_half(say: Saying, least: float) -> None:
    assert area(*scores(plain("held_back"), say)) >= least


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_is_left_behind(language: str) -> None:
    assert area(*scores(plain("held_back", language), bare)) >= 0.8


def test_the_language_can_be_told_from_the_words() -> None:
    told = [
        (finished(each.text, None), finished(each.text, each.language))
        for each in plain("held_back")
        if len(each.text.split()) > 3
    ]

    assert sum(guessed == known for guessed, known in told) / len(told) > 0.95


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_weights_are_those_that_are_learned_from_the_corpus() -> None:
    weights = dict(zip(*fit(list(learned())), strict=True))
    said = [(as_recognised(each.text), each.language) for each in learned()]
    margins = [
        sum(weights.get(name, 0) * amount for name, amount in features_of(words, language).items())
        for words, language in said
    ]

    others = [
        words
        for (words, language), margin in zip(said, margins, strict=True)
        if finished(words, language) not in (ANSWERED, CLOSED)
        and abs(finished(words, language) - 1 / (1 + math.exp(-margin))) > 0.05
    ]

    assert others == []
