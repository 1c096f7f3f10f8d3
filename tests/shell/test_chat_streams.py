"""What language models stream, with anything in any place of it: what is passed on can be sent on, or is refused."""

import copy
from collections.abc import Iterator
from math import inf, nan
from typing import Any

import msgspec
import pytest

from pipeline.providers import Delta, FunctionCall, TextDelta, Usage
from pipeline.providers.anthropic_chat import Gathered as AnthropicGathered
from pipeline.providers.chat_protocol import Gathered

ANYTHING: list[Any] = [None, "x", "", "\ud83d", "\udfff\ud83d", 5, -5, 1.5, 1e308, inf, nan, 2**70, True, [], ["x"], {}]
CALL = {
    "index": 0,
    "id": "call_a",
    "function": {"name": "book", "arguments": "{}"},
    "extra_content": {"google": {"thought_signature": "s"}},
}
COUNTS = {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
CHUNKS = [
    {"choices": [{"index": 0, "delta": {"content": "Yes."}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [CALL]}, "finish_reason": "tool_calls"}], "usage": COUNTS},
]
EVENTS = [
    {"type": "message_start", "message": {"usage": {"input_tokens": 3, "cache_read_input_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Yes"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "."}},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "a", "name": "book"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 2}},
]


class _Text(msgspec.Struct):
    text: str


class _Call(msgspec.Struct):
    call_id: str
    name: str
    arguments: str


class _Counts(msgspec.Struct):
    input_tokens: int
    output_tokens: int
    cached_tokens: int


FORMS: dict[type, type] = {TextDelta: _Text, FunctionCall: _Call, Usage: _Counts}


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """Where there is something, at any depth."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield (key,)
        yield from ((key, *rest) for rest in places(part))


def with_anything_anywhere(stream: list[Any]) -> Iterator[list[Any]]:
    for *way, last in places(stream):
        for thing in ANYTHING:
            other = copy.deepcopy(stream)
            place: Any = other
            for key in way:
                place = place[key]
            place[last] = thing
            yield other


def can_be_sent_on(delta: Delta) -> bool:
    form = FORMS.get(type(delta))
    try:
        return form is None or bool(msgspec.json.decode(msgspec.json.encode(delta), type=form))
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return False


@pytest.mark.parametrize(
    ("gathered", "stream"), [(lambda: Gathered(1), CHUNKS), (AnthropicGathered, EVENTS)], ids=["chat", "messages"]
)
def test_what_is_passed_on_can_be_sent_on(gathered: Any, stream: list[Any]) -> None:
    unfit = []
    for other in with_anything_anywhere(stream):
        reply = gathered()
        try:
            deltas = [delta for event in other for delta in reply.take(event)]
        except (AttributeError, TypeError, KeyError, ValueError):
            continue
        unfit += [delta for delta in (*deltas, *reply.rest()) if not can_be_sent_on(delta)]

    assert unfit == []
