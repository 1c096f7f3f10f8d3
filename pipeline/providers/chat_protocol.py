"""Chat completions as OpenAI wrote them down, and as others speak them. Rule: requests and chunks, no connection.

What a stream brings is trusted in nothing: SDKs do not check it, and each vendor leaves something out.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pipeline.providers import (
    AT_WORK,
    CutShort,
    Delta,
    FunctionCall,
    FunctionOutput,
    Message,
    Prompt,
    TextDelta,
    Turn,
    Usage,
)
from pipeline.providers.plain_values import TextInPieces, as_count, as_object, as_text
from pipeline.providers.thoughts import Aloud

NOT_ANSWERED: Final = '{"status":"pending"}'
# What may be left out of a request when a server does not know it.
OPTIONS: Final = ("stream_options", "max_completion_tokens", "max_tokens", "temperature")


@dataclass(frozen=True, slots=True)
class Quirks:
    """How a server's chat completions differ. `unwanted` are options it refuses.

    Gemini 3 refuses a function call of its own that comes back without the signature of its thought, and any other
    without the words that say there is none (its guide to thought signatures).
    """

    unwanted: frozenset[str] = frozenset()
    signs_thoughts: bool = False


GEMINI: Final = Quirks(frozenset(("max_completion_tokens",)), signs_thoughts=True)
NO_SIGNATURE: Final = "skip_thought_signature_validator"


def request_of(
    prompt: Prompt, model: str, unwanted: Collection[str], signatures: Mapping[str, str | None] | None
) -> dict[str, Any]:
    """The request for one reply, without the options that the server does not want."""
    request: dict[str, Any] = {
        "model": model,
        "messages": messages_of(prompt, signatures),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if prompt.tools:
        request["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": json.loads(tool.parameters),
                },
            }
            for tool in prompt.tools
        ]
        request["tool_choice"] = _choice(prompt.tool_choice)
    if prompt.max_output_tokens is not None:
        # OpenAI's newer models refuse the old word, most other servers do not know the new one.
        word = "max_tokens" if "max_completion_tokens" in unwanted else "max_completion_tokens"
        request[word] = prompt.max_output_tokens
    if prompt.temperature is not None:
        request["temperature"] = prompt.temperature
    return {key: value for key, value in request.items() if key not in unwanted}


def messages_of(prompt: Prompt, signatures: Mapping[str, str | None] | None = None) -> list[dict[str, Any]]:
    """The prompt as chat messages: each function call is followed by its output, or by word that there is none yet."""
    outputs = {turn.call_id: turn.output for turn in prompt.turns if isinstance(turn, FunctionOutput)}
    messages: list[dict[str, Any]] = []
    if prompt.instructions:
        messages.append({"role": "system", "content": prompt.instructions})
    previous: Turn | None = None
    for turn in prompt.turns:
        match turn:
            case Message():
                messages.append({"role": turn.role, "content": turn.text})
            case FunctionCall():
                spoke = isinstance(previous, Message) and previous.role == "assistant"
                message: dict[str, Any] = messages[-1] if spoke else {"role": "assistant", "content": None}
                if not spoke:
                    messages.append(message)
                message["tool_calls"] = [_call(turn, signatures)]
                output = outputs.get(turn.call_id, NOT_ANSWERED)
                messages.append({"role": "tool", "tool_call_id": turn.call_id, "content": output})
            case FunctionOutput():
                pass
        previous = turn
    return messages


def _call(call: FunctionCall, signatures: Mapping[str, str | None] | None) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    written: dict[str, Any] = {"id": call.call_id, "type": "function", "function": function}
    if signatures is not None:
        # Each call goes in a message of its own, where the first must be signed: one that came unsigned is not enough.
        signature = signatures.get(call.call_id) or NO_SIGNATURE
        written["extra_content"] = {"google": {"thought_signature": signature}}
    return written


def _choice(choice: str) -> str | dict[str, Any]:
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


@dataclass(slots=True)
class Call:
    """A function call, as far as it has come."""

    call_id: str = ""
    name: str = ""
    arguments: str = ""
    signature: str | None = None


@dataclass(slots=True)
class Gathered:
    """What a stream has brought that cannot be passed on before its end."""

    turn: int
    calls: list[Call] = field(default_factory=list)
    finished: str = ""
    _begun: bool = False
    _usage: Usage | None = None
    _at: dict[int, Call] = field(default_factory=dict)
    _letters: TextInPieces = field(default_factory=TextInPieces)
    _aloud: Aloud = field(default_factory=Aloud)

    def take(self, chunk: Any) -> list[Delta]:
        """The text in a chunk; tool calls, of which word is given, the end and the usage are kept.

        Raises what wrong types raise.
        """
        texts: list[Delta] = []
        for choice in chunk.get("choices") or ():
            delta = choice.get("delta")
            if delta is not None:
                content = _text_of(delta.get("content")) or _text_of(delta.get("refusal"))
                text = self._aloud.next(self._letters.next(content))
                if text:
                    texts.append(TextDelta(text))
                    self._begun = True
                pieces = delta.get("tool_calls") or ()
                for piece in pieces:
                    self._add(piece)
                if pieces:
                    texts.append(AT_WORK)
            self.finished = choice.get("finish_reason") or self.finished
        if chunk.get("object") == "error":
            self.finished = "error"
        if chunk.get("usage") is not None:
            usage = as_object(chunk["usage"])
            cached = as_count(as_object(usage.get("prompt_tokens_details")).get("cached_tokens"))
            self._usage = Usage(as_count(usage.get("prompt_tokens")), as_count(usage.get("completion_tokens")), cached)
        return texts

    def done(self) -> None:
        """The stream has ended with its mark: some servers say nothing else at the end of what they made."""
        if self._begun or self.calls:
            self.finished = self.finished or "stop"

    def _add(self, piece: Any) -> None:
        """One piece of a tool call. Some servers give each the index 0 and a new id, some no index at all."""
        index, call_id, function = piece.get("index"), piece.get("id"), piece.get("function") or {}
        call = self._at.get(index) if index is not None else self.calls[-1] if self.calls else None
        named = function.get("name")
        if call is None or (call_id and call.call_id not in ("", call_id)) or (index is None and named and not call_id):
            call = Call()
            self.calls.append(call)
        if index is not None:
            self._at[index] = call
        call.call_id = as_text(call_id or call.call_id)
        call.name = call.name or as_text(named or "")
        arguments = function.get("arguments") or ""
        # Some servers give them as what they mean, all at once.
        call.arguments += json.dumps(arguments) if isinstance(arguments, dict) else arguments
        extra = piece.get("extra_content")
        if extra:
            signature = extra.get("google", {}).get("thought_signature")
            call.signature = as_text(signature) if signature else call.signature

    def rest(self) -> list[Delta]:
        """What follows the text: whole tool calls or word that the reply was cut short, and the usage."""
        text = self._aloud.rest()
        deltas: list[Delta] = [TextDelta(text)] if text else []
        if self.finished == "length":
            deltas.append(CutShort("max_output_tokens"))
        elif self.finished == "content_filter":
            deltas.append(CutShort("content_filter"))
        else:
            for nth, call in enumerate(self.calls):
                call_id = call.call_id or f"call_{self.turn}_{nth}"
                deltas.append(FunctionCall(call_id, call.name, as_text(call.arguments) or "{}"))
        if self._usage is not None:
            deltas.append(self._usage)
        return deltas


def _text_of(content: Any) -> Any:
    """Mistral's reasoning models give a list of pieces, of which the thoughts are not to be spoken."""
    if isinstance(content, list):
        content = "".join(part["text"] for part in content if part["type"] == "text")
    return "" if content is None else content
