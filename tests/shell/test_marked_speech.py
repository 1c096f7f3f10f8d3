"""Marked speech is told by its mark, and its words come as they are spoken."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pipeline.audio import Frame
from pipeline.providers import Hearing, Transcript
from pipeline.providers.embedded_tts import EmbeddedVoice
from pipeline.providers.simulated import Latency
from telephony.bench.lines import (
    BACKCHANNELS,
    HESITATIONS,
    INTERRUPTIONS,
    LINES,
    MORE_TURNS,
    TURNS,
    repertoire,
    spoken_lines,
)
from telephony.bench.marked_hearing import MarkedSpeechToText, Spoken
from telephony.bench.marked_speech import number_in
from telephony.wire.speech import Speech, decoded

FAST = Latency(final_ms=1)


@pytest.fixture(scope="module")
def speeches() -> dict[int, Speech]:
    with EmbeddedVoice() as voice:
        return asyncio.run(spoken_lines(voice))


def frames_of(speech: Speech) -> list[Frame]:
    return [Frame(decoded(packet, "ulaw"), b"") for packet in speech.ulaw]


async def test_every_line_is_told_by_its_mark_and_nothing_else_is_taken_for_one(speeches: dict[int, Speech]) -> None:
    said = repertoire(speeches, marks=True)
    marked = (*said.turns, *said.interruptions, *said.backchannels)
    found = [[number_in(frame.narrow) for frame in frames_of(speech)] for speech in (*marked, *said.noises)]

    whole = [[line.number] * 2 for line in (*TURNS, *MORE_TURNS)]
    halves = [[first.number] * 2 + [second.number] * 2 for first, _, second in HESITATIONS]
    others = [[line.number] * 2 for line in (*INTERRUPTIONS, *BACKCHANNELS)]
    expected = [*whole, *halves, *others, *[[]] * len(said.noises)]
    assert [[number for number in numbers if number is not None] for numbers in found] == expected


async def test_words_come_as_they_are_spoken_and_none_that_were_not(speeches: dict[int, Speech]) -> None:
    line = LINES[0]
    spoken = Spoken(tuple(line.text.split()), speeches[line.number].duration_ms)
    frames = frames_of(repertoire(speeches, marks=True).turns[0])

    async with MarkedSpeechToText(FAST, 150.0, {line.number: spoken}).open("en", None) as hearing:
        hearing.begin(1)
        for frame in frames[: len(frames) // 2]:
            hearing.feed(frame)
        hearing.end(1)
        told = []
        async for words in hearing.transcripts():
            told.append(words)
            if words.final:
                break

    partials, final = [words.text for words in told[:-1]], told[-1].text
    assert partials == [" ".join(line.text.split()[: nth + 1]) for nth in range(len(partials))]
    assert 0 < len(partials) < len(final.split()) < len(line.text.split())
    assert line.text.startswith(final)


async def test_a_caller_who_goes_on_after_a_thought_is_understood_as_a_whole(speeches: dict[int, Speech]) -> None:
    spoken = {line.number: Spoken(tuple(line.text.split()), speeches[line.number].duration_ms) for line in LINES}
    first, _, second = HESITATIONS[0]
    said = repertoire(speeches, marks=True).turns[-len(HESITATIONS)]

    async with MarkedSpeechToText(FAST, 150.0, spoken).open("en", None) as hearing:
        hearing.begin(1)
        for frame in frames_of(said):
            hearing.feed(frame)
        hearing.end(1)
        final = [words.text async for words in up_to_the_final(hearing)][-1]

    assert final == f"{first.text} {second.text}"


async def up_to_the_final(hearing: Hearing) -> AsyncIterator[Transcript]:
    async for words in hearing.transcripts():
        assert isinstance(words, Transcript)
        yield words
        if words.final:
            return
