"""What a caller has said so far, and whether more is to come."""

import pytest

from pipeline.turn_words import UNKNOWN, finished


@pytest.mark.parametrize(
    ("whole", "cut", "language"),
    [
        ("what time do you open on sundays", "what time do you open and", "en"),
        ("What time do you open on Sundays?", "What time do you open and", "en-GB"),
        ("i would like a table for two people", "i would like a table for", "en"),
        ("ich hätte gern einen tisch für zwei personen", "ich hätte gern einen tisch für", "de-AT"),
        ("quiero una mesa para dos personas", "quiero una mesa para", "es"),
        ("je voudrais une table pour deux personnes", "je voudrais une table pour", "fr"),
        ("je voudrais une table pour deux personnes", "je voudrais une table pour", None),
    ],
)
def test_a_sentence_that_stops_in_the_middle_is_not_finished(whole: str, cut: str, language: str | None) -> None:
    assert finished(cut, language) < 0.5 < finished(whole, language)


@pytest.mark.parametrize("words", ["", "...", "vorrei un tavolo per"])
def test_what_cannot_be_judged_is_unknown(words: str) -> None:
    assert finished(words, "it") == UNKNOWN


def test_who_asks_for_a_moment_keeps_the_floor() -> None:
    assert finished("um let me see", "en") < 0.2


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("No, thank you, that was all.", None),
        ("that's it", "en-GB"),
        ("nein danke das war's", "de"),
        ("no gracias eso sería todo", "es"),
        ("non merci ce sera tout", "fr"),
    ],
)
def test_who_has_said_everything_is_not_waited_for(words: str, language: str | None) -> None:
    assert finished(words, language) > 0.95


def test_what_closes_in_one_place_goes_on_in_another() -> None:
    assert finished("that's all the", "en") < 0.5


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("ja", "de"),
        ("Ja, gerne.", "de"),
        ("nein danke", "de"),
        ("no", "es"),
        ("oui", "fr"),
        ("non merci", "fr"),
        ("hallo", None),
    ],
)
def test_an_answer_of_a_word_or_two_is_likely_all(words: str, language: str | None) -> None:
    assert finished(words, language) >= 0.8


@pytest.mark.parametrize(
    ("words", "language"), [("ja,", "de"), ("Nein...", "de"), ("sí pero", "es"), ("oui mais", "fr"), ("ja ich", "de")]
)
def test_who_goes_on_after_a_yes_or_a_no_has_not_finished(words: str, language: str) -> None:
    assert finished(words, language) < 0.5
