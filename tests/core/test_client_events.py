"""What clients send, and how it is read."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.realtime.client import (
    AppendAudio,
    CancelResponse,
    ClearAudio,
    ClearPlayout,
    CommitAudio,
    CreateItem,
    CreateResponse,
    DeleteItem,
    Refusal,
    RetrieveItem,
    TruncateItem,
    UpdateSession,
    decode,
)
from pipeline.realtime.config import Format, FunctionTool
from pipeline.realtime.events import ErrorDetail
from pipeline.realtime.items import (
    FunctionCallItem,
    FunctionOutputItem,
    InputAudio,
    InputImage,
    InputText,
    MessageItem,
    OutputAudio,
    OutputText,
)
from pipeline.realtime.wish import AudioWish, ItemReference, ResponseWish, VoiceWish
from tests.drive.client import says


def refused(kind: str, **fields: Any) -> ErrorDetail:
    refusal = says(kind, **fields)
    assert isinstance(refusal, Refusal)
    return refusal.error


def wished(**response: Any) -> ResponseWish:
    event = says("response.create", response=response)
    assert isinstance(event, CreateResponse)
    return event.wish


def created(**item: Any) -> Any:
    event = says("conversation.item.create", item=item)
    assert isinstance(event, CreateItem)
    return event.item


@pytest.mark.parametrize(
    ("event", "kind", "fields"),
    [
        (AppendAudio("AAAA", "e1"), "input_audio_buffer.append", {"audio": "AAAA"}),
        (CommitAudio("e1"), "input_audio_buffer.commit", {}),
        (ClearAudio("e1"), "input_audio_buffer.clear", {}),
        (ClearPlayout("e1"), "output_audio_buffer.clear", {}),
        (RetrieveItem("item_1", "e1"), "conversation.item.retrieve", {"item_id": "item_1"}),
        (
            TruncateItem("item_1", 1_500, 0, "e1"),
            "conversation.item.truncate",
            {"item_id": "item_1", "content_index": 0, "audio_end_ms": 1_500},
        ),
        (DeleteItem("item_1", "e1"), "conversation.item.delete", {"item_id": "item_1"}),
        (CancelResponse("resp_1", "e1"), "response.cancel", {"response_id": "resp_1"}),
        (UpdateSession({"voice": None}, "e1"), "session.update", {"session": {"voice": None}}),
        (CreateResponse(ResponseWish(), "e1"), "response.create", {}),
        (CreateResponse(ResponseWish(), "e1"), "response.create", {"response": None}),
        (
            CreateItem(MessageItem(id="mine", role="user", content=(InputText("hello"),)), "root", "e1"),
            "conversation.item.create",
            {
                "previous_item_id": "root",
                "item": {
                    "id": "mine",
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "hello"}],
                },
            },
        ),
    ],
)
def test_each_of_the_eleven_events_is_read(event: object, kind: str, fields: dict[str, Any]) -> None:
    assert says(kind, event_id="e1", **fields) == event


@pytest.mark.parametrize(
    ("part", "role", "read"),
    [
        ({"type": "text", "text": "a"}, "user", InputText("a")),
        ({"type": "text", "text": "a"}, "system", InputText("a")),
        ({"type": "text", "text": "a"}, "assistant", OutputText("a")),
        ({"type": "audio", "transcript": "a"}, "assistant", OutputAudio("a")),
        ({"type": "output_audio", "transcript": "a", "audio": None}, "assistant", OutputAudio("a")),
        ({"type": "input_audio", "audio": "AAAA", "transcript": "a"}, "user", InputAudio("a")),
        ({"type": "input_audio", "audio": "AAAA"}, "user", InputAudio()),
        ({"type": "input_image", "image_url": "data:x"}, "user", InputImage("data:x")),
    ],
)
def test_a_part_is_spelled_as_it_is_now(part: dict[str, Any], role: str, read: object) -> None:
    assert created(type="message", role=role, content=[part]) == MessageItem(id="", role=role, content=(read,))  # type: ignore[arg-type]


def test_function_calls_and_their_outputs_may_come_from_a_history() -> None:
    call = created(type="function_call", name="lookup", arguments="{}", object="realtime.item", status="in_progress")
    output = created(type="function_call_output", call_id="call_1", output="yes", id=None)

    assert (call, output) == (
        FunctionCallItem(id="", call_id="", name="lookup", arguments="{}"),
        FunctionOutputItem(id="", call_id="call_1", output="yes"),
    )


def test_a_response_may_be_wished_in_full() -> None:
    wish = wished(
        conversation="none",
        input=[
            {"type": "item_reference", "id": "item_1"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]},
        ],
        instructions="Be brief.",
        output_modalities=["text"],
        tools=[{"type": "function", "name": "lookup", "strict": True}, {"type": "mcp", "server_label": "x"}],
        tool_choice="required",
        max_output_tokens=20,
        metadata={"topic": "x"},
        audio={"output": {"voice": {"id": "slt"}, "format": "g711_ulaw"}},
        reasoning={"effort": "low"},
        shoe_size=43,
    )

    assert wish == ResponseWish(
        conversation="none",
        input=(ItemReference("item_1"), MessageItem(id="", role="user", content=(InputText("hello"),))),
        instructions="Be brief.",
        output_modalities=("text",),
        tools=(FunctionTool(name="lookup"),),
        tool_choice="required",
        max_output_tokens=20,
        metadata={"topic": "x"},
        audio=AudioWish(VoiceWish(Format(type="audio/pcmu"), "slt")),
    )


def test_an_empty_input_is_not_the_same_as_none() -> None:
    assert (wished(input=[]).input, wished(input=None).input, wished().input) == ((), None, None)


def test_older_words_of_a_response_are_known_and_null_says_nothing() -> None:
    wish = wished(modalities=["text"], voice="rms", instructions=None, metadata=None, tools=None, audio=None)

    assert wish == ResponseWish(output_modalities=("text",), audio=AudioWish(VoiceWish(voice="rms")))


@pytest.mark.parametrize(
    ("kind", "fields", "code", "param"),
    [
        ("response.crate", {}, "invalid_value", "type"),
        ("input_audio_buffer.append", {}, "missing_required_parameter", "audio"),
        ("input_audio_buffer.append", {"audio": 7}, "invalid_value", "audio"),
        ("conversation.item.create", {}, "missing_required_parameter", "item"),
        ("conversation.item.create", {"item": {}}, "missing_required_parameter", "item.type"),
        ("conversation.item.create", {"item": {"type": "shoe"}}, "invalid_value", "item.type"),
        ("conversation.item.create", {"item": {"type": "message"}}, "missing_required_parameter", "item.role"),
        (
            "conversation.item.create",
            {"item": {"type": "message", "role": "user", "content": [{"type": "output_text", "text": "a"}]}},
            "invalid_value",
            "item.content[0].type",
        ),
        (
            "conversation.item.create",
            {"item": {"type": "message", "role": "user", "content": [{"type": "input_text"}]}},
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (
            "conversation.item.create",
            {"item": {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "audio": "AA=="}]}},
            "invalid_value",
            "item.content[0].audio",
        ),
        (
            "conversation.item.create",
            {"item": {"type": "message", "role": "user", "content": [], "id": "x" * 513}},
            "string_above_max_length",
            "item.id",
        ),
        ("conversation.item.retrieve", {}, "missing_required_parameter", "item_id"),
        (
            "conversation.item.truncate",
            {"item_id": "a", "content_index": 0},
            "missing_required_parameter",
            "audio_end_ms",
        ),
        (
            "conversation.item.truncate",
            {"item_id": "a", "content_index": 0, "audio_end_ms": -1},
            "invalid_value",
            "audio_end_ms",
        ),
        ("session.update", {}, "missing_required_parameter", "session"),
        ("session.update", {"session": []}, "invalid_value", "session"),
        ("response.create", {"response": {"tool_choice": "perhaps"}}, "invalid_value", "response.tool_choice"),
        ("response.create", {"response": {"max_output_tokens": 0}}, "invalid_value", "response.max_output_tokens"),
        ("response.create", {"response": {"metadata": {"a": 1}}}, "invalid_value", "response.metadata[...]"),
        (
            "response.create",
            {"response": {"metadata": {str(n): "" for n in range(17)}}},
            "invalid_value",
            "response.metadata",
        ),
        ("response.create", {"response": {"metadata": {"a": "x" * 513}}}, "invalid_value", "response.metadata"),
        ("response.create", {"response": {"input": [{"type": "shoe"}]}}, "invalid_value", "response.input[0].type"),
        (
            "conversation.item.create",
            {"item": {"type": "function_call_output", "call_id": "c", "output": "x" * 1_000_000}},
            "string_above_max_length",
            "item",
        ),
        ("response.create", {"response": {"input": ["hello"]}}, "invalid_value", "response.input[0]"),
        ("response.create", {"response": {"conversation": "mine"}}, "invalid_value", "response.conversation"),
    ],
)
def test_a_mistake_is_refused_by_name(kind: str, fields: dict[str, Any], code: str, param: str) -> None:
    error = refused(kind, event_id="e1", **fields)

    assert (error.type, error.code, error.param, error.event_id) == ("invalid_request_error", code, param, "e1")


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "hello",
        "[]",
        "7",
        "null",
        "{",
        '{"type":{}}',
        '{"type":[]}',
        '{"a":1}',
        b"\xff\xfe",
        '"\ud800"',
        "[" * 100_000,
    ],
)
def test_what_is_no_event_is_refused(frame: str | bytes) -> None:
    assert isinstance(decode(frame), Refusal)


@pytest.mark.parametrize("where", ["session.update", "conversation.item.create", "response.create"])
def test_what_is_nested_without_end_is_refused_before_anybody_has_to_write_it_again(where: str) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = {"type": "message", "role": "user", "tools": [deep], "content": []}
    named = {"session.update": "session", "conversation.item.create": "item", "response.create": "response"}[where]

    event = says(where, **{named: deep})

    assert isinstance(event, Refusal | UpdateSession)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
# fmt: off
words = st.sampled_from([
    "type", "event_id", "item", "item_id", "session", "response", "audio", "content", "role", "id", "call_id", "tools",
    "input", "metadata", "message", "user", "response.create", "session.update", "conversation.item.create",
    "conversation.item.truncate", "function_call", "text",
])
# fmt: on
objects = st.recursive(
    json | words, lambda inner: st.dictionaries(words, inner, max_size=6) | st.lists(inner, max_size=3)
)


@given(frame=st.binary(max_size=60) | st.text(max_size=60) | objects.map(msgspec.json.encode))
def test_nothing_that_is_sent_raises(frame: bytes | str) -> None:
    event = decode(frame)

    if isinstance(event, Refusal):
        assert msgspec.json.encode(event.error)
