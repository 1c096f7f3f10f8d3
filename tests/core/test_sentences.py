"""A model's text is cut where a speaker would breathe."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sentences import SentenceCutter


def pieces(*deltas: str) -> list[str]:
    cutter = SentenceCutter()
    return [piece for delta in deltas for piece in cutter.feed(delta)] + cutter.finish()


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Hello there. How are you?", ["Hello there.", " How are you?"]),
        ("Really?! Yes.", ["Really?!", " Yes."]),
        ('He said "stop." Then he left.', ['He said "stop."', " Then he left."]),
        ("Dr. Smith is in. Come by.", ["Dr. Smith is in.", " Come by."]),
        ("At 7 p.m. we close. Bye.", ["At 7 p.m. we close.", " Bye."]),
        ("That is 3.50 euros. Fine?", ["That is 3.50 euros.", " Fine?"]),
        ("Two options:\nfirst\nsecond", ["Two options:\n", "first\n", "second"]),
        ("Wait… I see. Good.", ["Wait…", " I see.", " Good."]),
        ("No end in sight", ["No end in sight"]),
        ("J. Bach wrote it. Yes.", ["J. Bach wrote it.", " Yes."]),
        ("   ", []),
        ("", []),
    ],
)
def test_sentences(text: str, cut: list[str]) -> None:
    assert pieces(text) == cut


def test_the_first_piece_may_be_a_clause() -> None:
    assert pieces("Certainly, sir, I can do that, of course. Bye.") == [
        "Certainly, sir,",
        " I can do that, of course.",
        " Bye.",
    ]


def test_a_short_clause_is_not_worth_a_breath() -> None:
    assert pieces("Well, I can do that. Bye.") == ["Well, I can do that.", " Bye."]


def test_a_very_long_sentence_is_cut_at_its_clauses() -> None:
    long = "we have tables at six and seven and eight and nine in the garden and in the hall and by the window, "
    found = pieces(f"Hello. {long * 3}good?")

    assert [len(piece) for piece in found] == [6, len(long), len(long), len(long) + 6]


def test_a_number_that_arrives_in_parts_stays_whole() -> None:
    assert pieces("It costs 1", ",", "000", ".", "50 euros. Fine?") == ["It costs 1,000.50 euros.", " Fine?"]


def test_a_name_with_a_dot_that_arrives_in_parts_stays_whole() -> None:
    assert pieces("Visit example", ".", "com", ". ", "Bye.") == ["Visit example.com.", " Bye."]


def test_a_piece_is_given_as_soon_as_it_is_known_to_be_complete() -> None:
    cutter = SentenceCutter()

    assert [cutter.feed(delta) for delta in ("Good", " evening", "!", " How")] == [[], [], [], ["Good evening!"]]


@settings(max_examples=80)
@given(st.lists(st.text(alphabet='ab1 .,!?\n:…"Dr', max_size=12), max_size=12))
def test_the_pieces_add_up_to_the_text(deltas: list[str]) -> None:
    found = pieces(*deltas)

    assert "".join(found).rstrip() == "".join(deltas).rstrip()
    assert all(piece.strip() for piece in found)


@settings(max_examples=40)
@given(
    st.lists(
        st.sampled_from([*["restaurant"] * 12, "yes,", "evening.", "Dr.", "1.", "so:\n"]), min_size=20, max_size=60
    ).map(" ".join)
)
def test_the_pieces_are_the_same_however_the_text_arrives(text: str) -> None:
    assert pieces(*text) == pieces(text)


def test_a_text_without_marks_is_spoken_all_the_same() -> None:
    words = "and so on " * 60

    assert [len(piece) for piece in pieces(words)] == [79, 240, 240, 41]
