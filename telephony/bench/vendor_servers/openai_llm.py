"""A simulated vendor of language models that speaks OpenAI's chat completions, for tests and benches only.

Rule: the framing is OpenAI's, the answers mean nothing. Other vendors' habits are answers that a test composes.
"""

import json
from typing import Any

from telephony.bench.vendor_servers.events_server import Answer, EventsServer, Send, SendText, Step

CODES = {400: "invalid_value", 401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


class ChatServer(EventsServer):
    """OpenAI's chat completions on loopback."""

    path = "/v1"

    def opening(self) -> list[Step]:
        """Who speaks."""
        return [delta(role="assistant", content="")]

    def word(self, text: str) -> Step:
        """A chunk with this word."""
        return delta(content=text)

    def closing(self) -> list[Step]:
        """The end and the usage."""
        return [finish(), usage(20, 18, 0), DONE]

    def error_body(self, status: int, message: str = "Simulated.") -> dict[str, Any]:
        """An error in OpenAI's form."""
        return error_body(message, CODES.get(status, "server_error"))


def error_body(message: str, code: str, param: str | None = None) -> dict[str, Any]:
    """An error in OpenAI's form, about this part of a request."""
    return {"error": {"message": message, "type": "error", "param": param, "code": code}}


def delta(**fields: Any) -> Send:
    """A chunk with one piece of a reply."""
    return Send({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": fields}]})


def call_piece(index: int, arguments: str, call_id: str | None = None, name: str | None = None) -> Send:
    """A chunk with one piece of a tool call."""
    function = {"arguments": arguments} | ({"name": name} if name else {})
    piece = {"index": index, "function": function} | ({"id": call_id, "type": "function"} if call_id else {})
    return delta(tool_calls=[piece])


def finish(reason: str = "stop") -> Send:
    """The chunk that ends a reply."""
    return Send({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


def usage(prompt: int, completion: int, cached: int) -> Send:
    """The chunk with the usage, which has no choice."""
    details = {"prompt_tokens_details": {"cached_tokens": cached}}
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return Send({"id": "c", "choices": [], "usage": counts | details})


DONE = Send("[DONE]")


def failure(status: int, code: str, message: str) -> Answer:
    """An error in OpenAI's form."""
    return Answer([SendText(json.dumps(error_body(message, code)))], status)


def words(*texts: str) -> Answer:
    """A plain reply in pieces."""
    return Answer([*(delta(content=text) for text in texts), finish(), DONE])
