"""Which prompts an answer answers alike, and how much there is to read in one."""

from dataclasses import replace

import pytest

from pipeline.prompts import asks_the_same, delta_tokens, plain_words, prompt_tokens
from pipeline.providers import (
    CutShort,
    Delta,
    FunctionCall,
    FunctionOutput,
    Message,
    Prompt,
    TextDelta,
    Tool,
    Turn,
    Usage,
)

GREETING = Message("assistant", "Good evening.")


def prompt(text: str, *before: Turn) -> Prompt:
    return Prompt("Be brief.", (*before, Message("user", text)))


@pytest.mark.parametrize(
    ("said", "also_said"),
    [
        ("a table please", "A table, please."),
        ("when do you open", "  When do you   open?"),
        ("où est-ce", "Où est-ce ?"),
        ("cuánto cuesta", "¿Cuánto cuesta?"),
        ("sie sagte komm", "Sie sagte: „Komm!“"),
        ("at seven please", "at seven — please"),
        ("okay", "Okay..."),
    ],
)
def test_marks_case_and_spaces_make_no_difference(said: str, also_said: str) -> None:
    assert asks_the_same(prompt(said, GREETING), prompt(also_said, GREETING))


@pytest.mark.parametrize(
    ("said", "also_said"),
    [
        ("a table", "a table please"),
        ("it is 1 15", "it is 11 5"),
        ("it costs 1.5", "it costs 15"),
        ("at 4", "at four"),
        ("5", "5%"),
        ("john.smith@example.com", "johnsmith@example.com"),
        ("", "yes"),
    ],
)
def test_other_words_do(said: str, also_said: str) -> None:
    assert not asks_the_same(prompt(said, GREETING), prompt(also_said, GREETING))


@pytest.mark.parametrize(
    "other",
    [
        prompt("yes"),
        prompt("yes", Message("assistant", "good evening")),
        prompt("yes", GREETING, Message("user", "Yes")),
        replace(prompt("yes", GREETING), instructions="Be kind."),
        replace(prompt("yes", GREETING), tools=(Tool("lookup", "", "{}"),)),
        replace(prompt("yes", GREETING), temperature=0.5),
        Prompt("Be brief.", (GREETING, Message("system", "yes"))),
        Prompt("Be brief.", (GREETING, FunctionOutput("call_1", "yes"))),
    ],
)
def test_whatever_else_differs_makes_it_another_question(other: Prompt) -> None:
    assert not asks_the_same(prompt("yes", GREETING), other)


def test_words_are_compared_as_they_are_spoken() -> None:
    assert plain_words(" «Don't»,  she said: 4:30 -- ÜBER... ") == ("don't", "she", "said", "4:30", "über")


def test_a_token_is_four_characters_of_whatever_is_read_or_written() -> None:
    asked = Prompt(
        "1234",
        (Message("user", "1234"), FunctionCall("call_1", "12", "34"), FunctionOutput("call_1", "12341")),
        (Tool("unread", "12", "34"),),
    )
    written: list[Delta] = [TextDelta("12345"), TextDelta(""), FunctionCall("call_1", "look", "{}"), Usage(1, 2)]

    assert prompt_tokens(asked) == 6
    assert [delta_tokens(delta) for delta in [*written, CutShort("content_filter")]] == [2, 0, 2, 0, 0]
