"""The embedded recogniser listens for many calls at once, and a process that dies takes only its own calls along."""

import asyncio
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from pipeline.providers import Hearing, ProviderError, Transcript
from pipeline.providers.embedded_stt import EmbeddedSpeechToText
from pipeline.providers.sphinx.recogniser import dictionary_lines
from pipeline.providers.sphinx.wire import Close, Open, Ready, Report
from pipeline.providers.sphinx.worker import KNOWN_DOMAINS, OpenHearings
from tests.drive import speech

PHRASES = "a table for two please\nI would like to cancel my booking"
MANY = 30


async def hears(hearing: Hearing, text: str, utterance: int = 1) -> str:
    """The final words of one sentence."""
    hearing.begin(utterance)
    for frame in speech.frames(speech.narrow(text) + speech.silence(300)):
        hearing.feed(frame)
    hearing.end(utterance)
    return await the_final(hearing)


async def the_final(hearing: Hearing) -> str:
    async for transcript in hearing.transcripts():
        if isinstance(transcript, Transcript) and transcript.final:
            return transcript.text
    return "nothing"


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


async def test_many_calls_at_once_are_all_heard() -> None:
    async with EmbeddedSpeechToText(workers=1, expect=[PHRASES]) as speech_to_text, AsyncExitStack() as calls:
        opening = [calls.enter_async_context(speech_to_text.open("en", PHRASES)) for _ in range(MANY)]
        hearings = await asyncio.gather(*opening)
        heard = await asyncio.gather(*(hears(hearing, "a table for two please") for hearing in hearings))

    assert heard == ["a table for two please"] * MANY


async def test_a_process_that_dies_takes_its_own_calls_along_and_is_replaced() -> None:
    before = children()
    async with EmbeddedSpeechToText(workers=2, expect=[PHRASES]) as speech_to_text, AsyncExitStack() as calls:
        first, second = sorted(children() - before)
        hearings = [await calls.enter_async_context(speech_to_text.open("en", PHRASES)) for _ in range(2)]
        ends = [asyncio.create_task(the_final(hearing)) for hearing in hearings]
        os.kill(first, signal.SIGKILL)
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        lost = [isinstance(end.exception(), ProviderError) for end in ends if end.done()]
        for end in ends:
            end.cancel()

        third = await calls.enter_async_context(speech_to_text.open("en", PHRASES))
        text = await hears(third, "a table for two please")
        await speech_to_text.start()
        running = children() - before

    assert (lost, text) == ([True], "a table for two please")
    assert (len(running), first in running, second in running) == (2, False, True)


async def test_nobody_waits_for_a_replacement_while_another_process_lives() -> None:
    before = children()
    async with EmbeddedSpeechToText(workers=2, expect=[PHRASES]) as speech_to_text, AsyncExitStack() as calls:
        first, second = sorted(children() - before)
        witness = [await calls.enter_async_context(speech_to_text.open("en", PHRASES)) for _ in range(2)]
        ends = [asyncio.create_task(the_final(hearing)) for hearing in witness]
        os.kill(first, signal.SIGKILL)
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()

        await calls.enter_async_context(speech_to_text.open("en", PHRASES))
        replacement = children() - before - {second}
        for pid in replacement:
            os.kill(pid, signal.SIGSTOP)  # it will not be ready for anybody
        try:
            hearing = await calls.enter_async_context(speech_to_text.open("en", PHRASES))
            text = await hears(hearing, "a table for two please")
        finally:
            for pid in replacement:
                os.kill(pid, signal.SIGCONT)

    assert (len(replacement), text) == (1, "a table for two please")


async def test_calls_find_a_process_also_when_all_have_died() -> None:
    before = children()
    async with EmbeddedSpeechToText(workers=1, expect=[PHRASES]) as speech_to_text:
        async with speech_to_text.open("en", PHRASES) as hearing:
            (only,) = children() - before
            os.kill(only, signal.SIGKILL)
            with pytest.raises(ProviderError) as raised:
                await the_final(hearing)
        async with speech_to_text.open("en", PHRASES) as hearing:
            text = await hears(hearing, "a table for two please")

    assert (raised.value.retryable, text, children() - before) == (True, "a table for two please", set())


async def test_a_prompt_that_has_no_sound_is_refused_and_harms_nobody() -> None:
    async with EmbeddedSpeechToText(workers=1) as speech_to_text:
        with pytest.raises(ProviderError) as raised:
            async with speech_to_text.open("en", "привет"):
                pass
        async with speech_to_text.open("en", PHRASES) as hearing:
            text = await hears(hearing, "a table for two please")

    assert (raised.value.reason, raised.value.retryable, text) == ("refused", False, "a table for two please")


class Library:
    """A dictionary that counts how often it is read."""

    def __init__(self) -> None:
        self.read = 0

    def lines(self) -> Iterable[str]:
        self.read += 1
        return self._kept()

    def _kept(self) -> Iterator[str]:
        yield from dictionary_lines()


def test_what_a_prompt_comes_to_is_worked_out_once() -> None:
    library, reports = Library(), list[Report]()
    hearings = OpenHearings(reports.append, library.lines)

    for hearing in range(4):
        hearings.obey(Open(hearing, PHRASES))
    hearings.obey(Close(0))
    hearings.obey(Open(4, PHRASES))

    assert (reports, library.read) == ([Ready(hearing) for hearing in range(5)], 1)


@pytest.mark.slow
def test_prompts_that_nobody_uses_any_more_are_forgotten() -> None:
    library, reports = Library(), list[Report]()
    hearings = OpenHearings(reports.append, library.lines)

    for number in range(KNOWN_DOMAINS + 1):
        hearings.obey(Open(number, f"{PHRASES}\n{'yes ' * (number + 1)}"))
    hearings.obey(Open(1_000, f"{PHRASES}\nyes"))

    assert (len(reports), library.read) == (KNOWN_DOMAINS + 2, KNOWN_DOMAINS + 2)
