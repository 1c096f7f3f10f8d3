"""Deepgram's Aura voices over its speak socket. Rule: a socket says one text at a time, and is flushed behind it.

The SDK is not used: its asynchronous client is built on the legacy half of `websockets`, and its connections live in a
`with` of their own, which no pool can keep. The address names the voice and the pace, so a socket serves one of each.
A socket may be flushed 20 times a minute; others take over what is beyond. Deepgram gives no word timings.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any, Final

from pipeline.audio import WIDE_HZ
from pipeline.providers import Access, Reached
from pipeline.providers.socket import failed
from pipeline.providers.socket_pool import Habits, Message, SocketPool, WholeSamples, address
from pipeline.providers.spoken_words import in_parts, speakable

NAME: Final = "deepgram"
DEEPGRAM_URL: Final = "https://api.deepgram.com"
SLOWEST, FASTEST = 0.7, 1.5
LONGEST_TEXT = 2_000
FLUSHES_A_MINUTE = 20


class DeepgramTextToSpeech:
    """One family of voices (`aura-2`); `voice` is a name in it (`thalia`) or a whole model (`aura-2-thalia-en`).

    `voices` are those that `warm` connects for, beside those used before.
    """

    def __init__(self, access: Access, model: str, *, language: str = "en", voices: tuple[str, ...] = ()) -> None:
        self._access = access
        self._model = model
        self._language = language
        self._voices = set(voices)
        headers = {"Authorization": f"Token {access.api_key}"} if access.api_key else {}
        self._pool = SocketPool(NAME, access, headers, Habits(a_minute=FLUSHES_A_MINUTE))

    async def warm(self) -> None:
        """Have a connection ready for each known voice; never raises."""
        for voice in sorted(self._voices):
            await self._pool.warm(self._address(voice, 1.0))

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[bytes | Reached, None]:
        """Speak it at 0.7 to 1.5 of the voice's pace; raises ProviderError."""
        if not speakable(text):
            return
        self._voices.add(voice)
        async with aclosing(self._pool.speak(self._address(voice, speed), lambda: _Text(text))) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    def _address(self, voice: str, speed: float) -> str:
        whole = not voice or voice.startswith("aura")
        model = (voice or self._model) if whole else f"{self._model}-{voice}-{self._language}"
        query: dict[str, object] = {"model": model, "encoding": "linear16", "sample_rate": WIDE_HZ}
        if speed != 1.0:
            query["speed"] = min(max(speed, SLOWEST), FASTEST)
        return address(self._access.base_url, "/v1/speak", query)


class _Text:
    """One text between its Speak and its Flushed."""

    def __init__(self, text: str) -> None:
        self.over = False
        self._text = text
        self._stopping = False
        self._samples = WholeSamples()

    def begin(self) -> list[Message]:
        speak: list[Message] = [{"type": "Speak", "text": part} for part in in_parts(self._text, LONGEST_TEXT)]
        return [*speak, {"type": "Flush"}]

    def stop(self) -> Message:
        # A Flushed may be on its way; what follows the Cleared belongs to the next text.
        self._stopping = True
        return {"type": "Clear"}

    def take(self, frame: bytes | dict[str, Any]) -> Iterable[bytes | Reached]:
        if isinstance(frame, bytes):
            yield from self._samples.of(frame)
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
