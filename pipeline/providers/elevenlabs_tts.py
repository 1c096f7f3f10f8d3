"""ElevenLabs' voices over its multi-context socket. Rule: one context a recital, and one at a time on a socket.

The SDK is not used: its streaming client is synchronous, single-context and closes the socket behind each text. The
address names the voice, so a socket serves one voice. `close_context` lets a context speak its text to the end before
`isFinal`, and contexts that linger count against the five that a socket may have: it ends a recital, and to stop one
the socket is closed.
"""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from pipeline.audio import NARROW_HZ, WIDE_HZ, Speech
from pipeline.providers import Access, Reached
from pipeline.providers.made_sound import MadeSound, decoded
from pipeline.providers.socket import failed, url_of
from pipeline.providers.socket_pool import Habits, Message
from pipeline.providers.socket_voice import SocketVoice
from pipeline.providers.spoken_words import SpokenWords
from pipeline.providers.statuses import NO_MONEY_LEFT

NAME: Final = "elevenlabs"
PACES: Final = (0.7, 1.2)
LONGEST_IDLE_S = 180
LIMITS = frozenset(("max_active_conversations", "too_many_concurrent_requests", "rate_limit_exceeded", "system_busy"))
THEIR_FAULT = frozenset(("internal_error", "internal_server_error", "input_timeout_exceeded", "service_unavailable"))


class ElevenLabsTextToSpeech(SocketVoice):
    """One model; `voice` is a voice's id."""

    def __init__(
        self,
        access: Access,
        model: str,
        *,
        language: str | None = None,
        stability: float | None = None,
        similarity_boost: float | None = None,
        narrow: bool = False,
    ) -> None:
        key = {"xi-api-key": access.api_key} if access.api_key else {}
        super().__init__(NAME, access, key, paces=PACES, habits=Habits(keep_alive={"text": ""}))
        self._narrow = narrow
        self._query = {
            "model_id": model,
            "output_format": f"ulaw_{NARROW_HZ}" if narrow else f"pcm_{WIDE_HZ}",
            "auto_mode": "true",
            "sync_alignment": "true",
            "inactivity_timeout": LONGEST_IDLE_S,
        } | ({"language_code": language} if language else {})
        given = {"stability": stability, "similarity_boost": similarity_boost}
        self._settings = {name: value for name, value in given.items() if value is not None}

    def _address(self, voice: str, pace: float) -> str:
        path = f"/v1/text-to-speech/{quote(voice, safe='')}/multi-stream-input"
        return url_of(self._base_url, path, self._query)

    def _recital(self, text: str, voice: str, pace: float) -> "_Context":
        return _Context(self._fresh_id(), text, self._settings | {"speed": pace}, narrow=self._narrow)


class _Context:
    """One text in its context."""

    def __init__(self, context_id: str, text: str, settings: dict[str, float], *, narrow: bool) -> None:
        self.over = False
        self._id = context_id
        self._text = text
        self._settings = settings
        self._sound = MadeSound(narrow)
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

    def take(self, frame: bytes | dict[str, Any]) -> Iterable[Speech | Reached]:
        if isinstance(frame, bytes):
            raise failed(NAME, "malformed", "a binary frame")
        if frame.get("error"):
            raise self._failure(frame)
        if frame.get("contextId", self._id) != self._id:
            return
        # Its times count from where this message's audio begins.
        start_ms = self._sound.given_ms
        alignment = frame.get("alignment") or frame.get("normalizedAlignment")
        if alignment:
            yield from self._aligned(alignment, start_ms)
        if audio := frame.get("audio"):
            yield from self._sound.of(decoded(audio))
        if frame.get("isFinal") or frame.get("is_final"):
            self.over = True
            yield from self._letter(" ", self._end_ms)
            yield from self._words.finished(self._sound.given_ms)

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
