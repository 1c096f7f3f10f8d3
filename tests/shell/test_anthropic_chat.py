"""Anthropic's language models: the real SDK against a real server on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from pipeline.providers import (
    AT_WORK,
    Access,
    CutShort,
    Delta,
    FunctionCall,
    FunctionOutput,
    Message,
    Prompt,
    ProviderError,
    TextDelta,
    Tool,
    Usage,
)
from pipeline.providers.anthropic_chat import AnthropicChat, AnthropicServer
from pipeline.providers.sdk import Timeouts
from telephony.bench.vendor_servers.anthropic_llm import (
    MessagesServer,
    block_stop,
    end,
    error_body,
    event,
    failure,
    json_delta,
    ping,
    start,
    stop,
    text_block,
    text_delta,
    tool_block,
    words,
)
from telephony.bench.vendor_servers.events_server import Answer, Drop, Send, SendText, Stall
from telephony.bench.vendor_servers.fault_proxy import CloseAfter, FaultProxy, HalfOpen, Refuse

HELLO = Prompt("Be brief.", (Message("user", "Hello."),))
BOOK = Tool("book", "Book a table.", '{"type":"object","properties":{"people":{"type":"integer"}}}')
TIMEOUTS = Timeouts()
NO_TEXT = event("content_block_delta", index=0, delta={"type": "text_delta", "text": 7})
SECRET_WORDS = "the caller said my card is 4929"
KEPT = {"type": "ephemeral"}


@asynccontextmanager
async def a_model(url: str, timeouts: Timeouts = TIMEOUTS) -> AsyncIterator[AnthropicChat]:
    async with AnthropicServer(Access(url, "sk-ant"), timeouts=timeouts) as anthropic:
        yield anthropic.model("m")


async def reply_to(prompt: Prompt, *answers: Answer, timeouts: Timeouts = TIMEOUTS) -> list[Delta]:
    async with MessagesServer(answers) as server, a_model(server.url, timeouts) as model:
        return [delta async for delta in model.reply(prompt) if delta != AT_WORK]


async def failure_of(answer: Answer, timeouts: Timeouts = TIMEOUTS) -> tuple[str, bool]:
    with pytest.raises(ProviderError) as raised:
        await reply_to(HELLO, answer, timeouts=timeouts)
    return raised.value.reason, raised.value.retryable


async def request_for(prompt: Prompt) -> dict[str, Any]:
    async with MessagesServer([words("Yes.")]) as server, a_model(server.url) as model:
        assert [delta async for delta in model.reply(prompt)]
        assert (server.paths, server.headers[0]["authorization"]) == (["/v1/messages"], "Bearer sk-ant")
        return server.requests[0]


async def roles_and_blocks(*turns: Any) -> list[tuple[str, list[Any]]]:
    """What is asked, without the marks of what is cached."""
    asked = await request_for(Prompt("", turns))
    for message in asked["messages"]:
        for block in message["content"]:
            block.pop("cache_control", None)
    return [
        (message["role"], [block.get("text") or block["type"] for block in message["content"]])
        for message in asked["messages"]
    ]


async def test_a_reply_comes_as_it_is_written_with_its_usage_at_the_end() -> None:
    answer = Answer(
        [
            start(input_tokens=5, cached=16, written=3),
            text_block(),
            ping(),
            text_delta("Good "),
            text_delta("evening."),
            block_stop(),
            end(output_tokens=4),
            stop(),
        ]
    )

    assert await reply_to(HELLO, answer) == [TextDelta("Good "), TextDelta("evening."), Usage(24, 4, 16)]


async def test_the_first_words_are_there_before_the_model_has_finished() -> None:
    answer = Answer([start(), text_block(), text_delta("Wait"), Stall()])
    async with MessagesServer([answer]) as server, a_model(server.url) as model:
        reply = model.reply(HELLO)
        first = await anext(reply)
        await reply.aclose()

        assert first == TextDelta("Wait")
        await asyncio.wait_for(server.client_gone.wait(), 10)


async def test_tool_calls_in_pieces_are_put_together() -> None:
    answer = Answer(
        [
            start(),
            text_block(0),
            text_delta("One moment.", 0),
            block_stop(0),
            tool_block(1, "toolu_a", "book"),
            json_delta(1, ""),
            json_delta(1, '{"peo'),
            json_delta(1, 'ple":4}'),
            block_stop(1),
            tool_block(2, "toolu_b", "weather"),
            json_delta(2, ""),
            block_stop(2),
            end("tool_use"),
            stop(),
        ]
    )

    assert (await reply_to(HELLO, answer))[:-1] == [
        TextDelta("One moment."),
        FunctionCall("toolu_a", "book", '{"people":4}'),
        FunctionCall("toolu_b", "weather", "{}"),
    ]


async def test_thoughts_and_what_nobody_knows_yet_are_not_spoken() -> None:
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    answer = Answer(
        [
            start(),
            event("content_block_start", index=0, content_block=thinking),
            event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm."}),
            event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "x"}),
            block_stop(0),
            event("something_new", index=1),
            text_block(1),
            text_delta("Yes.", 1),
            block_stop(1),
            end(),
            stop(),
        ]
    )

    assert (await reply_to(HELLO, answer))[:-1] == [TextDelta("Yes.")]


async def test_thoughts_that_a_model_writes_into_its_text_are_not_spoken() -> None:
    pieces = ["<thinking>Hm.", "</thinking>\n\nYes", ", please. <", "thinking>So."]

    deltas = await reply_to(HELLO, words(*pieces))

    assert [delta.text for delta in deltas if isinstance(delta, TextDelta)] == ["Yes", ", please. "]


async def test_what_only_looks_like_a_thought_at_the_end_is_spoken() -> None:
    deltas = await reply_to(HELLO, words("1 <"))

    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == "1 <"


async def test_what_servers_that_only_speak_the_protocol_leave_out_or_add_costs_no_words() -> None:
    booking = {"type": "tool_use", "id": "toolu_a", "name": "book", "input": {"people": 4}}
    answer = Answer(
        [
            event("message_start", message={"id": "msg_1"}),
            text_block(1),
            text_delta("Fine \ud83d", 1),
            text_delta("\ude00.", 1),
            block_stop(1),
            event("content_block_start", index=2, content_block=booking),
            block_stop(2),
            event("message_delta", delta={"stop_reason": "tool_use"}),
            stop(),
        ]
    )

    assert await reply_to(HELLO, answer) == [
        TextDelta("Fine "),
        TextDelta("\U0001f600."),
        FunctionCall("toolu_a", "book", '{"people": 4}'),
        Usage(0, 0),
    ]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("max_tokens", "max_output_tokens"),
        ("model_context_window_exceeded", "max_output_tokens"),
        ("refusal", "content_filter"),
    ],
)
async def test_a_reply_cut_short_says_so_and_calls_no_half_written_tool(word: str, reason: Any) -> None:
    half_written = [tool_block(1, "a", "book"), json_delta(1, '{"p'), end(word), stop()]
    answer = Answer([start(), text_block(), text_delta("We are"), block_stop(), *half_written])

    assert (await reply_to(HELLO, answer))[:-1] == [TextDelta("We are"), CutShort(reason)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(failure(401, SECRET_WORDS), ("refused", False), id="wrong key"),
        pytest.param(failure(403, SECRET_WORDS), ("refused", False), id="forbidden"),
        pytest.param(failure(404, SECRET_WORDS), ("refused", False), id="no such model"),
        pytest.param(failure(400, SECRET_WORDS), ("refused", False), id="bad request"),
        pytest.param(failure(429, SECRET_WORDS), ("limited", True), id="too fast"),
        pytest.param(failure(500, SECRET_WORDS), ("internal", True), id="their fault"),
        pytest.param(failure(529, SECRET_WORDS), ("internal", True), id="overloaded"),
        pytest.param(
            Answer([start(), Send(error_body(SECRET_WORDS, "overloaded_error"), "error")]),
            ("internal", True),
            id="overloaded in the stream",
        ),
        pytest.param(
            Answer([start(), Send(error_body(SECRET_WORDS, "rate_limit_error"), "error")]),
            ("limited", True),
            id="too fast in the stream",
        ),
        pytest.param(
            Answer([start(), text_block(), text_delta("We "), Drop()], ends=False), ("unreachable", True), id="broken"
        ),
        pytest.param(Answer([start(), text_block(), text_delta("We ")]), ("unreachable", True), id="no end"),
        pytest.param(
            Answer([SendText("event: message_start\ndata: {not json\n\n")]), ("malformed", False), id="no JSON"
        ),
        pytest.param(Answer([event("message_start", message="none")]), ("malformed", False), id="no message"),
        pytest.param(Answer([start(), NO_TEXT]), ("malformed", False), id="no text"),
        pytest.param(Answer([start(), json_delta(3, "{")]), ("malformed", False), id="no such block"),
    ],
)
async def test_each_failure_has_our_reason_and_nobodys_words(answer: Answer, expected: tuple[str, bool]) -> None:
    with capture_logs() as logs:
        assert await failure_of(answer) == expected

    assert [log["event"] for log in logs] == ["language_model_failed"]
    assert SECRET_WORDS not in json.dumps(logs)


@pytest.mark.parametrize("answer", [Answer([Stall()]), Answer([start(), text_block(), text_delta("We "), Stall()])])
async def test_a_model_that_falls_silent_has_stalled(answer: Answer) -> None:
    assert await failure_of(answer, Timeouts(first_s=0.2, next_s=0.2)) == ("stalled", True)


@pytest.mark.parametrize(
    ("fault", "reason"), [(Refuse(), "unreachable"), (CloseAfter(300), "unreachable"), (HalfOpen(), "stalled")]
)
async def test_a_way_there_that_breaks_is_no_models_fault(fault: Any, reason: str) -> None:
    async with (
        MessagesServer() as server,
        FaultProxy(server.port) as proxy,
        a_model(server.url_at(proxy.port), Timeouts(first_s=0.3, next_s=0.3)) as model,
    ):
        proxy.arm(fault)
        with pytest.raises(ProviderError) as raised:
            assert [delta async for delta in model.reply(HELLO)]

    assert (raised.value.reason, raised.value.retryable) == (reason, True)


async def test_the_whole_conversation_is_put_to_the_model() -> None:
    prompt = Prompt(
        "Be brief.",
        (
            Message("user", "A table for four."),
            FunctionCall("call_a", "book", '{"people":4}'),
            FunctionOutput("call_a", "ok"),
        ),
        tools=(BOOK,),
        tool_choice="book",
        max_output_tokens=60,
        temperature=1.2,
    )

    asked = await request_for(prompt)

    assert asked == {
        "model": "m",
        "max_tokens": 60,
        "stream": True,
        "temperature": 1.0,
        "thinking": {"type": "disabled"},
        "system": [{"type": "text", "text": "Be brief.", "cache_control": KEPT}],
        "tools": [{"name": "book", "description": "Book a table.", "input_schema": json.loads(BOOK.parameters)}],
        "tool_choice": {"type": "tool", "name": "book"},
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "A table for four."}]},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "call_a", "name": "book", "input": {"people": 4}}],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call_a", "content": "ok", "cache_control": KEPT},
                ],
            },
        ],
    }


async def test_what_the_session_leaves_open_is_left_to_the_server_but_for_the_limit() -> None:
    asked = await request_for(Prompt("", (Message("user", "Hello."),)))

    assert (sorted(asked), asked["max_tokens"]) == (["max_tokens", "messages", "model", "stream", "thinking"], 1_024)


async def test_an_agent_that_spoke_first_and_last_is_given_a_caller() -> None:
    assert await roles_and_blocks(Message("assistant", "Hello?"), Message("assistant", "Are you there?")) == [
        ("user", ["[the call begins]"]),
        ("assistant", ["Hello?", "Are you there?"]),
        ("user", ["[silence]"]),
    ]


async def test_a_conversation_that_has_not_begun_can_be_begun() -> None:
    assert await roles_and_blocks() == [("user", ["[the call begins]"])]


async def test_roles_take_turns_and_nothing_empty_is_said() -> None:
    assert await roles_and_blocks(
        Message("user", "A table."),
        Message("system", "The kitchen closes at ten."),
        Message("user", "  "),
        Message("assistant", "One moment."),
        FunctionCall("call/1", "book", "not json"),
        FunctionCall("call_2", "weather", "{}"),
        Message("user", "Are you there?"),
    ) == [
        ("user", ["A table.", "[system: The kitchen closes at ten.]"]),
        ("assistant", ["One moment.", "tool_use"]),
        ("user", ["tool_result"]),
        ("assistant", ["tool_use"]),
        ("user", ["tool_result", "Are you there?"]),
    ]


async def test_a_tools_name_is_whole_and_its_id_is_one_the_api_takes() -> None:
    asked = await request_for(Prompt("", (Message("user", "Hi."), FunctionCall("call/1", "book", "{}"))))

    call, output = asked["messages"][1]["content"][0], asked["messages"][2]["content"][0]
    assert (call["id"], output["tool_use_id"], output["content"]) == ("call_1", "call_1", '{"status":"pending"}')


@pytest.mark.parametrize(("choice", "asked"), [("auto", "auto"), ("none", "none"), ("required", "any")])
async def test_the_choice_of_tools_is_told_in_anthropics_words(choice: str, asked: str) -> None:
    prompt = Prompt("", (Message("user", "Hi."),), tools=(BOOK,), tool_choice=choice)

    assert (await request_for(prompt))["tool_choice"] == {"type": asked}


async def test_an_option_that_a_model_refuses_is_left_out_from_then_on() -> None:
    refused = [failure(400, "`temperature` is deprecated for this model."), failure(400, "thinking: not supported")]
    warm = Prompt("", (Message("user", "Hi."),), temperature=0.5)
    async with MessagesServer([*refused, words("Yes."), words("Yes.")]) as server, a_model(server.url) as model:
        for _ in range(2):
            assert TextDelta("Yes.") in [delta async for delta in model.reply(warm)]

        sent = [sorted(asked.keys() & {"temperature", "thinking"}) for asked in server.requests]
        versions = [headers["anthropic-version"] for headers in server.headers]
    assert sent == [["temperature", "thinking"], ["thinking"], [], []]
    assert [version == versions[-1] for version in versions] == [False, True, True, True]


async def test_a_warm_model_needs_no_new_connection_and_was_given_no_key() -> None:
    async with MessagesServer([words("Yes.")]) as server, a_model(server.url) as model:
        await model.warm()
        warmed = (server.connections, ["authorization" in each for each in server.touches], list(server.requests))
        assert [delta async for delta in model.reply(HELLO)]

        assert (warmed, server.connections) == ((1, [False], []), 1)


async def test_warming_for_a_server_that_is_not_there_says_nothing() -> None:
    async with MessagesServer() as server:
        url = server.url

    async with a_model(url) as model:
        assert await model.warm() is None  # type: ignore[func-returns-value]


async def test_the_simulated_model_takes_its_time_and_can_be_made_to_fail() -> None:
    async with MessagesServer() as server, a_model(server.url) as model:
        assert len([delta async for delta in model.reply(HELLO)]) == 19
        for status, expected in ((401, "refused"), (429, "limited"), (500, "internal")):
            server.status = status
            with pytest.raises(ProviderError, match=expected):
                await anext(model.reply(HELLO))
        server.status, server.wrong_json = None, True
        with pytest.raises(ProviderError, match="malformed"):
            await anext(model.reply(HELLO))
