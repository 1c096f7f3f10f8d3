"""What the caller's words mean to a flow, also when the recogniser has slipped."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.flow import Flow
from pipeline.understanding import Heard, Understanding, heard, words_of

FLOW: dict[str, Any] = {
    "greeting": "Hello.",
    "start": "open",
    "otherwise": ["Pardon?"],
    "when": [
        {"says": ["what are your opening hours", "when are you open"], "keywords": ["opening hours"], "reply": "hours"},
        {"says": ["book a table for {people}"], "keywords": ["table", "book"], "reply": "book"},
        {"says": ["cancel my table"], "keywords": ["cancel"], "reply": "cancel"},
        {"pattern": r"\bnumber (?P<number>\w+)", "reply": "number"},
        {"digits": "1", "reply": "one"},
        {"digits": "12", "reply": "twelve"},
    ],
    "states": {"open": {"when": [{"keywords": ["open"], "reply": "here"}]}},
    "slots": {
        "people": {"values": {"two": ["two", "a couple"], "seven": []}, "frames": ["for {}", "{} people"]},
        "time": {"values": {"seven": [], "half past seven": ["half past seven", "seven thirty"]}, "frames": ["at {}"]},
        "day": {"values": {"on Friday": ["friday"], "on Saturday": ["saturday"]}},
    },
}
SLOTS = ("people", "day", "time")


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return Understanding(msgspec.convert(FLOW, Flow))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("At 7:30 PM!", "at seven thirty pm"),
        ("7 p.m., please", "seven pm please"),
        ("7:00", "seven"),
        ("7:05", "seven oh five"),
        ("the 21st", "the twenty first"),
        ("It’s 21 o'clock", "it's twenty one o'clock"),
        ("40 people", "forty people"),
        ("call 020 1234", "call zero two zero one two three four"),
        ("Café, no?", "café no"),
        ("...", ""),
    ],
)
def test_numbers_and_signs_are_read_as_they_are_said(text: str, words: str) -> None:
    assert " ".join(words_of(text)) == words


@given(st.text())
def test_whatever_is_written_can_be_read(text: str) -> None:
    assert all(word == word.lower() and not word.isspace() for word in heard(text).words)


def test_pressed_digits_are_digits_and_words() -> None:
    assert heard("[digits: 4*]") == Heard(("four",), "4*")


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("what are your opening hours", "hours"),
        ("uh what are your hours opening please", "hours"),
        ("when are you open", "hours"),
        ("i want to book a table", "book"),
        ("cancel my table", "cancel"),
        ("cancel the book", "cancel"),
        ("it is number nine", "number"),
        ("are you open", "here"),
        ("[digits: 1]", "one"),
        ("[digits: 12]", "twelve"),
    ],
)
def test_the_rule_with_most_behind_it_answers(understanding: Understanding, text: str, reply: str) -> None:
    match = understanding.best_rule(heard(text), "open")

    assert match is not None
    assert match.rule.reply == reply


@pytest.mark.parametrize("text", ["", "uh", "your", "something else entirely", "[digits: 9]", "[digits: 123]"])
def test_what_no_rule_is_about_matches_none(understanding: Understanding, text: str) -> None:
    assert understanding.best_rule(heard(text), "open") is None


def test_a_pattern_names_what_it_found(understanding: Understanding) -> None:
    match = understanding.best_rule(heard("table number nine"), "open")

    assert match is not None
    assert match.slots == {"number": "nine"}


@pytest.mark.parametrize(
    ("text", "asked", "slots"),
    [
        ("a table for two on friday at seven", "", {"people": "two", "day": "on Friday", "time": "seven"}),
        ("for a couple", "", {"people": "two"}),
        ("seven thirty for seven people", "", {"time": "half past seven", "people": "seven"}),
        ("seven", "", {}),
        ("seven", "people", {"people": "seven"}),
        ("seven", "time", {"time": "seven"}),
        ("two", "time", {"people": "two"}),
        ("friday no saturday", "day", {"day": "on Saturday"}),
        ("at 7:30", "day", {"time": "half past seven"}),
        ("[digits: 7]", "people", {"people": "seven"}),
        ("fridays", "day", {}),
    ],
)
def test_values_go_to_the_slots_they_are_meant_for(
    understanding: Understanding, text: str, asked: str, slots: dict[str, str]
) -> None:
    assert understanding.slots_in(heard(text), SLOTS, asked) == slots
