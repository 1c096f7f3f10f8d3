"""A language model behind chat completions: the real SDK against a real server on loopback."""

import asyncio
import json
import subprocess
import sys
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
from pipeline.providers.openai_chat import OpenAIChat, OpenAIServer
from pipeline.providers.sdk import Timeouts
from telephony.bench.vendor_servers.events_server import Answer, Drop, Send, SendText, Stall
from telephony.bench.vendor_servers.openai_llm import DONE, ChatServer, call_piece, delta, failure, finish, usage, words

HELLO = Prompt("Be brief.", (Message("user", "Hello."),))
BOOK = Tool("book", "Book a table.", '{"type":"object","properties":{"people":{"type":"integer"}}}')
WEATHER = Tool("weather", "", '{"type":"object"}')
TIMEOUTS = Timeouts()
SECRET_WORDS = "the caller said my card is 4929"


@asynccontextmanager
async def a_model(url: str, timeouts: Timeouts = TIMEOUTS) -> AsyncIterator[OpenAIChat]:
    async with OpenAIServer(Access(url), timeouts=timeouts) as openai:
        yield openai.model("m")


async def reply_to(prompt: Prompt, *answers: Answer, timeouts: Timeouts = TIMEOUTS) -> list[Delta]:
    async with ChatServer(list(answers)) as server, a_model(server.url, timeouts) as model:
        return [delta async for delta in model.reply(prompt) if delta != AT_WORK]


async def failure_of(answer: Answer, timeouts: Timeouts = TIMEOUTS) -> tuple[str, bool]:
    with pytest.raises(ProviderError) as raised:
        await reply_to(HELLO, answer, timeouts=timeouts)
    return raised.value.reason, raised.value.retryable


async def request_for(prompt: Prompt) -> dict[str, Any]:
    async with ChatServer([words("Yes.")]) as server, a_model(server.url) as model:
        assert [delta async for delta in model.reply(prompt)]
        return server.requests[0]


async def test_a_reply_comes_as_it_is_written_with_its_usage_at_the_end() -> None:
    answer = Answer(
        [delta(role="assistant"), delta(content="Good "), delta(content="evening."), finish(), usage(20, 4, 16), DONE]
    )

    assert await reply_to(HELLO, answer) == [TextDelta("Good "), TextDelta("evening."), Usage(20, 4, 16)]


async def test_the_first_words_are_there_before_the_model_has_finished() -> None:
    async with (
        ChatServer([Answer([delta(content="Wait"), Stall()])]) as server,
        a_model(server.url) as model,
    ):
        reply = model.reply(HELLO)
        first = await anext(reply)
        await reply.aclose()

        assert first == TextDelta("Wait")
        await asyncio.wait_for(server.client_gone.wait(), 10)


async def test_a_refusal_is_spoken() -> None:
    assert await reply_to(HELLO, Answer([delta(refusal="I cannot."), finish(), DONE])) == [TextDelta("I cannot.")]


async def test_tool_calls_in_pieces_are_put_together() -> None:
    answer = Answer(
        [
            delta(content="One moment."),
            call_piece(0, "", "call_a", "book"),
            call_piece(0, '{"peo'),
            call_piece(1, "", "call_b", "weather"),
            call_piece(0, 'ple":4}'),
            finish("tool_calls"),
            DONE,
        ]
    )

    assert await reply_to(HELLO, answer) == [
        TextDelta("One moment."),
        FunctionCall("call_a", "book", '{"people":4}'),
        FunctionCall("call_b", "weather", "{}"),
    ]


async def test_two_tool_calls_under_one_index_are_told_apart_by_their_ids() -> None:
    answer = Answer(
        [call_piece(0, '{"a":1}', "x", "book"), call_piece(0, '{"b":2}', "y", "weather"), finish("tool_calls"), DONE]
    )

    assert await reply_to(HELLO, answer) == [
        FunctionCall("x", "book", '{"a":1}'),
        FunctionCall("y", "weather", '{"b":2}'),
    ]


@pytest.mark.parametrize(("word", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
async def test_a_reply_cut_short_says_so_and_calls_no_half_written_tool(word: str, reason: Any) -> None:
    answer = Answer([delta(content="We are"), call_piece(0, '{"peo', "x", "book"), finish(word), DONE])

    assert await reply_to(HELLO, answer) == [TextDelta("We are"), CutShort(reason)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(failure(401, "invalid_api_key", SECRET_WORDS), ("refused", False), id="wrong key"),
        pytest.param(failure(403, "forbidden", SECRET_WORDS), ("refused", False), id="forbidden"),
        pytest.param(failure(404, "model_not_found", SECRET_WORDS), ("refused", False), id="no such model"),
        pytest.param(failure(400, "bad_request", SECRET_WORDS), ("refused", False), id="bad request"),
        pytest.param(failure(429, "rate_limit_exceeded", SECRET_WORDS), ("limited", True), id="too fast"),
        pytest.param(failure(429, "insufficient_quota", SECRET_WORDS), ("limited", False), id="not paid"),
        pytest.param(failure(500, "server_error", SECRET_WORDS), ("internal", True), id="their fault"),
        pytest.param(failure(503, "overloaded", SECRET_WORDS), ("internal", True), id="overloaded"),
        pytest.param(
            Answer([Send({"error": {"message": SECRET_WORDS}})]), ("internal", True), id="error in the stream"
        ),
        pytest.param(Answer([delta(content="We "), Drop()], ends=False), ("unreachable", True), id="broken off"),
        pytest.param(Answer([delta(content="We ")]), ("unreachable", True), id="ended without an end"),
        pytest.param(Answer([SendText("data: {not json\n\n")]), ("malformed", False), id="no JSON"),
        pytest.param(Answer([Send({"choices": "none"})]), ("malformed", False), id="no choices"),
        pytest.param(Answer([Send({"choices": [{"index": 0, "delta": "text"}]})]), ("malformed", False), id="no delta"),
        pytest.param(Answer([delta(content="Yes."), delta(content=7)]), ("malformed", False), id="no text"),
    ],
)
async def test_each_failure_has_our_reason_and_nobodys_words(answer: Answer, expected: tuple[str, bool]) -> None:
    with capture_logs() as logs:
        assert await failure_of(answer) == expected

    assert [log["event"] for log in logs] == ["language_model_failed"]
    assert SECRET_WORDS not in json.dumps(logs)


@pytest.mark.parametrize("answer", [Answer([Stall()]), Answer([delta(content="We "), Stall()])])
async def test_a_model_that_falls_silent_has_stalled(answer: Answer) -> None:
    assert await failure_of(answer, Timeouts(first_s=0.2, next_s=0.2)) == ("stalled", True)


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with ChatServer([]) as server:
        url = server.url

    async with a_model(url) as model:
        with pytest.raises(ProviderError) as raised:
            await anext(model.reply(HELLO))

    assert (raised.value.reason, raised.value.retryable) == ("unreachable", True)


async def test_words_heard_before_a_failure_are_not_taken_back() -> None:
    async with (
        ChatServer([Answer([delta(content="We are open"), Drop()], ends=False)]) as server,
        a_model(server.url) as model,
    ):
        reply = model.reply(HELLO)

        assert await anext(reply) == TextDelta("We are open")
        with pytest.raises(ProviderError):
            await anext(reply)


async def test_the_next_reply_needs_no_new_connection() -> None:
    async with (
        ChatServer([words("One."), words("Two."), words("Three.")]) as server,
        a_model(server.url) as model,
    ):
        for _ in range(3):
            assert [piece async for piece in model.reply(HELLO)]

        assert (len(server.requests), server.connections) == (3, 1)


async def test_all_models_of_a_server_share_its_connections() -> None:
    async with (
        ChatServer([words("One."), words("Two.")]) as server,
        OpenAIServer(Access(server.url)) as openai,
    ):
        for name in ("small", "large"):
            assert [piece async for piece in openai.model(name).reply(HELLO)]

        assert ([asked["model"] for asked in server.requests], server.connections) == (["small", "large"], 1)


NAME_A_MODEL = """
import asyncio, sys, threading
from pipeline.providers import Access, Prompt, ProviderError
from pipeline.providers.openai_chat import OpenAIServer

class Watch:
    loaded_by = None
    def find_spec(self, name, path=None, target=None):
        if name == "openai":
            Watch.loaded_by = threading.current_thread()

sys.meta_path.insert(0, Watch())

async def call():
    server = OpenAIServer(Access("http://127.0.0.1:9/v1"))
    model = server.model("m")
    named = Watch.loaded_by
    try:
        await anext(model.reply(Prompt("", ())))
    except ProviderError:
        pass
    await server.close()
    sys.exit(f"{named} {Watch.loaded_by is not threading.main_thread()} {Watch.loaded_by is not None}")

asyncio.run(call())
"""


def test_the_sdk_is_loaded_by_a_thread_and_not_before_a_reply_needs_it() -> None:
    ran = subprocess.run([sys.executable, "-c", NAME_A_MODEL], capture_output=True, text=True, check=False)

    assert ran.stderr.splitlines()[-1] == "None True True"


async def test_a_server_without_keys_is_given_some_key() -> None:
    async with ChatServer([words("Yes.")]) as server, a_model(server.url) as model:
        assert [piece async for piece in model.reply(HELLO)]

        assert server.headers[0]["authorization"] == "Bearer none"


async def test_the_whole_conversation_is_put_to_the_model() -> None:
    prompt = Prompt(
        "Be brief.",
        (
            Message("user", "A table for four."),
            Message("assistant", "One moment."),
            FunctionCall("call_a", "book", '{"people":4}'),
            FunctionOutput("call_a", '{"ok":true}'),
            Message("user", "[digits: 1]"),
            FunctionCall("call_b", "weather", "{}"),
            Message("user", "Are you there?"),
        ),
        tools=(BOOK,),
        tool_choice="book",
        max_output_tokens=60,
        temperature=0.5,
    )

    asked = await request_for(prompt)

    assert [(message["role"], message["content"]) for message in asked["messages"]] == [
        ("system", "Be brief."),
        ("user", "A table for four."),
        ("assistant", "One moment."),
        ("tool", '{"ok":true}'),
        ("user", "[digits: 1]"),
        ("assistant", None),
        ("tool", '{"status":"pending"}'),
        ("user", "Are you there?"),
    ]
    assert [message["tool_calls"][0]["id"] for message in asked["messages"] if "tool_calls" in message] == [
        "call_a",
        "call_b",
    ]
    assert asked["tools"][0]["function"]["parameters"]["properties"] == {"people": {"type": "integer"}}
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "book"}}
    assert (asked["max_tokens"], asked["temperature"], asked["stream"]) == (60, 0.5, True)


async def test_what_the_session_leaves_open_is_left_to_the_server() -> None:
    asked = await request_for(HELLO)

    assert sorted(asked) == ["messages", "model", "stream", "stream_options"]


async def test_a_call_in_the_making_shows_that_the_model_is_at_work() -> None:
    pieces = [call_piece(0, "", "call_1", "book"), call_piece(0, '{"people"'), call_piece(0, ":4}")]
    async with ChatServer([Answer([*pieces, finish("tool_calls"), DONE])]) as server, a_model(server.url) as model:
        deltas = [delta async for delta in model.reply(HELLO)]

    assert deltas == [AT_WORK, AT_WORK, AT_WORK, FunctionCall("call_1", "book", '{"people":4}')]
