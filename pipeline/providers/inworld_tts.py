"""Inworld's voices over its bidirectional socket. Rule: one context a recital, and one at a time on a socket.

`close_context` lets a context speak its text to the end before `contextClosed`: it ends a recital, and to stop one
the socket is closed. Keys are checked when the first context is created, not at the door. Nothing is heard from the
vendor on an idle socket, which it keeps for ten minutes.
"""

from collections.abc import Iterable
from typing import Any, Final

from pipeline.audio import NARROW_HZ, WIDE_HZ, Speech
from pipeline.providers import Access, ProviderError, Reached, Reason
from pipeline.providers.made_sound import MadeSound, decoded
from pipeline.providers.riff import without_header
from pipeline.providers.socket import failed, url_of
from pipeline.providers.socket_pool import Message
from pipeline.providers.socket_voice import SocketVoice
from pipeline.providers.spoken_words import SpokenWords, in_parts

NAME: Final = "inworld"
PACES: Final = (0.5, 1.5)
LONGEST_TEXT = 1_000
WIDE: Final = {"audioEncoding": "PCM", "sampleRateHertz": WIDE_HZ}
NARROW: Final = {"audioEncoding": "MULAW", "sampleRateHertz": NARROW_HZ}
# Codes of google.rpc.Code.
LIMITED = frozenset((8,))
REFUSED = frozenset((3, 5, 6, 7, 9, 11, 12, 16))


class InworldTextToSpeech(SocketVoice):
    """One model; `voice` is a voice's name or a cloned voice's id."""

    def __init__(self, access: Access, model: str, *, language: str | None = None, narrow: bool = False) -> None:
        key = {"Authorization": f"Basic {access.api_key}"} if access.api_key else {}
        super().__init__(NAME, access, key, paces=PACES)
        self._narrow = narrow
        self._url = url_of(access.base_url, "/tts/v1/voice:streamBidirectional")
        self._model = model
        self._language = {"language": language} if language else {}

    def _address(self, voice: str, pace: float) -> str:
        return self._url

    def _recital(self, text: str, voice: str, pace: float) -> "_Context":
        create = {
            "voiceId": voice,
            "modelId": self._model,
            "audioConfig": (NARROW if self._narrow else WIDE) | {"speakingRate": pace},
            "timestampType": "WORD",
            "timestampTransportStrategy": "ASYNC",
            "autoMode": True,
            **self._language,
        }
        return _Context(self._fresh_id(), text, create, narrow=self._narrow)


class _Context:
    """One text in its context."""

    def __init__(self, context_id: str, text: str, create: Message, *, narrow: bool) -> None:
        self.over = False
        self._id = context_id
        self._text = text
        self._create = create
        self._sound = MadeSound(narrow)
        self._words = SpokenWords(text)
        self._flushed_ms = 0.0

    def begin(self) -> list[Message]:
        texts: list[Message] = [{"send_text": {"text": part}} for part in in_parts(self._text, LONGEST_TEXT)]
        messages = [{"create": self._create}, *texts, {"flush_context": {}}, {"close_context": {}}]
        return [{**message, "contextId": self._id} for message in messages]

    def stop(self) -> None:
        return None

    def take(self, frame: bytes | dict[str, Any]) -> Iterable[Speech | Reached]:
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
            yield from self._sound.of(without_header(decoded(chunk.get("audioContent") or "")))
        if "flushCompleted" in result:
            # The times of what is said next count from here.
            self._flushed_ms = self._sound.given_ms
        if "contextClosed" in result:
            self.over = True
            yield from self._words.finished(self._sound.given_ms)

    def _timed(self, times: dict[str, Any]) -> Iterable[Reached]:
        alignment = times.get("wordAlignment") or {"words": (), "wordEndTimeSeconds": ()}
        for word, end_s in zip(alignment["words"], alignment["wordEndTimeSeconds"], strict=True):
            yield from self._words.spoken(word, self._flushed_ms + end_s * 1_000)


def _failure(code: int) -> ProviderError:
    reason: Reason = "limited" if code in LIMITED else "refused" if code in REFUSED else "internal"
    return failed(NAME, reason, f"code {code}", retryable=reason != "refused")
