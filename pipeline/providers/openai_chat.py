"""Any language model behind OpenAI's chat completions. Rule: the SDK's types, errors and texts end here.

Serves OpenAI and whatever speaks the same protocol (Groq, Mistral, OpenRouter, Ollama, vLLM, Gemini's compatible
endpoint). Nothing is retried here, for who waits for a reply knows whether there is still time for a second try; but
an option that a server refuses by name is left out at once, and from then on.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Final

from pipeline.providers import Access, Delta, Prompt
from pipeline.providers.chat_protocol import OPTIONS, Gathered, Quirks, request_of
from pipeline.providers.sdk import Timeouts
from pipeline.providers.sdk_server import OPENAI, Request, SdkServer

OPENAI_HOST: Final = "api.openai.com"
SIGNATURES_KEPT: Final = 10_000
OTHER_WORD: Final = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
TIMEOUTS: Final = Timeouts()
OPENAI_QUIRKS: Final = Quirks(unwanted=frozenset(("max_tokens",)))
OTHER_QUIRKS: Final = Quirks(unwanted=frozenset(("max_completion_tokens",)))


class OpenAIServer(SdkServer):
    """One server of chat completions, with its quirks."""

    def __init__(self, access: Access, *, quirks: Quirks | None = None, timeouts: Timeouts = TIMEOUTS) -> None:
        super().__init__(OPENAI, access, timeouts)
        self.quirks = quirks or (OPENAI_QUIRKS if OPENAI_HOST in access.base_url else OTHER_QUIRKS)
        self._signatures: OrderedDict[str, str | None] = OrderedDict()

    def model(self, name: str) -> "OpenAIChat":
        """The server's model of this name, whether it has one or not."""
        return OpenAIChat(self, name)

    def request(self, prompt: Prompt, model: str) -> Request:
        """The request for one reply, without the options that this server is known to refuse for this model."""
        refused = self.refused(model)
        # Who refuses one word for the limit may take the other; who refuses both is given none.
        unwanted = self.quirks.unwanted - {OTHER_WORD.get(option) for option in refused} | refused
        signatures = self._signatures if self.quirks.signs_thoughts else None
        return Request("/chat/completions", request_of(prompt, model, unwanted, signatures), OPTIONS)

    def keep_signatures(self, gathered: Gathered) -> None:
        """Remember how the calls of a reply were signed."""
        if self.quirks.signs_thoughts:
            self._signatures.update({call.call_id: call.signature for call in gathered.calls if call.call_id})
            while len(self._signatures) > SIGNATURES_KEPT:
                self._signatures.popitem(last=False)


class OpenAIChat:
    """One model of a server as a LanguageModel."""

    def __init__(self, server: OpenAIServer, model: str) -> None:
        self._server = server
        self._model = model

    async def warm(self) -> None:
        """Have a connection open before a reply needs it; never raises."""
        await self._server.warm()

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Stream one reply; closing the iterator closes the stream. Raises ProviderError."""
        asked = await self._server.asked(self._model)
        gathered = Gathered(len(prompt.turns))
        request = partial(self._server.request, prompt, self._model)
        deltas = self._server.deltas(asked, request, gathered.take, gathered.done)
        async with aclosing(deltas):
            async for delta in deltas:
                yield delta
        if gathered.finished == "error":
            raise asked.failed("internal", "finished with an error", retryable=True)
        if not gathered.finished:
            raise asked.failed("unreachable", "reply_cut_off", retryable=True)
        self._server.keep_signatures(gathered)
        for delta in gathered.rest():
            yield delta
