"""Each vendor of speech with its simulated server, for the stories that all share. Rule: no vendor's protocol."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.audio import Narrow, Speech
from pipeline.providers import Access, Reached, TextToSpeech
from pipeline.providers.cartesia_tts import CartesiaTextToSpeech
from pipeline.providers.deepgram_tts import DeepgramTextToSpeech
from pipeline.providers.elevenlabs_tts import ElevenLabsTextToSpeech
from pipeline.providers.inworld_tts import InworldTextToSpeech
from pipeline.providers.openai_speech import OpenAISpeech
from pipeline.providers.simulated import Latency
from telephony.bench.vendor_servers.cartesia_server import CartesiaServer
from telephony.bench.vendor_servers.deepgram_speak_server import DeepgramSpeakServer
from telephony.bench.vendor_servers.elevenlabs_server import ElevenLabsServer
from telephony.bench.vendor_servers.inworld_server import InworldServer
from telephony.bench.vendor_servers.openai_speech_server import OpenAISpeechServer

AT_ONCE = Latency(first_chunk_ms=0, times_real_time=10_000)
PATIENCE_S = 10


class Voice(TextToSpeech, Protocol):
    """A TextToSpeech as the service holds it."""

    async def warm(self, voice: str) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """How to make a vendor's voice and its server."""

    name: str
    voice: Callable[[Access], Voice]
    server: Callable[[Latency], Any]
    timed: bool = False
    socket: bool = True


VENDORS = [
    Vendor("openai", lambda access: OpenAISpeech(access, "tts-1"), OpenAISpeechServer, socket=False),
    Vendor("cartesia", lambda access: CartesiaTextToSpeech(access, "sonic-3"), CartesiaServer, True),
    Vendor("deepgram", lambda access: DeepgramTextToSpeech(access, "aura-2"), DeepgramSpeakServer),
    Vendor("inworld", lambda access: InworldTextToSpeech(access, "inworld-tts-1.5-max"), InworldServer, True),
    Vendor("elevenlabs", lambda access: ElevenLabsTextToSpeech(access, "m"), ElevenLabsServer, True),
]

NARROW_VENDORS = [
    Vendor("cartesia", lambda access: CartesiaTextToSpeech(access, "sonic-3", narrow=True), CartesiaServer, True),
    Vendor("deepgram", lambda access: DeepgramTextToSpeech(access, "aura-2", narrow=True), DeepgramSpeakServer),
    Vendor("inworld", lambda access: InworldTextToSpeech(access, "m", narrow=True), InworldServer, True),
    Vendor("elevenlabs", lambda access: ElevenLabsTextToSpeech(access, "m", narrow=True), ElevenLabsServer, True),
]


@asynccontextmanager
async def a_voice(vendor: Vendor, url: str, api_key: str = "key") -> AsyncIterator[Voice]:
    """A vendor's voice, closed behind the story."""
    voice = vendor.voice(Access(url, api_key, connect_s=2.0))
    try:
        yield voice
    finally:
        await voice.close()


@asynccontextmanager
async def a_call(vendor: Vendor, latency: Latency = AT_ONCE) -> AsyncIterator[tuple[Voice, Any]]:
    """A voice and its server."""
    async with vendor.server(latency) as server, a_voice(vendor, server.url) as voice:
        yield voice, server


def speaking(voice: Voice, text: str, name: str = "anna", speed: float = 1.0) -> Any:
    """What speaking gives, closed behind the block."""
    return aclosing(voice.speak(text, name, speed))


async def said(voice: Voice, text: str, name: str = "anna", speed: float = 1.0) -> list[Speech | Reached]:
    """Everything that speaking gives."""
    async with speaking(voice, text, name, speed) as pieces:
        return [piece async for piece in pieces]


async def first_sound(pieces: AsyncIterator[Speech | Reached]) -> bytes:
    """The first chunk of sound; the rest is still to come."""
    async with asyncio.timeout(PATIENCE_S):
        while not isinstance(piece := await anext(pieces), bytes):
            pass
        return piece


def audio(pieces: list[Speech | Reached]) -> bytes:
    """The sound alone, PCM16 at 24 kHz."""
    return b"".join(piece for piece in pieces if isinstance(piece, bytes))


def narrow_audio(pieces: list[Speech | Reached]) -> bytes:
    """The sound alone, PCM16 at 8 kHz."""
    return b"".join(piece.pcm for piece in pieces if isinstance(piece, Narrow))


def reached(pieces: list[Speech | Reached]) -> list[Reached]:
    """The timings alone."""
    return [piece for piece in pieces if isinstance(piece, Reached)]


async def until(server: Any, true: Callable[[], bool]) -> None:
    """Wait for something that the server sees."""
    async with asyncio.timeout(PATIENCE_S), server.changed:
        await server.changed.wait_for(true)


async def settled(before: set[Any]) -> None:
    """Wait until no task is left that was not there before."""

    async def gone() -> None:
        while left := asyncio.all_tasks() - before - {asyncio.current_task()}:
            await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)

    await asyncio.wait_for(gone(), PATIENCE_S)


async def calmed_down() -> None:
    """Wait until pools are done with what was interrupted."""
    settling = [task for task in asyncio.all_tasks() if task.get_coro().__qualname__ == "SocketPool._settle"]  # type: ignore[union-attr]
    await asyncio.wait_for(asyncio.gather(*settling), PATIENCE_S)
