"""Voices behind OpenAI's `/audio/speech`. Rule: the SDK's types, errors and texts end here.

Serves OpenAI and whatever speaks the same protocol (Kokoro, Piper); some answer with a WAV file whatever is asked for.
The SDK streams the body as it comes, closing the response closes the connection, and connections are kept for the next
sentence. Nothing is retried but a request on a kept connection that turned out closed. There are no word timings.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

from pipeline.audio import WIDE_HZ, Speech
from pipeline.providers import Access, Reached
from pipeline.providers.made_sound import MadeSound
from pipeline.providers.riff import RATES_HZ, WavStream
from pipeline.providers.sdk import Timeouts, openai_errors
from pipeline.providers.sdk_server import FOR_SOUND, OPENAI, SdkServer
from pipeline.providers.socket import failed
from pipeline.providers.spoken_words import speakable

NAME: Final = "openai"
SLOWEST, FASTEST = 0.25, 4.0
_RATE = re.compile(r"\brate=(\d+)")


class OpenAISpeech:
    """One model of a server; `instructions` go to models that take them.

    `pcm_hz` is the rate of its raw PCM where the server does not tell it (`audio/L16;rate=16000`, RFC 2586).
    """

    def __init__(self, access: Access, model: str, *, instructions: str | None = None, pcm_hz: int = WIDE_HZ) -> None:
        self._server = SdkServer(OPENAI, access, Timeouts(access.connect_s), http=FOR_SOUND)
        self._model = model
        self._given: dict[str, Any] = {"instructions": instructions} if instructions else {}
        self._pcm_hz = pcm_hz

    async def warm(self, voice: str) -> None:
        """Have the SDK loaded and a connection ready; never raises."""
        await self._server.warm()

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[Speech | Reached, None]:
        """Speak it at 0.25 to 4 times the voice's pace; raises ProviderError."""
        if not speakable(text):
            return
        request = {
            "model": self._model,
            "input": text,
            "voice": voice,
            "response_format": "pcm",
            "speed": min(max(speed, SLOWEST), FASTEST),
            **self._given,
        }
        async with AsyncExitStack() as stack:
            response = await self._answer(stack, request)
            body: AsyncIterator[bytes] = response.iter_bytes()
            sound, samples = WavStream(self._rate_hz(response.headers)), MadeSound()
            while (chunk := await self._next(body)) is not None:
                for whole in samples.of(self._heard(sound, chunk)):
                    yield whole

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()

    async def _answer(self, stack: AsyncExitStack, request: dict[str, Any]) -> Any:
        """The answer, which `stack` closes."""
        import httpx2
        import openai

        client = await self._server.client()
        create = client.audio.speech.with_streaming_response.create
        with openai_errors(NAME):
            try:
                response = await stack.enter_async_context(create(**request))
            except openai.APIConnectionError as error:
                # A kept connection that the server had closed; one that is not there at all fails otherwise.
                if not isinstance(error.__cause__, httpx2.RemoteProtocolError | httpx2.ReadError | httpx2.WriteError):
                    raise
                response = await stack.enter_async_context(create(**request))
        return response

    def _rate_hz(self, headers: Mapping[str, str]) -> int:
        """The rate of raw PCM in an answer; raises ProviderError for an answer that is no sound."""
        kind = headers.get("content-type", "")
        if kind.startswith("text/") or "json" in kind:
            raise failed(NAME, "malformed", "no sound")
        told = _RATE.search(kind)
        rate_hz = int(told[1]) if told else self._pcm_hz
        if rate_hz not in RATES_HZ:
            raise failed(NAME, "malformed", "an unusual rate")
        return rate_hz

    async def _next(self, body: AsyncIterator[bytes]) -> bytes | None:
        with openai_errors(NAME):
            return await anext(body, None)

    def _heard(self, sound: WavStream, chunk: bytes) -> bytes:
        try:
            return sound.take(chunk)
        except ValueError:
            raise failed(NAME, "malformed", "no mono PCM16") from None
