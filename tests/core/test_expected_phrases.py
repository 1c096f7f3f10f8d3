"""What a caller is expected to say: phrases become words, sounds and a language model."""

from itertools import pairwise

import numpy as np
import pytest

from pipeline.providers.sphinx.dictionary import UnpronounceableError, pronunciations
from pipeline.providers.sphinx.domain import DAYS, domain_of
from pipeline.providers.sphinx.frontend import FrontEnd, Regressor
from pipeline.providers.sphinx.trigram import STOP, Trigram
from pipeline.providers.sphinx.words import spoken_words

LINES = ["cat K AE T", "fish F IH SH", "fish(2) F EH SH", "market M AA R K AH T"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("At 7:30 p.m., please!", "at seven thirty pm please"),
        ("the 21st of May", "the twenty first of may"),
        ("7.00 or 7:05", "seven o'clock or seven oh five"),
        ("call 5551", "call five five five one"),
        ("a café – I’d like 12", "a cafe i'd like twelve"),
        ("Bed & Breakfast", "bed and breakfast"),
    ],
)
def test_figures_and_signs_become_the_words_that_are_said(written: str, said: str) -> None:
    assert " ".join(spoken_words(written)) == said


def test_words_that_the_dictionary_lacks_are_derived_from_those_it_has() -> None:
    sounds = pronunciations(["fish", "cats", "fishmarket", "zorg"], LINES)

    assert sounds == {
        "fish": ("F IH SH", "F EH SH"),
        "cats": ("K AE T S",),
        "fishmarket": ("F IH SH M AA R K AH T",),
        "zorg": ("Z AO R G",),
    }


def test_all_words_without_a_sound_are_named_together() -> None:
    with pytest.raises(UnpronounceableError) as refusal:
        pronunciations(["cat", "привет", "fish", "世界"], LINES)

    assert refusal.value.words == ("привет", "世界")


def test_after_any_history_the_next_words_share_all_probability() -> None:
    model = Trigram([(("a", "table", "for", "two"), 3.0), (("a", "taxi"), 1.0)], [(("table", "please"), 0.5)])
    histories = [("<s>", "a"), ("a", "table"), ("taxi", "two"), ("for", "two")]

    sums = [sum(model.probability(*history, word) for word in model.vocabulary) for history in histories]

    assert sums == pytest.approx([1.0] * len(histories))


def test_a_phrase_is_likelier_than_the_same_words_in_another_order() -> None:
    model = Trigram([(("a", "table", "for", "two"), 3.0), (("a", "taxi"), 1.0)])

    assert model.probability("for", "two", STOP) > 0.5 > model.probability("two", "for", "table")


def test_a_day_in_a_phrase_stands_for_every_day() -> None:
    domain = domain_of("a table on friday", ["a AH", "on AA N", "table T EY B AH L"])

    assert set(DAYS) < domain.words
    assert all(f"table on {day}" in domain.arpa for day in DAYS)


def test_the_cepstra_of_a_sound_do_not_depend_on_how_it_is_cut() -> None:
    sound = np.random.default_rng(1).normal(0, 2_000, 8_000).astype("<i2").tobytes()
    whole, cut = FrontEnd(Regressor.read()), FrontEnd(Regressor.read())
    edges = [0, 2, 330, 340, 4_000, 9_998, len(sound)]

    pieces = [cut.feed(sound[start:end]) for start, end in pairwise(edges)]

    assert b"".join(pieces) == whole.feed(sound)
