"""A scripted agent streams as a real language model does."""

from dataclasses import replace
from typing import Any

import msgspec

from pipeline.flow import Flow
from pipeline.providers import (
    CutShort,
    Delta,
    FunctionCall,
    FunctionOutput,
    HeardOut,
    Message,
    Prompt,
    TextDelta,
    Tool,
    Usage,
)
from pipeline.providers.scripted import ScriptedModel

FLOW: dict[str, Any] = {
    "greeting": "Hello there.",
    "start": "open",
    "otherwise": ["Pardon?"],
    "when": [
        {
            "says": ["a table for {people}"],
            "pattern": r"for (?P<people>\w+)",
            "reply": "One moment.",
            "call": {
                "name": "book",
                "arguments": {"people": "{people}"},
                "done": "Booked for {people}.",
                "failed": "Not possible.",
            },
        },
        {"keywords": ["story"], "reply": ["Once upon a time.", "I have no other story."]},
    ],
    "slots": {"people": {"values": {"two": []}}},
    "states": {"open": {}},
}
BOOK = Tool("book", "", "{}")
PROMPT = Prompt("Be brief.", (Message("user", "a table for two"),), tools=(BOOK,))


async def reply_to(prompt: Prompt) -> list[Delta]:
    return [delta async for delta in ScriptedModel(msgspec.convert(FLOW, Flow)).reply(prompt)]


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


async def test_the_greeting_comes_word_by_word() -> None:
    assert await reply_to(Prompt("", ())) == [TextDelta("Hello "), TextDelta("there."), Usage(0, 2)]


async def test_a_tool_is_called_after_the_words() -> None:
    assert await reply_to(PROMPT) == [
        TextDelta("One "),
        TextDelta("moment."),
        FunctionCall("call_1", "book", '{"people":"two"}'),
        Usage(6, 2),
    ]


async def test_what_the_tool_answered_is_said() -> None:
    called = (*PROMPT.turns, FunctionCall("call_1", "book", "{}"))

    done = await reply_to(replace(PROMPT, turns=(*called, FunctionOutput("call_1", '{"ok":true}'))))
    failed = await reply_to(replace(PROMPT, turns=(*called, FunctionOutput("call_1", '{"error":"full"}'))))

    assert (text_of(done), text_of(failed)) == ("Booked for two.", "Not possible.")


async def test_a_tool_that_is_not_offered_or_not_allowed_is_not_called() -> None:
    not_offered = await reply_to(replace(PROMPT, tools=()))
    not_allowed = await reply_to(replace(PROMPT, tool_choice="none"))

    assert text_of(not_offered) == text_of(not_allowed) == "One moment. Not possible."
    assert [delta for delta in not_offered if isinstance(delta, FunctionCall)] == []


async def test_a_tool_is_not_called_twice_for_one_request() -> None:
    turns = (*PROMPT.turns, Message("assistant", "One moment."), FunctionCall("call_1", "book", "{}"))

    assert not [delta for delta in await reply_to(replace(PROMPT, turns=turns)) if isinstance(delta, FunctionCall)]


async def test_replies_take_turns() -> None:
    once = (Message("user", "a story"), Message("assistant", "Once"))

    replies = [text_of(await reply_to(Prompt("", (*once * count, Message("user", "story"))))) for count in range(3)]

    assert replies == ["Once upon a time.", "I have no other story.", "I have no other story."]


async def test_a_reply_that_may_not_be_long_is_cut_short() -> None:
    assert await reply_to(replace(PROMPT, max_output_tokens=1)) == [
        TextDelta("One "),
        CutShort("max_output_tokens"),
        Usage(6, 1),
    ]


async def test_what_is_said_in_a_protected_state_is_to_be_heard_out() -> None:
    notice = {"keywords": ["contract"], "reply": "Very well.", "goto": "notice"}
    states = {"open": {}, "notice": {"ask": "This call is recorded.", "protected": True}}
    model = ScriptedModel(msgspec.convert({**FLOW, "when": [notice], "states": states}, Flow))

    replies = [
        [delta async for delta in model.reply(Prompt("", (Message("user", words),)))] for words in ("contract", "no")
    ]

    assert [first for first, *_ in replies] == [HeardOut(), TextDelta("Pardon?")]
