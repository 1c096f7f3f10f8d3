"""Every vendor file, broken in every way at the worst moment, with another vendor of its layer to stand in.

Rule: the vendors' servers are simulated, sockets and files are real; what was begun is ended, once and whole. How long
that takes is for `offhook bench faults` to tell.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.audio import NARROW_HZ, WIDE_HZ, Frame
from pipeline.fallback.model import FallbackModel
from pipeline.fallback.race import Candidate, Patience
from pipeline.fallback.voice import FallbackVoice, Speaker
from pipeline.hearing import Ear
from pipeline.providers import Access, Message, Prompt, Reached, TextDelta, Transcript
from pipeline.signals import Input
from telephony.bench.fault_cells import FAULTS, TRIED, Fault, Stage, Tried, page, staged
from telephony.bench.faults import REPLY, said
from telephony.bench.vendor_servers.tone_words import heard_words, words_of
from telephony.makers import LANGUAGE_MODELS, NARROW_VOICES, RECOGNISERS, VOICES
from telephony.media.narrowing import Narrowing
from telephony.media.rates import rate_change
from tests.drive import speech

PATIENCE = Patience(first_s=1.2, next_s=1.0, all_s=40.0)
FIRST = {layer: next(tried for tried in TRIED if tried.layer == layer) for layer in ("stt", "llm", "tts")}
PROMPT = Prompt("Be brief.", (Message("user", "Is there a table?"),))
TEXT = "Certainly, your table by the window is ready at seven."


@asynccontextmanager
async def two_vendors(tried: Tried) -> AsyncIterator[tuple[Stage, Stage]]:
    """The one to break, and the one that stands in."""
    async with AsyncExitStack() as stages:
        servers = [
            each.server(reply=said) if each.layer == "llm" else each.server() for each in (tried, FIRST[tried.layer])
        ]
        first = await stages.enter_async_context(staged(tried, servers[0]))
        yield first, await stages.enter_async_context(staged(FIRST[tried.layer], servers[1]))


def access(stage: Stage) -> Access:
    return Access(stage.url, "key")


async def reply_of(tried: Tried, fault: Fault) -> str:
    """What two models say together."""
    async with two_vendors(tried) as stages:
        servers = [LANGUAGE_MODELS[stage.tried.protocol](access(stage)) for stage in stages]
        for server in servers:
            await server.load()
        models = [server.model(stage.tried.model) for server, stage in zip(servers, stages, strict=True)]
        stages[0].arm(fault)
        several = FallbackModel((Candidate(f"llm {at}", model) for at, model in enumerate(models)), PATIENCE)
        async with aclosing(several.reply(PROMPT)) as deltas:
            text = "".join([delta.text async for delta in deltas if isinstance(delta, TextDelta)])
        for server in servers:
            await server.close()
    return text.strip()


async def speech_of(tried: Tried, fault: Fault) -> list[int]:
    """Which words two voices say together on a call's line."""
    async with two_vendors(tried) as stages:
        makers = [NARROW_VOICES.get(stage.tried.protocol, VOICES[stage.tried.protocol]) for stage in stages]
        voices = [make(access(stage), stage.tried.model) for make, stage in zip(makers, stages, strict=True)]
        stages[0].arm(fault)
        speakers = [Speaker(voice, lambda _: "v") for voice in voices]
        line = Narrowing(rate_change(WIDE_HZ, NARROW_HZ))
        several = FallbackVoice((Candidate(f"tts {at}", each) for at, each in enumerate(speakers)), PATIENCE)
        async with aclosing(several.speak(TEXT, "", 1.0)) as pieces:
            pcm = b"".join([line.process(piece) async for piece in pieces if not isinstance(piece, Reached)])
        for voice in voices:
            await voice.close()
    return heard_words(pcm, TEXT)


async def final_of(tried: Tried, fault: Fault) -> str:
    """What is understood of an utterance in whose middle a recogniser breaks."""
    posted: asyncio.Queue[Input] = asyncio.Queue()
    async with two_vendors(tried) as stages:
        recognisers = [RECOGNISERS[stage.tried.protocol](access(stage), stage.tried.model) for stage in stages]
        ear = Ear(
            [
                Candidate(f"stt {at}", lambda each=each: each.open("en", None))  # type: ignore[misc]
                for at, each in enumerate(recognisers)
            ],
            posted.put_nowait,
        )
        running = asyncio.create_task(ear.run())
        ear.begin(1, 0)
        for number, frame in enumerate(speech.frames(speech.narrow("I would like a table for two."))):
            if number == 25:
                stages[0].arm(fault)
            ear.hear(Frame(frame.narrow, frame.wide))
            await asyncio.sleep(0.02)
        ear.end(1)
        while not (isinstance(news := await posted.get(), Transcript) and news.final):
            pass
        running.cancel()
        await asyncio.wait([running])
    return news.text


@pytest.mark.slow
@pytest.mark.parametrize("tried", TRIED, ids=lambda tried: tried.file)
async def test_whatever_breaks_what_was_begun_is_ended(tried: Tried) -> None:
    told = {"llm": reply_of, "tts": speech_of, "stt": final_of}[tried.layer]
    found: list[Any] = await asyncio.gather(*(told(tried, fault) for fault in FAULTS))
    whole = dict(zip(FAULTS, found, strict=True))

    match tried.layer:
        case "llm":
            assert whole == dict.fromkeys(FAULTS, REPLY)
        case "tts":
            told_twice = {fault: heard for fault, heard in whole.items() if len(heard) != len(set(heard))}
            lost = {fault: heard for fault, heard in whole.items() if len(heard) < len(words_of(TEXT)) - 1}
            assert (told_twice, lost) == ({}, {})
        case "stt":
            assert whole == dict.fromkeys(FAULTS, "yes please")


def test_the_page_of_vendor_files_is_as_the_code_has_it() -> None:
    assert Path("pipeline/providers/README.md").read_text() == page()
