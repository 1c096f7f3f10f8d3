"""Any language model behind OpenAI's chat completions. Rule: the SDK's types, errors and texts end here.

Serves OpenAI and whatever speaks the same protocol (Groq, Ollama, vLLM, Gemini's and Anthropic's compatible
endpoints). Nothing is retried here: who waits for a reply knows whether there is still time for a second try.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import structlog

from pipeline.providers import (
    CutShort,
    Delta,
    FunctionCall,
    FunctionOutput,
    Message,
    Prompt,
    ProviderError,
    Reason,
    TextDelta,
    Turn,
    Usage,
)
from pipeline.providers.statuses import reason_of

NAME: Final = "openai"
OPENAI_URL: Final = "https://api.openai.com/v1"
KEPT_WARM_S: Final = 300.0
NOT_ANSWERED: Final = '{"status":"pending"}'


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: for the connection, for the first piece of a reply, and from each piece to the next."""

    connect_s: float = 3.0
    first_s: float = 10.0
    next_s: float = 8.0


class OpenAIServer:
    """One server and the connections to it, which serve all its models, until `close` or the end of `with`.

    The SDK takes a while to load, so a thread does it: on entering `with`, else when a reply first needs it.
    """

    def __init__(
        self, *, base_url: str | None = None, api_key: str | None = None, patience: Patience = Patience()
    ) -> None:
        self.url = base_url or OPENAI_URL
        self.patience = patience
        self._api_key = api_key
        self._client: Any = None
        self._connecting = asyncio.Lock()

    def model(self, name: str) -> "OpenAIChat":
        """The server's model of this name, whether it has one or not."""
        return OpenAIChat(self, name)

    async def client(self) -> Any:
        """The SDK's client."""
        async with self._connecting:
            if self._client is None:
                self._client = await asyncio.to_thread(self._made)
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def __aenter__(self) -> Self:
        await self.client()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _made(self) -> Any:
        import httpx2
        import openai

        # Between two turns of a conversation lie more than httpx2's five idle seconds.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=KEPT_WARM_S)
        patience = self.patience
        timeout = httpx2.Timeout(patience.first_s + patience.next_s, connect=patience.connect_s)
        return openai.AsyncOpenAI(
            # Local servers want no key, but the SDK does.
            api_key=self._api_key or "none",
            base_url=self.url,
            max_retries=0,
            timeout=timeout,
            http_client=openai.DefaultAsyncHttpxClient(limits=limits, timeout=timeout),
        )


class OpenAIChat:
    """One model of a server as a LanguageModel."""

    def __init__(self, server: OpenAIServer, model: str) -> None:
        self._server = server
        self._model = model
        self._patience = server.patience

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Stream one reply; closing the iterator closes the stream. Raises ProviderError."""
        client = await self._server.client()
        stream: Any = None
        gathered = _Gathered(len(prompt.turns))
        try:
            stream = await self._within(self._patience.first_s, client.chat.completions.create(**self._request(prompt)))
            wait_s = self._patience.first_s
            while (chunk := await self._within(wait_s, anext(stream, None))) is not None:
                wait_s = self._patience.next_s
                for delta in self._taken(gathered, chunk):
                    yield delta
        finally:
            if stream is not None:
                await stream.close()
        if not gathered.finished:
            raise self._failed("unreachable", "reply_cut_off", retryable=True)
        for delta in gathered.rest():
            yield delta

    async def _within(self, limit_s: float, answer: Awaitable[Any]) -> Any:
        """Wait for the vendor; whatever goes wrong becomes a ProviderError."""
        import httpx2
        import openai

        try:
            async with asyncio.timeout(limit_s):
                return await answer
        except TimeoutError:
            raise self._failed("stalled", "timeout", retryable=True) from None
        except openai.APIStatusError as error:
            reason, retryable = reason_of(error.status_code, error.code)
            problem = f"{error.status_code} {error.code or ''}".strip()
            raise self._failed(reason, problem, retryable=retryable) from None
        except (openai.APIConnectionError, httpx2.TransportError) as error:
            cause = error.__cause__ or error
            stalled = isinstance(cause, httpx2.ReadTimeout | httpx2.WriteTimeout | httpx2.PoolTimeout)
            reason = "stalled" if stalled else "unreachable"
            raise self._failed(reason, type(cause).__name__, retryable=True) from None
        except (openai.APIResponseValidationError, httpx2.DecodingError, UnicodeDecodeError, json.JSONDecodeError):
            raise self._failed("malformed", "not_what_the_protocol_says") from None
        except openai.OpenAIError as error:
            raise self._failed("internal", type(error).__name__, retryable=True) from None

    def _taken(self, gathered: "_Gathered", chunk: Any) -> list[Delta]:
        """What this chunk gives at once; the SDK does not check what servers send."""
        try:
            return gathered.take(chunk)
        except (AttributeError, TypeError, KeyError, ValueError):
            raise self._failed("malformed", "not_what_the_protocol_says") from None

    def _failed(self, reason: Reason, problem: str, *, retryable: bool = False) -> ProviderError:
        """The error to raise; the log names the server's own code, never its text."""
        structlog.get_logger().warning("language_model_failed", model=self._model, reason=reason, problem=problem)
        return ProviderError(NAME, reason, retryable=retryable)

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._model,
            "messages": messages_of(prompt),
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
            # OpenAI's newer models refuse the old word, other servers do not know the new one.
            own = urlsplit(self._server.url).hostname == urlsplit(OPENAI_URL).hostname
            request["max_completion_tokens" if own else "max_tokens"] = prompt.max_output_tokens
        if prompt.temperature is not None:
            request["temperature"] = prompt.temperature
        return request


def messages_of(prompt: Prompt) -> list[dict[str, Any]]:
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
                function = {"name": turn.name, "arguments": turn.arguments}
                message["tool_calls"] = [{"id": turn.call_id, "type": "function", "function": function}]
                output = outputs.get(turn.call_id, NOT_ANSWERED)
                messages.append({"role": "tool", "tool_call_id": turn.call_id, "content": output})
            case FunctionOutput():
                pass
        previous = turn
    return messages


def _choice(choice: str) -> str | dict[str, Any]:
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


@dataclass(slots=True)
class _Gathered:
    """What a stream has brought that cannot be passed on before its end."""

    turn: int
    calls: list[dict[str, str]] = field(default_factory=list)
    at: dict[int, int] = field(default_factory=dict)
    finished: str = ""
    usage: Usage | None = None

    def take(self, chunk: Any) -> list[Delta]:
        """The text in a chunk; tool calls, the end and the usage are kept."""
        texts: list[Delta] = []
        for choice in chunk.choices or ():
            delta = choice.delta
            if delta is not None:
                text = delta.content or delta.refusal
                if text:
                    texts.append(TextDelta(text))
                for piece in delta.tool_calls or ():
                    self._add(piece)
            self.finished = choice.finish_reason or self.finished
        if chunk.usage is not None:
            details = chunk.usage.prompt_tokens_details
            cached = (details.cached_tokens or 0) if details else 0
            self.usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens, cached)
        return texts

    def _add(self, piece: Any) -> None:
        """One piece of a tool call. Some servers give every call the index 0, and a new id each."""
        place = self.at.get(piece.index)
        if place is None or (piece.id and self.calls[place]["id"] not in ("", piece.id)):
            place = self.at[piece.index] = len(self.calls)
            self.calls.append({"id": "", "name": "", "arguments": ""})
        call = self.calls[place]
        call["id"] = piece.id or call["id"]
        if piece.function is not None:
            call["name"] += piece.function.name or ""
            call["arguments"] += piece.function.arguments or ""

    def rest(self) -> list[Delta]:
        """What follows the text: whole tool calls or word that the reply was cut short, and the usage."""
        deltas: list[Delta] = []
        if self.finished == "length":
            deltas.append(CutShort("max_output_tokens"))
        elif self.finished == "content_filter":
            deltas.append(CutShort("content_filter"))
        else:
            for nth, call in enumerate(self.calls):
                call_id = call["id"] or f"call_{self.turn}_{nth}"
                deltas.append(FunctionCall(call_id, call["name"], call["arguments"] or "{}"))
        if self.usage is not None:
            deltas.append(self.usage)
        return deltas
