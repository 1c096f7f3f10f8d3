"""ElevenLabs' voices over its multi-context socket. Rule: one context a recital, and one at a time on a socket.

The SDK is not used: its streaming client is synchronous, single-context and closes the socket behind each text. The
address names the voice, so a socket serves one voice. `close_context` lets a context speak its text to the end before
`isFinal`, and contexts that linger count against the five that a socket may have: it ends a recital, and to stop one
the socket is closed.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from itertools import count
from typing import Any, Final
from urllib.parse import quote

from pipeline.audio import WIDE_HZ
from pipeline.providers import Access, Reached
from pipeline.providers.socket import failed
from pipeline.providers.socket_pool import Habits, Message, SocketPool, WholeSamples, address, pcm_of
from pipeline.providers.spoken_words import SpokenWords, speakable
from pipeline.providers.statuses import NO_MONEY_LEFT

NAME: Final = "elevenlabs"
ELEVENLABS_URL: Final = "https://api.elevenlabs.io"
SLOWEST, FASTEST = 0.7, 1.2
LONGEST_IDLE_S = 180
LIMITS = frozenset(("max_active_conversations", "too_many_concurrent_requests", "rate_limit_exceeded", "system_busy"))
THEIR_FAULT = frozenset(("internal_error", "internal_server_error", "input_timeout_exceeded", "service_unavailable"))


class ElevenLabsTextToSpeech:
    """One model; `voice` is a voice's id. `voices` are those that `warm` connects for, beside those used before."""

    def __init__(
        self,
        access: Access,
        model: str,
        *,
        voices: tuple[str, ...] = (),
        language: str | None = None,
        stability: float | None = None,
        similarity_boost: float | None = None,
    ) -> None:
        self._access = access
        self._query = {
            "model_id": model,
            "output_format": f"pcm_{WIDE_HZ}",
            "auto_mode": "true",
            "sync_alignment": "true",
            "inactivity_timeout": LONGEST_IDLE_S,
        } | ({"language_code": language} if language else {})
        given = {"stability": stability, "similarity_boost": similarity_boost}
        self._settings = {name: value for name, value in given.items() if value is not None}
        self._voices = set(voices)
        self._ids = count(1)
        headers = {"xi-api-key": access.api_key} if access.api_key else {}
        self._pool = SocketPool(NAME, access, headers, Habits(keep_alive={"text": ""}))

    async def warm(self) -> None:
        """Have a connection ready for each known voice; never raises."""
        for voice in sorted(self._voices):
            await self._pool.warm(self._address(voice))

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[bytes | Reached, None]:
        """Speak it at 0.7 to 1.2 of the voice's pace; raises ProviderError."""
        if not speakable(text):
            return
        self._voices.add(voice)
        settings = {**self._settings, "speed": min(max(speed, SLOWEST), FASTEST)}
        pieces = self._pool.speak(self._address(voice), lambda: _Context(f"u{next(self._ids)}", text, settings))
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    def _address(self, voice: str) -> str:
        path = f"/v1/text-to-speech/{quote(voice, safe='')}/multi-stream-input"
        return address(self._access.base_url, path, self._query)


class _Context:
    """One text in its context."""

    def __init__(self, context_id: str, text: str, settings: dict[str, float]) -> None:
        self.over = False
        self._id = context_id
        self._text = text
        self._settings = settings
        self._samples = WholeSamples()
        self._words = SpokenWords(text)
        self._letters = ""
        self._end_ms = 0.0

    def begin(self) -> list[Message]:
        return [
            {"text": " ", "context_id": self._id, "voice_settings": self._settings},
            {"text": f"{self._text} ", "context_id": self._id, "flush": True},
            {"context_id": self._id, "close_context": True},
        ]

    def stop(self) -> None:
        return None

    def take(self, frame: bytes | dict[str, Any]) -> Iterable[bytes | Reached]:
        if isinstance(frame, bytes):
            raise failed(NAME, "malformed", "a binary frame")
        if frame.get("error"):
            raise self._failure(frame)
        if frame.get("contextId", self._id) != self._id:
            return
        # Its times count from where this message's audio begins.
        start_ms = self._samples.given_ms
        alignment = frame.get("alignment") or frame.get("normalizedAlignment")
        if alignment:
            yield from self._aligned(alignment, start_ms)
        if audio := frame.get("audio"):
            yield from self._samples.of(pcm_of(audio))
        if frame.get("isFinal") or frame.get("is_final"):
            self.over = True
            yield from self._letter(" ", self._end_ms)
            yield from self._words.finished(self._samples.given_ms)

    def _aligned(self, alignment: dict[str, Any], start_ms: float) -> Iterable[Reached]:
        letters = zip(alignment["chars"], alignment["charStartTimesMs"], alignment["charDurationsMs"], strict=True)
        for letter, begins_ms, lasts_ms in letters:
            yield from self._letter(letter, start_ms + begins_ms + lasts_ms)

    def _letter(self, letter: str, end_ms: float) -> list[Reached]:
        """Letters make words, which end where the next white space begins."""
        if not letter.isspace():
            self._letters += letter
            self._end_ms = end_ms
            return []
        word, self._letters = self._letters, ""
        return self._words.spoken(word, self._end_ms)

    def _failure(self, frame: dict[str, Any]) -> Exception:
        """ElevenLabs tells its own word in `error` and a sentence in `message`, and closes the socket."""
        word = frame["error"]
        if word in NO_MONEY_LEFT:
            return failed(NAME, "limited", "no money left")
        if word in LIMITS:
            return failed(NAME, "limited", word, retryable=True)
        if word in THEIR_FAULT:
            return failed(NAME, "internal", word, retryable=True)
        return failed(NAME, "refused", "told so inside the socket")
