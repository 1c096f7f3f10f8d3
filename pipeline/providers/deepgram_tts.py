"""Deepgram's Aura voices over its speak socket. Rule: a socket says one text at a time, and is flushed behind it.

The SDK is not used: its asynchronous client is built on the legacy half of `websockets`, and its connections live in a
`with` of their own, which no pool can keep. The address names the voice and the pace, so a socket serves one of each.
A socket may be flushed 20 times a minute; others take over what is beyond. Deepgram gives no word timings.
"""

from collections.abc import Iterable
from typing import Any, Final

from pipeline.audio import NARROW_HZ, WIDE_HZ, Speech
from pipeline.providers import Access, Reached
from pipeline.providers.made_sound import MadeSound
from pipeline.providers.socket import failed, url_of
from pipeline.providers.socket_pool import Habits, Message
from pipeline.providers.socket_voice import SocketVoice
from pipeline.providers.spoken_words import in_parts

NAME: Final = "deepgram"
PACES: Final = (0.7, 1.5)
LONGEST_TEXT = 2_000
FLUSHES_A_MINUTE = 20


class DeepgramTextToSpeech(SocketVoice):
    """One family of voices (`aura-2`); `voice` is a name in it (`thalia`) or a whole model (`aura-2-thalia-en`)."""

    def __init__(self, access: Access, model: str, *, language: str = "en", narrow: bool = False) -> None:
        key = {"Authorization": f"Token {access.api_key}"} if access.api_key else {}
        super().__init__(NAME, access, key, paces=PACES, habits=Habits(a_minute=FLUSHES_A_MINUTE))
        self._narrow = narrow
        self._model = model
        self._language = language

    def _address(self, voice: str, pace: float) -> str:
        whole = not voice or voice.startswith("aura")
        model = (voice or self._model) if whole else f"{self._model}-{voice}-{self._language}"
        encoding, rate_hz = ("mulaw", NARROW_HZ) if self._narrow else ("linear16", WIDE_HZ)
        query: dict[str, object] = {"model": model, "encoding": encoding, "sample_rate": rate_hz}
        if pace != 1.0:
            query["speed"] = pace
        return url_of(self._base_url, "/v1/speak", query)

    def _recital(self, text: str, voice: str, pace: float) -> "_Text":
        return _Text(text, narrow=self._narrow)


class _Text:
    """One text between its Speak and its Flushed."""

    def __init__(self, text: str, *, narrow: bool) -> None:
        self.over = False
        self._text = text
        self._stopping = False
        self._sound = MadeSound(narrow)

    def begin(self) -> list[Message]:
        speak: list[Message] = [{"type": "Speak", "text": part} for part in in_parts(self._text, LONGEST_TEXT)]
        return [*speak, {"type": "Flush"}]

    def stop(self) -> Message:
        # A Flushed may be on its way; what follows the Cleared belongs to the next text.
        self._stopping = True
        return {"type": "Clear"}

    def take(self, frame: bytes | dict[str, Any]) -> Iterable[Speech | Reached]:
        if isinstance(frame, bytes):
            yield from self._sound.of(frame)
            return
        match frame["type"]:
            case "Flushed":
                self.over = not self._stopping
            case "Cleared":
                self.over = self._stopping
            case "Warning" if "flush" in f"{frame.get('code')} {frame.get('description')}".lower():
                raise failed(NAME, "limited", "too many flushes", retryable=True)
            case "Error":
                raise failed(NAME, "internal", "told so inside the socket", retryable=True)
