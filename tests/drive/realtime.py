"""An application on a WebSocket of its own, by OpenAI's Python SDK as it is. Rule: real speech, strict types."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from pipeline.audio import WIDE_HZ, bytes_of
from pipeline.providers.embedded_tts import EmbeddedVoice
from tests.drive.offhook import PATIENCE_S
from tests.drive.speech import gathered

CHUNK_MS = 100
TAIL_MS = 900


@cache
def _strict() -> TypeAdapter[RealtimeServerEvent]:
    return TypeAdapter(RealtimeServerEvent)


async def wide_speech(text: str, speaker: str = "rms", tail_ms: int = TAIL_MS) -> bytes:
    """A sentence as PCM16 at 24 kHz, with silence around it."""
    with EmbeddedVoice() as voice:
        said = b"".join(await gathered(voice.speak(text, speaker, 1.0)))
    return bytes(bytes_of(200, WIDE_HZ)) + said + bytes(bytes_of(tail_ms, WIDE_HZ))


@dataclass
class Talk:
    """One connection; every event that came is kept, and was one of OpenAI's own types."""

    connection: AsyncRealtimeConnection
    events: list[Any] = field(default_factory=list)
    at: int = 0

    async def next(self) -> Any:
        """The next event that nobody has looked at."""
        while self.at == len(self.events):
            try:
                async with asyncio.timeout(PATIENCE_S):
                    raw = await self.connection.recv_bytes()
            except TimeoutError as waited:
                raise AssertionError(f"nothing came after {self.events[-8:]}") from waited
            _strict().validate_json(raw, strict=False)
            self.events.append(self.connection.parse_event(raw))
        self.at += 1
        return self.events[self.at - 1]

    async def sees(self, kind: str, where: Callable[[Any], bool] = lambda _: True) -> Any:
        """The next event of this type; those before it have been looked at."""
        while True:
            event = await self.next()
            assert event.type != "error" or kind == "error", event.error
            if event.type == kind and where(event):
                return event

    async def update(self, **session: Any) -> Any:
        """Change the session; what it is now."""
        await self.connection.session.update(session={"type": "realtime", **session})  # type: ignore[arg-type]
        return (await self.sees("session.updated")).session

    async def send(self, raw: bytes, chunk_bytes: int = bytes_of(CHUNK_MS, WIDE_HZ)) -> None:
        """Append audio as fast as it goes."""
        for start in range(0, len(raw), chunk_bytes):
            audio = base64.b64encode(raw[start : start + chunk_bytes]).decode()
            await self.connection.input_audio_buffer.append(audio=audio)

    async def says(self, text: str) -> None:
        """The user says this."""
        await self.send(await wide_speech(text))

    def audio_ms(self, item_id: str, bytes_per_ms: int = 48) -> float:
        """How long the item sounds, of what has been looked at."""
        deltas = [event for event in self.events[: self.at] if event.type == "response.output_audio.delta"]
        return sum(len(base64.b64decode(each.delta)) for each in deltas if each.item_id == item_id) / bytes_per_ms

    def types(self, since: int = 0) -> list[str]:
        """The types of the events looked at, each run of deltas once."""
        kinds: list[str] = []
        for event in self.events[since : self.at]:
            if not kinds or kinds[-1] != event.type:
                kinds.append(event.type)
        return kinds


@contextlib.asynccontextmanager
async def talking(client: AsyncOpenAI, **query: Any) -> AsyncIterator[Talk]:
    """A connection that has seen `session.created`."""
    async with client.realtime.connect(**query) as connection:
        talk = Talk(connection)
        await talk.sees("session.created")
        await talk.sees("conversation.created")
        yield talk
