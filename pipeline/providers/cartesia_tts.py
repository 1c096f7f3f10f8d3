"""Cartesia's voices over its WebSocket. Rule: one context a recital, and one at a time on a socket.

The SDK is not used: its connection reads ahead into endless queues of its own, and makes a model of every chunk.
A cancelled context that has begun goes on to its end, as documented: the socket serves again when that has come.
"""

from collections.abc import Iterable
from typing import Any, Final

from pipeline.audio import NARROW_HZ, WIDE_HZ, Speech
from pipeline.providers import Access, ProviderError, Reached
from pipeline.providers.made_sound import MadeSound, decoded
from pipeline.providers.socket import failed, url_of
from pipeline.providers.socket_pool import Message
from pipeline.providers.socket_voice import SocketVoice
from pipeline.providers.spoken_words import SpokenWords
from pipeline.providers.statuses import reason_of

NAME: Final = "cartesia"
VERSION: Final = "2026-08-14"
PACES: Final = (0.6, 1.5)
WIDE: Final = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": WIDE_HZ}
NARROW: Final = {"container": "raw", "encoding": "pcm_mulaw", "sample_rate": NARROW_HZ}


class CartesiaTextToSpeech(SocketVoice):
    """One model; `voice` is a voice's id."""

    def __init__(self, access: Access, model: str, *, language: str | None = None, narrow: bool = False) -> None:
        key = {"Authorization": f"Bearer {access.api_key}"} if access.api_key else {}
        super().__init__(NAME, access, {"cartesia-version": VERSION} | key, paces=PACES)
        self._narrow = narrow
        self._url = url_of(access.base_url, "/tts/websocket")
        self._request: dict[str, object] = {
            "model_id": model,
            "output_format": NARROW if narrow else WIDE,
            "add_timestamps": True,
            "continue": False,
        } | ({"language": language} if language else {})

    def _address(self, voice: str, pace: float) -> str:
        return self._url

    def _recital(self, text: str, voice: str, pace: float) -> "_Context":
        request = self._request | {
            "transcript": text,
            "voice": {"mode": "id", "id": voice},
            "generation_config": {"speed": pace},
        }
        return _Context(self._fresh_id(), text, request, narrow=self._narrow)


class _Context:
    """One text in its context."""

    def __init__(self, context_id: str, text: str, request: Message, *, narrow: bool) -> None:
        self.over = False
        self._id = context_id
        self._request = request
        self._sound = MadeSound(narrow)
        self._words = SpokenWords(text)

    def begin(self) -> list[Message]:
        return [{"context_id": self._id, **self._request}]

    def stop(self) -> Message:
        return {"context_id": self._id, "cancel": True}

    def take(self, frame: bytes | dict[str, Any]) -> Iterable[Speech | Reached]:
        if isinstance(frame, bytes):
            raise failed(NAME, "malformed", "a binary frame")
        kind = frame["type"]
        if frame.get("context_id", self._id) != self._id:
            return
        match kind:
            case "chunk":
                yield from self._sound.of(decoded(frame["data"]))
            case "timestamps":
                times = frame.get("word_timestamps") or {"words": (), "end": ()}
                for word, end_s in zip(times["words"], times["end"], strict=True):
                    yield from self._words.spoken(word, end_s * 1_000)
            case "done":
                self.over = True
                yield from self._words.finished(self._sound.given_ms)
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
