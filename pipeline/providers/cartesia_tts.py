"""Cartesia's voices over its WebSocket. Rule: one context a recital, and one at a time on a socket.

The SDK is not used: its connection reads ahead into endless queues of its own, and makes a model of every chunk.
A cancelled context that has begun goes on to its end, as documented: the socket serves again when that has come.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from itertools import count
from typing import Any, Final

from pipeline.audio import WIDE_HZ
from pipeline.providers import Access, ProviderError, Reached
from pipeline.providers.socket import failed
from pipeline.providers.socket_pool import Message, SocketPool, WholeSamples, address, pcm_of
from pipeline.providers.spoken_words import SpokenWords, speakable
from pipeline.providers.statuses import reason_of

NAME: Final = "cartesia"
CARTESIA_URL: Final = "https://api.cartesia.ai"
VERSION: Final = "2026-08-14"
SLOWEST, FASTEST = 0.6, 1.5


class CartesiaTextToSpeech:
    """One model; `voice` is a voice's id."""

    def __init__(self, access: Access, model: str, *, language: str | None = None) -> None:
        self._url = address(access.base_url, "/tts/websocket")
        self._request: dict[str, object] = {
            "model_id": model,
            "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": WIDE_HZ},
            "add_timestamps": True,
            "continue": False,
        } | ({"language": language} if language else {})
        self._ids = count(1)
        key = {"Authorization": f"Bearer {access.api_key}"} if access.api_key else {}
        self._pool = SocketPool(NAME, access, {"cartesia-version": VERSION} | key)

    async def warm(self) -> None:
        """Have a connection ready; never raises."""
        await self._pool.warm(self._url)

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[bytes | Reached, None]:
        """Speak it at 0.6 to 1.5 of the voice's pace; raises ProviderError."""
        if not speakable(text):
            return
        request = self._request | {
            "transcript": text,
            "voice": {"mode": "id", "id": voice},
            "generation_config": {"speed": min(max(speed, SLOWEST), FASTEST)},
        }
        async with aclosing(
            self._pool.speak(self._url, lambda: _Context(f"u{next(self._ids)}", text, request))
        ) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()


class _Context:
    """One text in its context."""

    def __init__(self, context_id: str, text: str, request: Message) -> None:
        self.over = False
        self._id = context_id
        self._request = request
        self._samples = WholeSamples()
        self._words = SpokenWords(text)

    def begin(self) -> list[Message]:
        return [{"context_id": self._id, **self._request}]

    def stop(self) -> Message:
        return {"context_id": self._id, "cancel": True}

    def take(self, frame: bytes | dict[str, Any]) -> Iterable[bytes | Reached]:
        if isinstance(frame, bytes):
            raise failed(NAME, "malformed", "a binary frame")
        kind = frame["type"]
        if frame.get("context_id", self._id) != self._id:
            return
        match kind:
            case "chunk":
                yield from self._samples.of(pcm_of(frame["data"]))
            case "timestamps":
                times = frame.get("word_timestamps") or {"words": (), "end": ()}
                for word, end_s in zip(times["words"], times["end"], strict=True):
                    yield from self._words.spoken(word, end_s * 1_000)
            case "done":
                self.over = True
                yield from self._words.finished(self._samples.given_ms)
            case "error" if _says_nothing_to_say(frame):
                self.over = True
            case "error":
                raise _failure(frame)


def _says_nothing_to_say(error: dict[str, Any]) -> bool:
    """Cartesia refuses what it finds no words in, which is no failure."""
    told = f"{error.get('title')} {error.get('message')} {error.get('error')}".lower()
    return error.get("status_code") == 400 and "transcript" in told and "empty" in told


def _failure(error: dict[str, Any]) -> ProviderError:
    """Errors inside the socket carry an HTTP status."""
    status = int(error.get("status_code") or 500)
    reason, retryable = reason_of(status, error.get("error_code"))
    return failed(NAME, reason, f"{status} inside the socket", retryable=retryable)
