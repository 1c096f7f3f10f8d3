"""Each vendor's recogniser beside its simulated server. Rule: one entry per vendor, and every story holds for all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.audio import NARROW_HZ, Resampler, ulaw_encoded
from pipeline.providers import Access, Hearing, ProviderError, SpeechToText, Transcript, TurnVerdict
from pipeline.providers.assemblyai_stt import AssemblyAI
from pipeline.providers.deepgram_flux import DeepgramFlux
from pipeline.providers.deepgram_nova import DeepgramNova
from pipeline.providers.inworld_stt import InworldStt
from pipeline.providers.openai_files import OpenAIFiles
from pipeline.providers.openai_transcription import OpenAITranscription
from pipeline.providers.simulated import Latency
from telephony.bench.vendor_servers.assemblyai_server import AssemblyAIServer
from telephony.bench.vendor_servers.deepgram_flux_server import DeepgramFluxServer
from telephony.bench.vendor_servers.deepgram_nova_server import DeepgramNovaServer
from telephony.bench.vendor_servers.inworld_stt_server import InworldSttServer
from telephony.bench.vendor_servers.openai_files_server import OpenAIFilesServer
from telephony.bench.vendor_servers.openai_transcription_server import OpenAITranscriptionServer
from telephony.bench.vendor_servers.recogniser import RecogniserServer
from tests.drive import speech

QUICK = Latency(final_ms=20.0)


@dataclass(frozen=True, slots=True)
class Vendor:
    """A recogniser, its server, and what the server hears of PCM16 at 8 kHz."""

    name: str
    server: Callable[..., Any]
    speech_to_text: Callable[[Access], SpeechToText]
    wire: Callable[[bytes], bytes] = ulaw_encoded
    # Connects when it has something to send, not before.
    by_request: bool = False
    answers_always: bool = False


VENDORS = (
    Vendor("deepgram nova", DeepgramNovaServer, lambda access: DeepgramNova(access, "nova-3")),
    Vendor("deepgram flux", DeepgramFluxServer, lambda access: DeepgramFlux(access, "flux-general-en")),
    Vendor(
        "openai transcription",
        OpenAITranscriptionServer,
        lambda access: OpenAITranscription(access, "gpt-4o-mini-transcribe"),
        answers_always=True,
    ),
    Vendor(
        "openai files",
        OpenAIFilesServer,
        lambda access: OpenAIFiles(access, "gpt-4o-mini-transcribe", answer_s=1.0),
        wire=bytes,
        by_request=True,
        answers_always=True,
    ),
    Vendor("assemblyai", AssemblyAIServer, lambda access: AssemblyAI(access, "universal-streaming-english")),
    Vendor(
        "inworld",
        InworldSttServer,
        lambda access: InworldStt(access, "inworld/inworld-stt-1"),
        wire=lambda pcm: Resampler(NARROW_HZ, 16_000).process(pcm),
    ),
)


def access_to(url: str, connect_s: float = 3.0) -> Access:
    """With a key that is nobody's."""
    return Access(url, "a-key", connect_s)


@asynccontextmanager
async def a_call(
    vendor: Vendor, server: RecogniserServer | OpenAIFilesServer, language: str | None = "en", prompt: str | None = None
) -> AsyncIterator[Hearing]:
    """An open recogniser on the server."""
    async with vendor.speech_to_text(access_to(server.url)).open(language, prompt) as hearing:
        yield hearing


def sound(nth: int, ms: int = 1_000) -> bytes:
    """PCM16 at 8 kHz unlike any other `nth`, exact in mu-law's eyes."""
    samples = np.random.default_rng(nth).integers(-20_000, 20_000, ms * NARROW_HZ // 1_000)
    return speech.over_the_telephone(samples.astype(np.float64))


def say(hearing: Hearing, utterance: int, pcm: bytes) -> None:
    """One utterance from its beginning to its end."""
    hearing.begin(utterance)
    for frame in speech.frames(pcm):
        hearing.feed(frame)
    hearing.end(utterance)


async def heard_until(hearing: Hearing, finals: int) -> list[Transcript | TurnVerdict]:
    """Everything up to and with so many finals."""
    news: list[Transcript | TurnVerdict] = []
    async with aclosing(hearing.transcripts()) as transcripts:  # type: ignore[type-var]
        async for one in transcripts:
            news.append(one)
            finals -= isinstance(one, Transcript) and one.final
            if not finals:
                break
    return news


async def failure_of(vendor: Vendor, access: Access) -> tuple[str, bool]:
    """How a recogniser fails that is given one utterance to hear: the reason, and whether to try again."""
    try:
        async with vendor.speech_to_text(access).open("en", None) as hearing:
            say(hearing, 1, sound(1))
            async for _ in hearing.transcripts():
                pass
    except ProviderError as error:
        return error.reason, error.retryable
    raise AssertionError("nothing failed")


async def until(happened: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait for what a server in this same loop is about to notice."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + within_s
    while loop.time() < end_s:
        if happened():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")
