"""Thoughts between tags are kept from the caller, however a reply's text is cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.providers.thoughts import Aloud

TEXTS = st.lists(
    st.sampled_from(("<think>", "</think>", "<thinking>", "</thinking>", "<th", "</", "<", ">", "Yes", " ", "\n"))
).map("".join)


def aloud(*pieces: str) -> str:
    speech = Aloud()
    return "".join([*(speech.next(piece) for piece in pieces), speech.rest()])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<think>Hm.</think>\n\nYes.", "Yes."),
        ("So <thinking>hm</thinking> yes.", "So yes."),
        ("So,<think>hm</think> yes.", "So, yes."),
        ("A <think>b</thinking>c</think>d", "A d"),
        ("Yes. <thinking>and now it is cut", "Yes. "),
        ("<think>a</think><thinking>b</thinking>Yes", "Yes"),
        ("1 < 2 <b>", "1 < 2 <b>"),
        ("Yes </think>", "Yes </think>"),
    ],
)
def test_thoughts_are_left_out(text: str, said: str) -> None:
    assert aloud(text) == said


@given(TEXTS, st.lists(st.integers(0, 60), max_size=6))
def test_however_a_text_is_cut_the_same_is_said(text: str, places: list[int]) -> None:
    cuts = [0, *sorted(min(place, len(text)) for place in places), len(text)]

    assert aloud(*(text[start:end] for start, end in pairwise(cuts))) == aloud(text)
