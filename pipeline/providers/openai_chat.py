"""Any language model behind OpenAI's chat completions. Rule: the SDK's types, errors and texts end here.

Serves OpenAI and whatever speaks the same protocol (Groq, Mistral, OpenRouter, Ollama, vLLM, Gemini's compatible
endpoint). Nothing is retried here, for who waits for a reply knows whether there is still time for a second try; but
an option that a server refuses by name is left out at once, and from then on.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any, Final, Self

import structlog

from pipeline.providers import Access, Delta, Prompt
from pipeline.providers.chat_protocol import OPTIONS, Gathered, Quirks, request_of
from pipeline.providers.sdk import Asked, OptionRefusedError, Timeouts, http_limits, touched

NAME: Final = "openai"
OPENAI_HOST: Final = "api.openai.com"
SIGNATURES_KEPT: Final = 10_000
OTHER_WORD: Final = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
TIMEOUTS: Final = Timeouts()
OPENAI: Final = Quirks(unwanted=frozenset(("max_tokens",)))
OTHERS: Final = Quirks(unwanted=frozenset(("max_completion_tokens",)))


class OpenAIServer:
    """One server and the connections to it, which serve all its models, until `close` or the end of `with`.

    The SDK takes a while to load, so a thread does it: on entering `with`, else when a reply first needs it.
    """

    def __init__(self, access: Access, *, quirks: Quirks | None = None, timeouts: Timeouts = TIMEOUTS) -> None:
        self.url = access.base_url
        self.timeouts = timeouts
        self.quirks = quirks or (OPENAI if OPENAI_HOST in access.base_url else OTHERS)
        self._api_key = access.api_key
        self._client: Any = None
        self._http: Any = None
        self._connecting = asyncio.Lock()
        self._refused: dict[str, frozenset[str]] = {}
        self._signatures: OrderedDict[str, str | None] = OrderedDict()

    def model(self, name: str) -> "OpenAIChat":
        """The server's model of this name, whether it has one or not."""
        return OpenAIChat(self, name)

    async def load(self) -> None:
        """Have the SDK loaded."""
        await self.client()

    async def client(self) -> Any:
        """The SDK's client."""
        async with self._connecting:
            if self._client is None:
                self._client = await asyncio.to_thread(self._made)
        return self._client

    async def warm(self) -> None:
        """Have a connection open before a reply needs it; never raises."""
        await self.client()
        await touched(self._http, self.url, self.timeouts.connect_s)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    def unwanted(self, model: str) -> frozenset[str]:
        """The options that this server refuses for this model, as far as is known."""
        refused = self._refused.get(model, frozenset())
        # Who refuses one word for the limit may take the other; who refuses both is given none.
        return self.quirks.unwanted - {OTHER_WORD.get(option) for option in refused} | refused

    def learn(self, model: str, option: str) -> None:
        """The server refuses this option for this model."""
        structlog.get_logger().info("option_refused", model=model, option=option)
        self._refused[model] = self._refused.get(model, frozenset()) | {option}

    def signatures(self) -> OrderedDict[str, str | None] | None:
        """The signature of each recent call by its id, for a server that wants them back; None for others."""
        return self._signatures if self.quirks.signs_thoughts else None

    def keep_signatures(self, gathered: Gathered) -> None:
        """Remember how the calls of a reply were signed."""
        if self.quirks.signs_thoughts:
            self._signatures.update({call.call_id: call.signature for call in gathered.calls if call.call_id})
            while len(self._signatures) > SIGNATURES_KEPT:
                self._signatures.popitem(last=False)

    async def __aenter__(self) -> Self:
        await self.client()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _made(self) -> Any:
        import openai

        limits, timeout = http_limits(self.timeouts)
        self._http = openai.DefaultAsyncHttpxClient(limits=limits, timeout=timeout)
        # Local servers want no key, but the SDK does.
        return openai.AsyncOpenAI(
            api_key=self._api_key or "none",
            base_url=self.url,
            max_retries=0,
            timeout=timeout,
            http_client=self._http,
        )


class OpenAIChat:
    """One model of a server as a LanguageModel."""

    def __init__(self, server: OpenAIServer, model: str) -> None:
        self._server = server
        self._model = model
        self._timeouts = server.timeouts

    async def warm(self) -> None:
        """Have a connection open before a reply needs it; never raises."""
        await self._server.warm()

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Stream one reply; closing the iterator closes the stream. Raises ProviderError."""
        client = await self._server.client()
        import openai

        asked = Asked(openai, NAME, self._model)
        stream: Any = None
        gathered = Gathered(len(prompt.turns))
        try:
            stream = await self._begun(client, asked, prompt)
            wait_s = self._timeouts.first_s
            while (chunk := await asked.within(wait_s, anext(stream, None))) is not None:
                wait_s = self._timeouts.next_s
                for delta in asked.read(gathered.take, chunk):
                    yield delta
        finally:
            if stream is not None:
                await stream.close()
        if gathered.finished == "error":
            raise asked.failed("internal", "finished with an error", retryable=True)
        if not gathered.finished:
            raise asked.failed("unreachable", "reply_cut_off", retryable=True)
        self._server.keep_signatures(gathered)
        for delta in gathered.rest():
            yield delta

    async def _begun(self, client: Any, asked: Asked, prompt: Prompt) -> Any:
        """The stream of a reply, asked for with the options that the server takes."""
        while True:
            request = request_of(prompt, self._model, self._server.unwanted(self._model), self._server.signatures())
            options = [option for option in OPTIONS if option in request]
            try:
                return await asked.within(self._timeouts.first_s, client.chat.completions.create(**request), options)
            except OptionRefusedError as error:
                self._server.learn(self._model, error.option)
