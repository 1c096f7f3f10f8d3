"""A model's text is cut where a speaker would breathe."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sentences import SentenceCutter


def pieces(*deltas: str, language: str = "en") -> list[str]:
    cutter = SentenceCutter(language)
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


@pytest.mark.parametrize(
    ("language", "cut"),
    [
        ("en", ["We close at 7 p.m.", " Come at 7.30 p.m. Monday or later.", " Bye."]),
        ("en", ["It costs $3.50,", " or $1,000.50 in total.", " Fine?"]),
        ("en", ["On May 3, 2026,", " we open.", " Come by."]),
        ("en", ["See [our menu, as of today. Yes](https://x.com/a,b).", " Ok."]),
        ("en", ["Type `ls. a, b c` now.", " Write to a.b@example.com.", " Visit www.x.com.", " Ok."]),
        ("en", ["Choose one: 1. Soup with bread.", " 2. Salad.", " Which?"]),
        ("en", ["1. Soup\n", "2. Salad\n", "Which?"]),
        ("en", ["No.", " We have No. 5.", " It is 3.", " Two are left."]),
        ("en", ["Soup, salad etc.", " Then we go."]),
        ("en", ["**Great news.**", " We open."]),
        ("de", ["Kommen Sie am 3. Mai.", " Das ist der 2. Versuch.", " Es sind 3.", " Danke sehr."]),
        ("de", ["Es sind ca. 20 Tische,", " d. h. genug.", " Dr. Weber kommt um 7.30 Uhr.", " Gut."]),
        ("de", ["Vom 3.-5. Mai haben wir zu.", " Danach nicht."]),
        ("de", ["Es geht um Heinrich VIII. und Kapitel IV.", " Danke sehr."]),
        ("de", ["Wir haben zu.", " 3. Stock ist frei."]),
        ("es", ["El Sr. García viene a las 8.", " La Sra. López no.", " Gracias."]),
        ("fr", ["M. Dupont arrive à 19h30.", " Le n° 5, p. ex. celui-ci.", " Merci."]),
    ],
)
def test_what_belongs_together_is_not_torn(language: str, cut: list[str]) -> None:
    text = "".join(cut)

    assert (pieces(text, language=language), pieces(*text, language=language)) == (cut, cut)


def test_a_long_text_without_marks_is_not_cut_in_a_price_or_a_link() -> None:
    words = "and so on " * 7

    assert [
        pieces(f"{words}{price} {words}")[0] for price in ("$5 000 each", "Dr. Whoeverheis", "[my big menu](a.b)")
    ] == [
        words.rstrip(),
        words.rstrip(),
        words.rstrip(),
    ]


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


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            (
                *(["restaurant"] * 12),
                *("yes,", "evening.", "Dr.", "1.", "so:\n", "No.", "p.m.", "etc.", "Monday", "3.", "Mai", "5,", "5"),
                *("[see,", "it](a.b)", "`code,", "end`", "etc.\n", "https://example.com/a/very/long/way/to/go"),
            )
        ),
        min_size=20,
        max_size=60,
    ).map(" ".join),
    st.sampled_from(("en", "de", "es", "fr")),
    st.integers(1, 30),
)
def test_the_pieces_are_the_same_however_the_text_arrives(text: str, language: str, size: int) -> None:
    deltas = [text[at : at + size] for at in range(0, len(text), size)]

    assert pieces(*text, language=language) == pieces(*deltas, language=language) == pieces(text, language=language)


def test_a_text_without_marks_is_spoken_all_the_same() -> None:
    words = "and so on " * 60

    assert [len(piece) for piece in pieces(words)] == [79, 240, 240, 41]
