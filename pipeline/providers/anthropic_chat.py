"""Anthropic's language models over their own Messages API. Rule: the SDK's types, errors and texts end here.

Their endpoint for OpenAI's SDK is, in its documentation's words, for testing: it caches no prompts, joins all system
messages into one at the start, and holds tools to no schema. Nothing is retried here, as in `openai_chat`.
"""

import json
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from pipeline.providers import (
    AT_WORK,
    Access,
    CutShort,
    Delta,
    FunctionCall,
    FunctionOutput,
    Message,
    Prompt,
    TextDelta,
    Usage,
)
from pipeline.providers.plain_values import TextInPieces, as_count, as_object, as_text
from pipeline.providers.sdk import Timeouts
from pipeline.providers.sdk_server import ANTHROPIC, Request, SdkServer
from pipeline.providers.thoughts import Aloud

# The API wants a limit; a spoken reply is over long before this one.
LONGEST_TOKENS: Final = 1_024
TIMEOUTS: Final = Timeouts()
# The API of 2026-10-21 knows no temperature. The one before does, for models before Claude 4.7.
WITH_SAMPLING: Final = "2023-06-01"
OPTIONS: Final = ("temperature", "thinking")
NOT_ANSWERED: Final = '{"status":"pending"}'
# The caller speaks first and last, says the API; on the telephone the agent often does.
BEGINS: Final = "[the call begins]"
SILENT: Final = "[silence]"
KEPT: Final = {"type": "ephemeral"}
CUT_SHORT: Final = {
    "max_tokens": CutShort("max_output_tokens"),
    "model_context_window_exceeded": CutShort("max_output_tokens"),
    "refusal": CutShort("content_filter"),
}


class AnthropicServer(SdkServer):
    """Anthropic's API."""

    def __init__(self, access: Access, *, timeouts: Timeouts = TIMEOUTS) -> None:
        super().__init__(ANTHROPIC, access, timeouts)

    def model(self, name: str) -> "AnthropicChat":
        """The model of this name, whether there is one or not."""
        return AnthropicChat(self, name)


class AnthropicChat:
    """One model as a LanguageModel."""

    def __init__(self, server: AnthropicServer, model: str) -> None:
        self._server = server
        self._model = model

    async def warm(self) -> None:
        """Have a connection open before a reply needs it; never raises."""
        await self._server.warm()

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Stream one reply; closing the iterator closes the stream. Raises ProviderError."""
        asked = await self._server.asked(self._model)
        gathered = Gathered()
        deltas = self._server.deltas(asked, lambda: self._request(prompt), gathered.take)
        async with aclosing(deltas):
            async for delta in deltas:
                yield delta
        if not gathered.stopped:
            raise asked.failed("unreachable", "reply_cut_off", retryable=True)
        for delta in gathered.rest():
            yield delta

    def _request(self, prompt: Prompt) -> Request:
        body = request_of(prompt, self._model, self._server.refused(self._model))
        headers = {"anthropic-version": WITH_SAMPLING} if "temperature" in body else {}
        return Request("/v1/messages", body, OPTIONS, headers)


def request_of(prompt: Prompt, model: str, refused: frozenset[str]) -> dict[str, Any]:
    """The request for one reply, without the options that the model refuses.

    What stays the same from turn to turn is cached: tools and instructions, and the conversation so far. Thinking is
    for who has time.
    """
    messages = messages_of(prompt)
    messages[-1]["content"][-1]["cache_control"] = KEPT
    request: dict[str, Any] = {
        "model": model,
        "max_tokens": prompt.max_output_tokens or LONGEST_TOKENS,
        "messages": messages,
        "stream": True,
        "thinking": {"type": "disabled"},
    }
    if prompt.instructions:
        request["system"] = [{"type": "text", "text": prompt.instructions, "cache_control": KEPT}]
    if prompt.tools:
        request["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": json.loads(tool.parameters)}
            for tool in prompt.tools
        ]
        request["tool_choice"] = _choice(prompt.tool_choice)
    if prompt.temperature is not None:
        # Up to 1, and only as the version of the API before this one has it.
        request["temperature"] = min(prompt.temperature, 1.0)
    return {key: value for key, value in request.items() if key not in refused}


def messages_of(prompt: Prompt) -> list[dict[str, Any]]:
    """The conversation as messages of alternating roles, in content blocks, from the caller's to the caller's.

    Each tool call is followed by its output, or by word that there is none yet.
    """
    outputs = {turn.call_id: turn.output for turn in prompt.turns if isinstance(turn, FunctionOutput)}
    said = _Alternating()
    for turn in prompt.turns:
        match turn:
            case Message(role="assistant", text=text):
                said.add("assistant", _text(text))
            case Message(role="system", text=text):
                said.add("user", _text(f"[system: {text}]"))
            case Message(text=text):
                said.add("user", _text(text))
            case FunctionCall(call_id=call_id):
                tool_id = re.sub(r"[^a-zA-Z0-9_-]", "_", call_id)
                said.add("assistant", {"type": "tool_use", "id": tool_id, "name": turn.name, "input": _input(turn)})
                output = outputs.get(call_id, NOT_ANSWERED)
                said.add("user", {"type": "tool_result", "tool_use_id": tool_id, "content": output})
            case FunctionOutput():
                pass
    if not said.messages or said.messages[-1]["role"] == "assistant":
        said.add("user", _text(SILENT if said.messages else BEGINS))
    return said.messages


@dataclass(slots=True)
class _Alternating:
    """Messages in which the roles take turns, the caller's first."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    def add(self, role: str, block: dict[str, Any]) -> None:
        if block.get("type") == "text" and not block["text"].strip():
            return  # The API takes no empty text.
        if not self.messages and role == "assistant":
            self.add("user", _text(BEGINS))
        if not self.messages or self.messages[-1]["role"] != role:
            self.messages.append({"role": role, "content": []})
        self.messages[-1]["content"].append(block)


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _input(call: FunctionCall) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _choice(choice: str) -> dict[str, Any]:
    match choice:
        case "auto" | "none":
            return {"type": choice}
        case "required":
            return {"type": "any"}
        case _:
            return {"type": "tool", "name": choice}


@dataclass(slots=True)
class Gathered:
    """What a stream has brought that cannot be passed on before its end."""

    calls: dict[int, list[str]] = field(default_factory=dict)
    stopped: str = ""
    read_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    _letters: TextInPieces = field(default_factory=TextInPieces)
    _aloud: Aloud = field(default_factory=Aloud)

    def take(self, event: Any) -> list[Delta]:
        """The text in an event; tool calls, of which word is given, the end and the usage are kept.

        Raises what wrong types raise.
        """
        match event["type"]:
            case "message_start":
                self._count(as_object(event["message"].get("usage")))
            case "content_block_start":
                return self._begun(event["index"], event["content_block"])
            case "content_block_delta":
                return self._went_on(event["index"], event["delta"])
            case "message_delta":
                self.stopped = as_text(event["delta"].get("stop_reason") or self.stopped)
                self.written_tokens = as_count(as_object(event.get("usage")).get("output_tokens"))
            case _:
                pass
        return []

    def _begun(self, index: int, block: dict[str, Any]) -> list[Delta]:
        match block["type"]:
            case "tool_use":
                # Servers that only speak the protocol may give the input here, all at once.
                given = json.dumps(block["input"]) if block.get("input") else ""
                self.calls[index] = [as_text(block["id"]), as_text(block["name"]), given]
            case "text":
                return self._said(block["text"])
            case _:
                pass
        return []

    def _went_on(self, index: int, delta: dict[str, Any]) -> list[Delta]:
        match delta["type"]:
            case "text_delta":
                return self._said(delta["text"])
            case "input_json_delta":
                self.calls[index][2] += delta["partial_json"]
                return [AT_WORK]
            case _:
                return []

    def _said(self, piece: Any) -> list[Delta]:
        text = self._aloud.next(self._letters.next(piece))
        return [TextDelta(text)] if text else []

    def _count(self, usage: dict[str, Any]) -> None:
        """What the prompt took; the API counts apart what it read from its cache and what it wrote there."""
        self.cached_tokens = as_count(usage.get("cache_read_input_tokens"))
        written = as_count(usage.get("cache_creation_input_tokens"))
        self.read_tokens = as_count(usage.get("input_tokens")) + self.cached_tokens + written

    def rest(self) -> list[Delta]:
        """What follows the text: whole tool calls or word that the reply was cut short, and the usage."""
        text = self._aloud.rest()
        said: list[Delta] = [TextDelta(text)] if text else []
        usage = Usage(self.read_tokens, self.written_tokens, self.cached_tokens)
        if self.stopped in CUT_SHORT:
            return [*said, CUT_SHORT[self.stopped], usage]
        calls = [FunctionCall(call, name, as_text(given) or "{}") for call, name, given in self.calls.values()]
        return [*said, *calls, usage]
