"""What was said and what was heard."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.conversation import Conversation, SpokenPiece, heard_text
from pipeline.providers import FunctionCall, FunctionOutput, Message, Reached
from pipeline.realtime.items import (
    FunctionCallItem,
    FunctionOutputItem,
    InputAudio,
    InputText,
    MessageItem,
    OutputAudio,
    OutputText,
)

GREETING = [SpokenPiece("Good evening.", 1_000, done=True), SpokenPiece(" How can I help you?", 2_000, done=True)]


@pytest.mark.parametrize(
    ("heard_ms", "words"),
    [
        (0, ""),
        (100, ""),
        (500, "Good"),
        (1_000, "Good evening."),
        (1_850, "Good evening. How can"),
        (2_999, "Good evening. How can I help you?"),
        (9_000, "Good evening. How can I help you?"),
    ],
)
def test_the_words_that_fit_into_the_time(heard_ms: int, words: str) -> None:
    assert heard_text(GREETING, heard_ms) == words


def test_a_piece_that_is_still_made_is_longer_than_its_audio() -> None:
    assert heard_text([SpokenPiece("Good evening, dear guest.", 400)], 400) == "Good"


def test_a_voice_that_times_its_words_is_believed() -> None:
    piece = SpokenPiece("One hundred and two.", 2_000, done=True)
    piece.reached += [Reached(3, 900), Reached(11, 1_000), Reached(15, 1_100), Reached(20, 2_000)]

    assert [heard_text([piece], ms) for ms in (890, 950, 1_100, 2_000)] == [
        "",
        "One",
        "One hundred and",
        "One hundred and two.",
    ]


def test_a_piece_without_audio_was_not_heard() -> None:
    assert heard_text([SpokenPiece("Good evening."), SpokenPiece(" How are you?", 500, done=True)], 300) == "How are"


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.text("ab c.", min_size=1, max_size=20), st.integers(0, 3_000), st.booleans()), max_size=5),
    st.integers(0, 9_000),
    st.integers(0, 1_000),
)
def test_who_hears_longer_hears_no_less(made: list[tuple[str, int, bool]], heard_ms: int, more_ms: int) -> None:
    spoken = [SpokenPiece(text, audio_ms, done) for text, audio_ms, done in made]

    assert len(heard_text(spoken, heard_ms)) <= len(heard_text(spoken, heard_ms + more_ms))


def test_a_model_is_given_what_was_said_and_heard() -> None:
    conversation = Conversation()
    for item in (
        MessageItem(id="1", role="system", content=(InputText("Be brief."),)),
        MessageItem(id="2", role="user", content=(InputAudio(),)),
        FunctionCallItem(id="3", call_id="call_1", name="lookup", arguments="{}"),
        FunctionOutputItem(id="4", call_id="call_1", output="yes"),
        MessageItem(id="5", role="assistant", content=(OutputAudio(""),), status="incomplete"),
        MessageItem(id="6", role="assistant", content=(OutputText("Yes."),)),
        MessageItem(id="7", role="user", content=(InputAudio(),)),
        MessageItem(id="8", role="user", content=(InputAudio(),)),
    ):
        conversation.append(item)
    conversation.hears("2", "is there a table")
    conversation.hears("7", "")
    conversation.disregard("8")
    conversation.hears("9", "nobody")

    assert conversation.turns() == (
        Message("system", "Be brief."),
        Message("user", "is there a table"),
        FunctionCall("call_1", "lookup", "{}"),
        FunctionOutput("call_1", "yes"),
        Message("assistant", "Yes."),
        Message("user", ""),
    )


def test_each_item_follows_the_one_before() -> None:
    conversation = Conversation()
    first = conversation.append(MessageItem(id="1", role="user"))
    second = conversation.append(MessageItem(id="2", role="user"))

    assert (first, second) == (None, "1")
