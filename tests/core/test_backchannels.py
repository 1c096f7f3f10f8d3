"""What a caller says while the agent speaks, and whether the agent may go on."""

import pytest

from pipeline.backchannels import backchannel, may_become_backchannel


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("uh-huh", "en"),
        ("Mm-hmm.", "en-GB"),
        ("Mhmm.", "en"),
        ("mmhmm, that's correct", "en"),
        ("hmhm jap", "de"),
        ("mais oui", "fr"),
        ("yeah okay", "en"),
        ("Oh, I see, right.", "en"),
        ("ja genau", "de-AT"),
        ("Ach so, alles klar.", "de"),
        ("sí, claro", "es"),
        ("vale vale", "es-MX"),
        ("ah d’accord", "fr"),
        ("genau", None),
        ("mhm", "it"),
    ],
)
def test_a_listener_does_not_take_the_floor(words: str, language: str | None) -> None:
    assert backchannel(words, language)


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("stop", "en"),
        ("wait", "en"),
        ("no", "en"),
        ("M", "en"),
        ("hold on", "en"),
        ("yeah but that is too late", "en"),
        ("right?", "en"),
        ("okay what about Sunday", "en"),
        ("ja aber", "de"),
        ("nein", "de"),
        ("sí pero espere", "es"),
        ("oui mais attendez", "fr"),
        ("", "en"),
        ("yes yes yes yes yes yes yes", "en"),
    ],
)
def test_who_wants_the_floor_is_no_listener(words: str, language: str) -> None:
    assert not backchannel(words, language)


@pytest.mark.parametrize("answer", ["yes", "okay", "uh-huh", "sure"])
def test_after_a_question_a_yes_is_an_answer(answer: str) -> None:
    assert not backchannel(answer, "en", asked=True)


def test_after_a_question_a_hum_is_still_only_a_hum() -> None:
    assert backchannel("hmm", "en", asked=True)


def test_a_place_may_have_backchannels_of_its_own() -> None:
    assert not backchannel("roger that okay", "en")
    assert backchannel("roger that okay", "en", more=["Roger that"])


@pytest.mark.parametrize("words", ["I", "yeah of", "that's", "makes", "copy"])
def test_the_beginning_of_a_backchannel_is_known(words: str) -> None:
    assert not backchannel(words, "en")
    assert may_become_backchannel(words, "en", ["copy that"])


@pytest.mark.parametrize("words", ["stop", "I want", "yeah but", "of course not", ""])
def test_what_can_become_no_backchannel_is_known_at_once(words: str) -> None:
    assert not may_become_backchannel(words, "en")
