"""Any recogniser behind OpenAI's audio/transcriptions as a SpeechToText. Rule: the SDK's types and texts end here.

Serves OpenAI, Groq, and the servers that run Whisper at home. An utterance is kept and sent whole as a WAV file when it
ends, over the call's own connection, one after another.
"""

import asyncio
import io
import ssl
import wave
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from pipeline.audio import NARROW_HZ, SAMPLE_BYTES, Frame, bytes_of
from pipeline.providers import Access, Hearing, ProviderError, Transcript, TurnVerdict
from pipeline.providers.news import News
from pipeline.providers.plain_values import TextInPieces, as_text
from pipeline.providers.sdk import KEPT_WARM_S, openai_errors
from pipeline.providers.socket import failed
from pipeline.providers.utterances import Utterance, Utterances, terms_of

PROVIDER: Final = "openai"
# OpenAI refuses files that are shorter.
LEAST_MS: Final = 100
TOO_SHORT: Final = frozenset(("audio_too_short",))
WITH_KEYWORDS: Final = ("gpt-transcribe",)


class OpenAIFiles:
    """A SpeechToText: a model of a server, e.g. "gpt-4o-mini-transcribe" or "whisper-large-v3-turbo".

    `streams` says whether the server is asked for text as it is made; unless told, only OpenAI's newer models are. One
    that answers with the whole at once is understood all the same. `answer_s` is how long it may be silent.
    """

    def __init__(self, access: Access, model: str, *, streams: bool | None = None, answer_s: float = 15.0) -> None:
        self._access = access
        self._answer_s = answer_s
        self._request: dict[str, Any] = {"model": model, "response_format": "json"}
        if model.startswith("gpt-") if streams is None else streams:
            self._request["stream"] = True
        self._tls: ssl.SSLContext | None = None

    def open(self, language: str | None, prompt: str | None) -> AbstractAsyncContextManager[Hearing]:
        """For one call; nothing is sent before the first utterance has ended."""
        request = dict(self._request)
        if language:
            # ISO 639-1, without the country.
            request["language"] = language.partition("-")[0].lower()
        if prompt and request["model"].startswith(WITH_KEYWORDS):
            request["keywords"] = terms_of(prompt)
        elif prompt:
            request["prompt"] = prompt
        return self._opened(request)

    @asynccontextmanager
    async def _opened(self, request: dict[str, Any]) -> AsyncIterator[Hearing]:
        # The SDK takes a while to load, and certificates do too.
        client = await asyncio.to_thread(self._client)
        hearing = _FileHearing(client, request)
        working = asyncio.create_task(hearing.work())
        working.add_done_callback(hearing.news.broke)
        try:
            yield hearing
        finally:
            hearing.close()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await client.close()

    def _client(self) -> Any:
        import httpx2
        import openai

        if self._tls is None:
            self._tls = ssl.create_default_context()
        timeout = httpx2.Timeout(self._answer_s, connect=self._access.connect_s)
        limits = httpx2.Limits(keepalive_expiry=KEPT_WARM_S)
        return openai.AsyncOpenAI(
            api_key=self._access.api_key or "none",
            base_url=self._access.base_url,
            max_retries=0,
            timeout=timeout,
            http_client=openai.DefaultAsyncHttpxClient(timeout=timeout, limits=limits, verify=self._tls),
        )


class _FileHearing:
    """One call's Hearing."""

    def __init__(self, client: Any, request: dict[str, Any]) -> None:
        self._client = client
        self._request = request
        self.news = News()
        self._utterances = Utterances(NARROW_HZ, self.news.post)
        self._pcm = bytearray()
        self._ended: asyncio.Queue[tuple[Utterance, bytes]] = asyncio.Queue()
        self._lost = False

    def begin(self, utterance: int) -> None:
        """The frames that follow belong to this utterance; one that is still open is ended."""
        if self._utterances.open is not None:
            self.end(self._utterances.open.number)
        self._utterances.begin(utterance)

    def feed(self, frame: Frame) -> None:
        """Hear one frame of the open utterance."""
        if not self._lost and self._utterances.open is not None:
            self._pcm += frame.narrow

    def end(self, utterance: int) -> None:
        """The utterance is complete, and is sent."""
        ended = None if self._lost else self._utterances.end(utterance)
        if ended is None:
            return
        if len(self._pcm) < bytes_of(LEAST_MS, NARROW_HZ):
            self._utterances.settle(ended)
        else:
            self._ended.put_nowait((ended, bytes(self._pcm)))
        self._pcm.clear()

    def transcripts(self) -> AsyncGenerator[Transcript | TurnVerdict, None]:
        """Partials and finals in order; raises ProviderError when hearing is lost; ends when closed."""
        return self.news.told()

    def close(self) -> None:
        """End the transcripts."""
        self._lost = True
        self.news.end()

    async def work(self) -> None:
        """Have one utterance after another transcribed, until one cannot be."""
        while not self._lost:
            ended, pcm = await self._ended.get()
            try:
                await self._transcribe(ended, pcm)
            except ProviderError as error:
                self._lost = True
                self.news.post(error)
            else:
                self._utterances.settle(ended)

    async def _transcribe(self, ended: Utterance, pcm: bytes) -> None:
        """Put what the server understands into the utterance; whatever goes wrong becomes a ProviderError."""
        import openai

        file = ("utterance.wav", wav_of(pcm), "audio/wav")
        asking = self._client.audio.transcriptions.with_streaming_response.create(file=file, **self._request)
        with openai_errors(PROVIDER):
            try:
                async with asking as answer:
                    if answer.headers.get("content-type", "").startswith("text/event-stream"):
                        await self._follow(await answer.parse(), ended)
                    else:
                        ended.draft = as_text((await answer.json())["text"]).strip()
            except openai.APIStatusError as error:
                if error.code not in TOO_SHORT:
                    raise
            except (AttributeError, TypeError, KeyError, ValueError):
                raise failed(PROVIDER, "malformed", "not what the protocol says") from None

    async def _follow(self, events: Any, ended: Utterance) -> None:
        """Take the text as it comes; the last event has the whole of it."""
        letters = TextInPieces()
        async for event in events:
            if event.type == "transcript.text.done":
                ended.draft = as_text(event.text).strip()
                return
            if event.type == "transcript.text.delta":
                ended.draft += letters.next(event.delta)
                self._utterances.show(ended)
        raise failed(PROVIDER, "unreachable", "the answer was cut off", retryable=True)


def wav_of(pcm: bytes) -> bytes:
    """PCM16 at 8 kHz as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(SAMPLE_BYTES)
        writer.setframerate(NARROW_HZ)
        writer.writeframes(pcm)
    return file.getvalue()
