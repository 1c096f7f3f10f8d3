"""A simulated Anthropic that speaks the streaming Messages API, for tests and benches only.

Rule: the framing is Anthropic's, the answers mean nothing.
"""

import json
from itertools import pairwise
from typing import Any

from telephony.bench.vendor_servers.events_server import Answer, EventsServer, Send, SendText, Step

WITHOUT_SAMPLING = "2026-10-21"
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class MessagesServer(EventsServer):
    """Anthropic's Messages API on loopback."""

    def opening(self) -> list[Step]:
        """A message of one block of text."""
        return [start(), text_block(), ping()]

    def word(self, text: str) -> Step:
        """An event with this word."""
        return text_delta(text)

    def closing(self) -> list[Step]:
        """The end and the usage."""
        return [block_stop(), end(), stop()]

    def refusal(self, request: dict[str, Any], headers: dict[str, str]) -> str:
        """What the API says of requests that are not as it wants them, as far as a conversation can be wrong."""
        messages = request["messages"]
        if "temperature" in request and headers["anthropic-version"] >= WITHOUT_SAMPLING:
            return "temperature: Extra inputs are not permitted"
        if not messages or messages[0]["role"] != "user":
            return "messages: first message must use the user role"
        if messages[-1]["role"] != "user":
            return (
                "This model does not support assistant message prefill. The conversation must end with a user message."
            )
        for message, following in pairwise(messages):
            called = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
            answered = [block["tool_use_id"] for block in following["content"] if block["type"] == "tool_result"]
            if called != answered:
                return "messages: `tool_use` ids were found without `tool_result` blocks immediately after"
        texts = [block["text"] for message in messages for block in message["content"] if block["type"] == "text"]
        return "" if all(text.strip() for text in texts) else "messages: text content blocks must be non-empty"

    def error_body(self, status: int, message: str = "Simulated.") -> dict[str, Any]:
        """An error in Anthropic's form."""
        return error_body(message, TYPES.get(status, "api_error"))


def error_body(message: str, kind: str) -> dict[str, Any]:
    """An error in Anthropic's form."""
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def failure(status: int, message: str) -> Answer:
    """An answer that is an error."""
    return Answer([SendText(json.dumps(error_body(message, TYPES.get(status, "api_error"))))], status)


def event(kind: str, **fields: Any) -> Send:
    """One event: its type is its name too."""
    return Send({"type": kind} | fields, kind)


def start(input_tokens: int = 12, cached: int = 0, written: int = 0) -> Send:
    """A reply begins."""
    usage = {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": 1,
    }
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m"}
    return event("message_start", message=message | {"stop_reason": None, "stop_sequence": None, "usage": usage})


def text_block(index: int = 0) -> Send:
    """A block of text begins."""
    return event("content_block_start", index=index, content_block={"type": "text", "text": ""})


def text_delta(text: str, index: int = 0) -> Send:
    """The next piece of a text."""
    return event("content_block_delta", index=index, delta={"type": "text_delta", "text": text})


def tool_block(index: int, call_id: str, name: str) -> Send:
    """A tool call begins."""
    block = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
    return event("content_block_start", index=index, content_block=block)


def json_delta(index: int, text: str) -> Send:
    """The next piece of a tool call's arguments."""
    return event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": text})


def block_stop(index: int = 0) -> Send:
    """A block is complete."""
    return event("content_block_stop", index=index)


def end(reason: str = "end_turn", output_tokens: int = 5) -> Send:
    """The reply is complete."""
    delta = {"stop_reason": reason, "stop_sequence": None}
    return event("message_delta", delta=delta, usage={"output_tokens": output_tokens})


def ping() -> Send:
    """A sign of life."""
    return event("ping")


def stop() -> Send:
    """Nothing follows."""
    return event("message_stop")


def words(*texts: str) -> Answer:
    """A plain reply in pieces."""
    return Answer([start(), text_block(), *map(text_delta, texts), block_stop(), end(), stop()])
