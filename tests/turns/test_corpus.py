"""The corpus holds what it promises."""

from collections import Counter

from telephony.bench.turns.corpus import (
    CUT_KINDS,
    ENTITY_KINDS,
    HALVES,
    LANGUAGES,
    LISTENING_KINDS,
    WHOLE_KINDS,
    as_recognised,
    utterances,
)


def test_there_is_enough_of_every_language_in_both_halves() -> None:
    counts = Counter((each.language, each.half) for each in utterances())

    assert all(counts["en", half] >= 130 for half in HALVES)
    assert all(counts[language, half] >= 25 for language in LANGUAGES for half in HALVES)


def test_every_kind_says_whether_its_utterances_are_finished() -> None:
    plain = [each for each in utterances() if not each.asked]

    assert {each.kind for each in plain if each.finished} == {*WHOLE_KINDS, *LISTENING_KINDS}
    assert {each.kind for each in plain if not each.finished} == set(CUT_KINDS)


def test_what_was_asked_for_is_said_whole_and_in_halves() -> None:
    asked = [each for each in utterances() if each.asked]

    assert {each.kind for each in asked if each.finished} == set(ENTITY_KINDS)
    assert {each.kind for each in asked if not each.finished} == set(ENTITY_KINDS)


def test_nothing_is_said_twice() -> None:
    counts = Counter((each.language, as_recognised(each.text)) for each in utterances())

    assert [said for said, times in counts.items() if times > 1] == []


def test_the_halves_share_no_question_and_no_beginning_of_a_cut_sentence() -> None:
    def frames(half: str) -> set[str]:
        cut = (each for each in utterances() if each.half == half and each.kind in ("open_word", "clause", "opener"))
        return {" ".join(as_recognised(each.text).split()[:3]) for each in cut}

    questions = [{each.asked for each in utterances(half) if each.asked} for half in HALVES]

    assert questions[0].isdisjoint(questions[1])
    assert frames("tuning").isdisjoint(frames("held_back"))
