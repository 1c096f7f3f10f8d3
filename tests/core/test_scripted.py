"""Phone stories with the demo's scripted agent: what it answers to which words, from the turns alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.providers import FunctionCall, FunctionOutput, Message, Turn
from pipeline.providers.scripted import Script, Standing
from telephony.dialplan import parse

DIALPLANS = Path(__file__).parents[2] / "dialplans"


def script_of(name: str) -> Script:
    return Script(parse((DIALPLANS / name).read_text(encoding="utf-8"), name).flows["reception"])


SCRIPT = script_of("demo.toml")
FRONT_DESK = script_of("reception.toml")


def turns_of(*said: str, script: Script = SCRIPT) -> tuple[Turn, ...]:
    """A conversation in which the agent answered whatever the caller said."""
    turns: list[Turn] = [Message("assistant", script.standing(()).say)]
    for text in said:
        turns.append(Message("user", text))
        turns.append(Message("assistant", script.standing(tuple(turns)).say))
    return tuple(turns[:-1])


def after(*said: str) -> Standing:
    return SCRIPT.standing(turns_of(*said))


def test_the_agent_greets_first() -> None:
    assert SCRIPT.standing(()).say == "Hello, this is Harbour Street Kitchen. How can I help you?"


def test_a_caller_who_says_everything_at_once_is_only_asked_to_confirm() -> None:
    assert after("I'd like a table for four on Friday at half past seven").say == (
        "Certainly. A table for four, on Friday at half past seven. Is that right?"
    )


def test_a_caller_is_asked_for_what_is_missing_one_thing_at_a_time() -> None:
    said = ("can I book a table", "for two", "tomorrow evening", "at seven")

    assert [after(*said[: count + 1]).say for count in range(4)] == [
        "Certainly. For how many people?",
        "For which day?",
        "At what time?",
        "A table for two, tomorrow at seven o'clock. Is that right?",
    ]


def test_a_caller_may_ask_something_else_in_the_middle_of_a_booking() -> None:
    assert after("book a table", "two", "what is your address").say == (
        "We are at twelve Harbour Street, next to the old fish market. For which day?"
    )


@pytest.mark.parametrize(
    ("correction", "answer"),
    [
        ("no five people", "A table for five, on Friday at seven o'clock. Is that right?"),
        ("saturday", "A table for four, on Saturday at seven o'clock. Is that right?"),
        ("no at eight thirty", "A table for four, on Friday at half past eight. Is that right?"),
        ("no", "Let me change that. What should it be?"),
        ("yes four people", "Your table is booked. We look forward to seeing you on Friday. Is there anything else?"),
        ("[digits: 1]", "Your table is booked. We look forward to seeing you on Friday. Is there anything else?"),
    ],
)
def test_a_booking_is_confirmed_or_corrected(correction: str, answer: str) -> None:
    assert after("a table for four on friday at seven", correction).say == answer


def test_a_new_booking_starts_afresh() -> None:
    said = ("a table for four on friday at seven", "yes", "yes please", "and another table for two")

    assert after(*said).say == "Certainly. For which day?"


def test_keys_choose_from_the_menu_and_answer_questions() -> None:
    said = ("[digits: 2]", "[digits: 2]", "friday", "[digits: 7]")

    assert after(*said).say == "A table for two, on Friday at seven o'clock. Is that right?"


def test_a_caller_who_is_not_understood_is_helped_more_each_time() -> None:
    assert [after(*["mumble"] * count).say.partition(".")[0] for count in (1, 2, 3, 4)] == [
        "Sorry, I did not catch that",
        "Sorry, I still did not get that",
        "I am having trouble hearing you",
        "I am having trouble hearing you",
    ]


def test_patience_starts_anew_once_the_caller_was_understood() -> None:
    assert after("mumble", "what time do you open", "mumble").say == "Sorry, I did not catch that."


def test_a_caller_who_wants_a_person_is_put_through() -> None:
    standing = after("can I speak to a person")

    assert standing.call is not None
    assert (standing.call.name, standing.call.arguments) == ("transfer", {"target": "staff"})


def test_a_caller_who_could_not_be_put_through_is_told() -> None:
    turns = (
        *turns_of("can I speak to a person"),
        FunctionCall("call_1", "transfer", '{"target":"staff"}'),
        FunctionOutput("call_1", '{"error":"busy"}'),
    )

    assert SCRIPT.standing(turns).say == "I am sorry, nobody can come to the phone now."


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ('{"noted":true}', "It is noted. Is there anything else?"),
        ('{"error":"nobody answered"}', "I am sorry, I can not take messages at the moment. Is there anything else?"),
    ],
)
def test_a_message_is_confirmed_noted_and_told_of(output: str, answer: str) -> None:
    said = ("can somebody call me back", "about a repair", "in the morning", "no in the afternoon", "yes")
    asked = FRONT_DESK.standing(turns_of(*said, script=FRONT_DESK))
    call = FunctionCall("call_1", "take_message", "{}")

    told = FRONT_DESK.standing((*turns_of(*said, script=FRONT_DESK), call, FunctionOutput("call_1", output)))

    assert asked.call is not None
    assert (asked.call.name, asked.slots) == ("take_message", {"topic": "a repair", "day_part": "in the afternoon"})
    assert told.say == answer


def test_the_agent_hangs_up_after_the_goodbye_only() -> None:
    calls = [after("what are your opening hours"), after("thank you"), after("thank you", "no thanks")]

    assert [standing.call.name if standing.call else None for standing in calls] == [None, None, "hang_up"]


def test_a_silent_caller_is_asked_again() -> None:
    turns = (*turns_of("book a table"), Message("assistant", "Certainly. For how"), Message("system", "silence"))

    assert SCRIPT.standing(turns).say == "For how many people?"


def test_what_was_cut_off_by_a_barge_in_changes_nothing() -> None:
    interrupted = (
        Message("assistant", "Hello, this is"),
        Message("user", "tell me about the menu"),
        Message("assistant", "With pleasure. We cook"),
        Message("user", "stop what time do you close"),
    )

    assert SCRIPT.standing(interrupted) == after("tell me about the menu", "stop what time do you close")


WORDS = st.sampled_from(
    ["book a table", "two", "friday", "at seven", "yes", "no", "cancel", "bye", "monday", "", "[digits: 2]", "mumble"]
)


@given(st.lists(WORDS, max_size=8))
def test_whatever_is_said_the_agent_has_an_answer(said: list[str]) -> None:
    assert after(*said).say
