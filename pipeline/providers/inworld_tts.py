"""Inworld's voices over its bidirectional socket. Rule: one context a recital, and one at a time on a socket.

`close_context` lets a context speak its text to the end before `contextClosed`: it ends a recital, and to stop one
the socket is closed. Keys are checked when the first context is created, not at the door. Nothing is heard from the
vendor on an idle socket, which it keeps for ten minutes.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from itertools import count
from typing import Any, Final

from pipeline.audio import WIDE_HZ
from pipeline.providers import Access, ProviderError, Reached, Reason
from pipeline.providers.riff import without_header
from pipeline.providers.socket import failed
from pipeline.providers.socket_pool import Message, SocketPool, WholeSamples, address, pcm_of
from pipeline.providers.spoken_words import SpokenWords, in_parts, speakable

NAME: Final = "inworld"
INWORLD_URL: Final = "https://api.inworld.ai"
SLOWEST, FASTEST = 0.5, 1.5
LONGEST_TEXT = 1_000
# Codes of google.rpc.Code.
LIMITED = frozenset((8,))
REFUSED = frozenset((3, 5, 6, 7, 9, 11, 12, 16))


class InworldTextToSpeech:
    """One model; `voice` is a voice's name or a cloned voice's id."""

    def __init__(self, access: Access, model: str, *, language: str | None = None) -> None:
        self._url = address(access.base_url, "/tts/v1/voice:streamBidirectional")
        self._model = model
        self._language = {"language": language} if language else {}
        self._ids = count(1)
        headers = {"Authorization": f"Basic {access.api_key}"} if access.api_key else {}
        self._pool = SocketPool(NAME, access, headers)

    async def warm(self) -> None:
        """Have a connection ready; never raises."""
        await self._pool.warm(self._url)

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[bytes | Reached, None]:
        """Speak it at 0.5 to 1.5 of the voice's pace; raises ProviderError."""
        if not speakable(text):
            return
        pace = min(max(speed, SLOWEST), FASTEST)
        create = {
            "voiceId": voice,
            "modelId": self._model,
            "audioConfig": {"audioEncoding": "PCM", "sampleRateHertz": WIDE_HZ, "speakingRate": pace},
            "timestampType": "WORD",
            "timestampTransportStrategy": "ASYNC",
            "autoMode": True,
            **self._language,
        }
        async with aclosing(
            self._pool.speak(self._url, lambda: _Context(f"u{next(self._ids)}", text, create))
        ) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()


class _Context:
    """One text in its context."""

    def __init__(self, context_id: str, text: str, create: Message) -> None:
        self.over = False
        self._id = context_id
        self._text = text
        self._create = create
        self._samples = WholeSamples()
        self._words = SpokenWords(text)
        self._flushed_ms = 0.0

    def begin(self) -> list[Message]:
        texts: list[Message] = [{"send_text": {"text": part}} for part in in_parts(self._text, LONGEST_TEXT)]
        messages = [{"create": self._create}, *texts, {"flush_context": {}}, {"close_context": {}}]
        return [{**message, "contextId": self._id} for message in messages]

    def stop(self) -> None:
        return None

    def take(self, frame: bytes | dict[str, Any]) -> Iterable[bytes | Reached]:
        if isinstance(frame, bytes):
            raise failed(NAME, "malformed", "a binary frame")
        if error := frame.get("error"):
            raise _failure(int(error["code"]))
        result = frame.get("result", {})
        if result.get("contextId", self._id) != self._id:
            return
        if code := (result.get("status") or {}).get("code"):
            raise _failure(int(code))
        if chunk := result.get("audioChunk"):
            yield from self._timed(chunk.get("timestampInfo") or {})
            audio = pcm_of(chunk.get("audioContent") or "")
            yield from self._samples.of(without_header(audio))
        if "flushCompleted" in result:
            # The times of what is said next count from here.
            self._flushed_ms = self._samples.given_ms
        if "contextClosed" in result:
            self.over = True
            yield from self._words.finished(self._samples.given_ms)

    def _timed(self, times: dict[str, Any]) -> Iterable[Reached]:
        alignment = times.get("wordAlignment") or {"words": (), "wordEndTimeSeconds": ()}
        for word, end_s in zip(alignment["words"], alignment["wordEndTimeSeconds"], strict=True):
            yield from self._words.spoken(word, self._flushed_ms + end_s * 1_000)


def _failure(code: int) -> ProviderError:
    reason: Reason = "limited" if code in LIMITED else "refused" if code in REFUSED else "internal"
    return failed(NAME, reason, f"code {code}", retryable=reason != "refused")
