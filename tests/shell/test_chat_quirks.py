"""What other vendors make of OpenAI's chat completions: each habit as its server has it, through the real SDK."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from pipeline.providers import (
    AT_WORK,
    Access,
    Delta,
    FunctionCall,
    FunctionOutput,
    Message,
    Prompt,
    ProviderError,
    TextDelta,
    Usage,
)
from pipeline.providers.chat_protocol import GEMINI, Quirks
from pipeline.providers.openai_chat import OpenAIChat, OpenAIServer
from pipeline.providers.sdk import Timeouts
from telephony.bench.vendor_servers.events_server import Answer, Send, SendText
from telephony.bench.vendor_servers.fault_proxy import CloseAfter, Drip, FaultProxy, HalfOpen, Refuse, StallAfter
from telephony.bench.vendor_servers.openai_llm import DONE, ChatServer, delta, error_body, finish, usage, words

HELLO = Prompt("Be brief.", (Message("user", "Hello."),))
LIMITED = Prompt("", (Message("user", "Hello."),), max_output_tokens=60, temperature=0.5)
OPENAIS = Quirks(frozenset(("max_tokens",)))
SECRET_WORDS = "the caller said my card is 4929"


@asynccontextmanager
async def a_model(server: ChatServer, quirks: Quirks | None = None) -> AsyncIterator[OpenAIChat]:
    async with OpenAIServer(Access(server.url), quirks=quirks) as openai:
        yield openai.model("m")


async def reply_to(*steps: Any) -> list[Delta]:
    async with ChatServer([Answer(list(steps))]) as server, a_model(server) as model:
        return [delta async for delta in model.reply(HELLO) if delta != AT_WORK]


async def failure_of(*steps: Any) -> tuple[str, bool]:
    with capture_logs() as logs, pytest.raises(ProviderError) as raised:
        await reply_to(*steps)
    assert SECRET_WORDS not in json.dumps(logs)
    return raised.value.reason, raised.value.retryable


def refused(status: int, body: dict[str, Any]) -> Answer:
    return Answer([SendText(json.dumps(body))], status)


def extra_forbidden(*place: str) -> dict[str, Any]:
    """As Mistral refuses what it does not know."""
    detail = [
        {"type": "extra_forbidden", "loc": ["body", *place], "msg": "Extra inputs are not permitted", "input": True}
    ]
    return {
        "object": "error",
        "message": {"detail": detail},
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


def whole_call(call_id: Any, name: Any, arguments: Any, **more: Any) -> dict[str, Any]:
    """A tool call in one piece and without an index, as Gemini sends it."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}} | more


MISTRAL = refused(422, extra_forbidden("stream_options", "include_usage"))
NEW_WORD = refused(
    400,
    error_body(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "unsupported_parameter",
        "max_tokens",
    ),
)
OLD_WORD = refused(422, extra_forbidden("max_completion_tokens"))
NO_TEMPERATURE = refused(
    400,
    error_body(
        "Unsupported value: 'temperature' does not support 0.5 with this model.", "unsupported_value", "temperature"
    ),
)


@pytest.mark.parametrize(
    ("quirks", "refusals", "options"),
    [
        (None, [], {"max_tokens", "stream_options", "temperature"}),
        (None, [MISTRAL], {"max_tokens", "temperature"}),
        (None, [NEW_WORD], {"max_completion_tokens", "stream_options", "temperature"}),
        (None, [MISTRAL, NEW_WORD], {"max_completion_tokens", "temperature"}),
        (None, [NEW_WORD, OLD_WORD], {"stream_options", "temperature"}),
        (OPENAIS, [], {"max_completion_tokens", "stream_options", "temperature"}),
        (OPENAIS, [OLD_WORD, NO_TEMPERATURE], {"max_tokens", "stream_options"}),
    ],
)
async def test_what_a_server_refuses_by_name_is_left_out_and_not_sent_again(
    quirks: Quirks | None, refusals: list[Answer], options: set[str]
) -> None:
    answers = [*refusals, words("Yes."), words("Yes.")]
    async with ChatServer(answers) as server, a_model(server, quirks) as model:
        for _ in range(2):
            assert [delta async for delta in model.reply(LIMITED)] == [TextDelta("Yes.")]

        known = {"max_tokens", "max_completion_tokens", "stream_options", "temperature"}
        sent = [asked.keys() & known for asked in server.requests]
    assert (len(sent), sent[-2:]) == (len(refusals) + 2, [options, options])


async def test_what_one_model_refuses_is_still_sent_to_another() -> None:
    async with (
        ChatServer([NO_TEMPERATURE, words("Yes."), words("Yes.")]) as server,
        OpenAIServer(Access(server.url)) as openai,
    ):
        for name in ("o3", "gpt-4.1"):
            assert [delta async for delta in openai.model(name).reply(LIMITED)]

        assert ["temperature" in asked for asked in server.requests] == [True, False, True]


async def test_a_refusal_that_names_no_option_is_one() -> None:
    assert await failure_of() == ("unreachable", True)
    async with ChatServer([refused(400, error_body(SECRET_WORDS, "bad_request"))]) as server, a_model(server) as model:
        with pytest.raises(ProviderError, match="refused"):
            await anext(model.reply(LIMITED))
        assert len(server.requests) == 1


async def test_tool_calls_without_an_index_are_told_apart() -> None:
    calls = [whole_call("a", "book", '{"people":4}'), whole_call("b", "weather", "{}")]

    assert await reply_to(delta(tool_calls=calls), delta(tool_calls=[whole_call("", "bill", "")]), finish(), DONE) == [
        FunctionCall("a", "book", '{"people":4}'),
        FunctionCall("b", "weather", "{}"),
        FunctionCall("call_1_2", "bill", "{}"),
    ]


async def test_a_call_in_pieces_without_an_index_is_put_together() -> None:
    pieces = [whole_call("a", "book", '{"peo'), {"function": {"arguments": 'ple":4}'}}]

    assert await reply_to(*(delta(tool_calls=[piece]) for piece in pieces), finish("tool_calls"), DONE) == [
        FunctionCall("a", "book", '{"people":4}')
    ]


async def test_a_call_that_repeats_its_id_and_name_in_every_piece_is_one() -> None:
    pieces = [whole_call("a", "book", text, index=0) for text in ('{"peo', 'ple":4}')]

    assert await reply_to(*(delta(tool_calls=[piece]) for piece in pieces), finish("tool_calls"), DONE) == [
        FunctionCall("a", "book", '{"people":4}')
    ]


async def test_arguments_that_come_as_an_object_are_its_json() -> None:
    call = whole_call("a", "book", "") | {"function": {"name": "book", "arguments": {"people": 4}}}

    assert await reply_to(delta(tool_calls=[call]), finish("tool_calls"), DONE) == [
        FunctionCall("a", "book", '{"people": 4}')
    ]


@pytest.mark.parametrize("call", [whole_call("a", 7, "{}"), whole_call(7, "book", "{}"), whole_call("a", "book", 7)])
async def test_a_call_that_is_no_text_is_malformed(call: dict[str, Any]) -> None:
    assert await failure_of(delta(tool_calls=[call]), finish("tool_calls"), DONE) == ("malformed", False)


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        (["Fine \ud83d", "\ude00."], "Fine \U0001f600."),
        (["Fine \ud83d", ", thanks."], "Fine \ufffd, thanks."),
        (["Fine\udfff."], "Fine\ufffd."),
        (["Fine.\ud83d"], "Fine."),
    ],
)
async def test_a_letter_that_is_cut_in_two_is_made_whole_and_half_a_letter_can_be_sent_on(
    pieces: list[str], said: str
) -> None:
    deltas = await reply_to(*(delta(content=piece) for piece in pieces), finish(), DONE)

    assert "".join(each.text for each in deltas if isinstance(each, TextDelta)) == said


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([delta(reasoning_content="Hm. "), delta(content="", reasoning="So. ")], id="beside the content"),
        pytest.param([delta(content="<th"), delta(content="ink>Hm. </thi"), delta(content="nk>\n\n")], id="in tags"),
        pytest.param([delta(content="\n<think></think>")], id="in empty tags"),
        pytest.param(
            [delta(content="<thin"), delta(content="king>Hm. </thinking>"), delta(content=" ")], id="at length"
        ),
        pytest.param(
            [delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}])], id="in a list"
        ),
    ],
)
async def test_thoughts_are_not_spoken(steps: list[Send]) -> None:
    assert await reply_to(*steps, delta(content="Yes, "), delta(content="please."), finish(), DONE) == [
        TextDelta("Yes, "),
        TextDelta("please."),
    ]


@pytest.mark.parametrize("tag", ["think", "thinking"])
async def test_thoughts_between_words_are_not_spoken_either(tag: str) -> None:
    pieces = ["One moment. <", f"{tag}>The caller wants a tab", f"le.</{tag}", ">\n\nYes.", f" <{tag}>And now"]

    assert await reply_to(*(delta(content=piece) for piece in pieces), finish(), DONE) == [
        TextDelta("One moment. "),
        TextDelta("Yes."),
        TextDelta(" "),
    ]


@pytest.mark.parametrize("text", ["<b>", "<thin", "< 5", "<", "1 < 2", "</think>"])
async def test_what_only_looks_like_the_beginning_of_thoughts_is_spoken(text: str) -> None:
    said = await reply_to(*(delta(content=letter) for letter in text), finish(), DONE)

    assert "".join(piece.text for piece in said if isinstance(piece, TextDelta)) == text


async def test_text_in_a_list_is_spoken() -> None:
    assert await reply_to(delta(content=[{"type": "text", "text": "Yes."}]), finish(), DONE) == [TextDelta("Yes.")]


async def test_comments_in_the_stream_are_not_its_words() -> None:
    waiting = SendText(": OPENROUTER PROCESSING\n\n")

    assert await reply_to(waiting, delta(content="Yes."), waiting, finish(), usage(3, 1, 0), DONE) == [
        TextDelta("Yes."),
        Usage(3, 1, 0),
    ]


def broken_off(code: Any) -> Send:
    """As OpenRouter tells that a vendor behind it failed."""
    choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
    return Send({"id": "c", "error": {"code": code, "message": SECRET_WORDS}, "choices": [choice]})


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (broken_off(502), ("internal", True)),
        (broken_off(429), ("limited", True)),
        (broken_off("server_error"), ("internal", True)),
        (finish("error"), ("internal", True)),
        (Send({"error": {"message": SECRET_WORDS}}), ("internal", True)),
        (SendText(f'event: error\ndata: {{"error": {{"message": "{SECRET_WORDS}"}}}}\n\n'), ("internal", True)),
        (Send({"object": "error", "message": SECRET_WORDS, "code": 400}), ("internal", True)),
    ],
)
async def test_an_error_in_mid_stream_is_one(last: Send, expected: tuple[str, bool]) -> None:
    assert await failure_of(delta(content="We "), last, DONE) == expected


async def test_the_mark_at_the_end_serves_for_a_reason_to_finish() -> None:
    calls = [whole_call("a", "book", '{"people":4}')]

    assert await reply_to(delta(content="Yes."), DONE) == [TextDelta("Yes.")]
    assert await reply_to(delta(tool_calls=calls), DONE) == [FunctionCall("a", "book", '{"people":4}')]


async def test_the_mark_alone_is_no_reply() -> None:
    assert await failure_of(delta(role="assistant", content=""), DONE) == ("unreachable", True)


async def test_usage_that_comes_with_every_chunk_is_told_once_and_last() -> None:
    def counted(text: str, tokens: int) -> Send:
        counts = {"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": 9 + tokens}
        return Send({"id": "c", "choices": [{"index": 0, "delta": {"content": text}}], "usage": counts})

    assert (await reply_to(counted("A", 1), counted("B", 2), finish(), DONE))[-1] == Usage(9, 2, 0)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, Usage(0, 0)),
        ({"total_tokens": 12}, Usage(0, 0)),
        ({"prompt_tokens": None, "completion_tokens": None}, Usage(0, 0)),
        ({"prompt_tokens": "9", "completion_tokens": 3.0, "prompt_tokens_details": []}, Usage(0, 3)),
        ("none", Usage(0, 0)),
    ],
)
async def test_usage_that_is_not_as_documented_costs_no_words(counts: Any, expected: Usage) -> None:
    counted = Send({"id": "c", "choices": [], "usage": counts})

    assert await reply_to(delta(content="Yes."), finish(), counted, DONE) == [TextDelta("Yes."), expected]


async def test_gemini_is_given_back_the_signature_of_its_thought() -> None:
    signed = whole_call("a", "book", "{}", extra_content={"google": {"thought_signature": "EjQKMg=="}})
    answers = [Answer([delta(tool_calls=[signed]), finish(), DONE]), words("Booked.")]
    async with ChatServer(answers) as server, a_model(server, GEMINI) as model:
        calls = [call async for call in model.reply(HELLO) if isinstance(call, FunctionCall)]
        others = FunctionCall("of_another_vendor", "weather", "{}")
        turns = (*HELLO.turns, *calls, FunctionOutput("a", "ok"), others, FunctionOutput("of_another_vendor", "rain"))
        assert [delta async for delta in model.reply(Prompt("", turns))]

        asked = [call for message in server.requests[1]["messages"] for call in message.get("tool_calls", ())]
    assert [call["extra_content"] for call in asked] == [
        {"google": {"thought_signature": "EjQKMg=="}},
        {"google": {"thought_signature": "skip_thought_signature_validator"}},
    ]


async def test_nobody_else_is_told_of_signatures() -> None:
    turns = (*HELLO.turns, FunctionCall("a", "book", "{}"), FunctionOutput("a", "ok"))
    async with ChatServer([words("Booked.")]) as server, a_model(server) as model:
        assert [delta async for delta in model.reply(Prompt("", turns))]

        assert "extra_content" not in json.dumps(server.requests)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Refuse(), "unreachable"),
        (HalfOpen(), "stalled"),
        (StallAfter(250), "stalled"),
        (CloseAfter(0), "unreachable"),
        (CloseAfter(250), "unreachable"),
        (Drip(0.05), "stalled"),
    ],
)
@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
async def test_a_way_there_that_breaks_is_no_models_fault(fault: Any, reason: str, warm: bool) -> None:
    timeouts = Timeouts(first_s=0.3, next_s=0.3)
    async with (
        ChatServer() as server,
        FaultProxy(server.port) as proxy,
        OpenAIServer(Access(server.url_at(proxy.port)), timeouts=timeouts) as openai,
    ):
        if warm:
            await openai.warm()
        proxy.arm(fault)
        with pytest.raises(ProviderError) as raised:
            assert [delta async for delta in openai.model("m").reply(HELLO)]

    assert (raised.value.reason, raised.value.retryable) == (reason, True)


async def test_a_warm_server_needs_no_new_connection_and_was_given_no_key() -> None:
    async with ChatServer([words("Yes.")]) as server, a_model(server) as model:
        await model.warm()
        warmed = (server.connections, ["authorization" in each for each in server.touches], list(server.requests))
        assert [delta async for delta in model.reply(HELLO)]

        assert (warmed, server.connections) == ((1, [False], []), 1)


@pytest.mark.parametrize("fault", [Refuse(), HalfOpen(), CloseAfter(0), CloseAfter(5), StallAfter(5)])
async def test_warming_that_fails_says_nothing_and_ends(fault: Any) -> None:
    async with (
        ChatServer() as server,
        FaultProxy(server.port) as proxy,
        OpenAIServer(Access(server.url_at(proxy.port)), timeouts=Timeouts(connect_s=0.2)) as openai,
    ):
        proxy.arm(fault)

        await openai.model("m").warm()


@pytest.mark.parametrize("url", ["http://", "nonsense", "http://127.0.0.1:99999/v1", "ftp://127.0.0.1/"])
async def test_warming_for_a_malformed_address_says_nothing(url: str) -> None:
    async with OpenAIServer(Access(url)) as openai:
        await openai.model("m").warm()


async def test_the_simulated_model_takes_its_time_and_can_be_made_to_fail() -> None:
    async with ChatServer() as server, a_model(server) as model:
        assert len([delta async for delta in model.reply(HELLO)]) == 19
        for status, expected in ((401, "refused"), (429, "limited"), (500, "internal")):
            server.status = status
            with pytest.raises(ProviderError, match=expected):
                await anext(model.reply(HELLO))
        server.status, server.wrong_json = None, True
        with pytest.raises(ProviderError, match="malformed"):
            await anext(model.reply(HELLO))
