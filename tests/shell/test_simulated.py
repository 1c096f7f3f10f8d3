"""The vendors that benches stand on keep their own promises; how exactly in time is for a bench to say."""

import asyncio

import numpy as np
import pytest

from pipeline.audio import NARROW_HZ, WIDE_HZ, Narrow, speech_ms
from pipeline.providers import Message, Prompt, TextDelta, Transcript, Usage
from pipeline.providers.simulated import Latency, SimulatedModel, SimulatedSpeechToText, SimulatedVoice
from tests.drive.cascade import SILENT_FRAME, SPEECH_FRAME
from tests.drive.speech import gathered

PROMPT = Prompt("", (Message("user", "Hello."),))
FAST = Latency(final_ms=1, first_token_ms=1, tokens_per_s=1_000, first_chunk_ms=1, times_real_time=1_000)


async def test_each_utterance_gets_its_final_transcript_in_order() -> None:
    stt = SimulatedSpeechToText(FAST, lambda utterance: f"utterance {utterance}")

    async with stt.open("en", None) as hearing:
        for utterance in (0, 1):
            hearing.begin(utterance)
            hearing.end(utterance)
        finals = hearing.transcripts()
        heard = [await anext(finals), await anext(finals)]

    assert [(each.utterance, each.text, each.final) for each in heard] == [
        (0, "utterance 0", True),
        (1, "utterance 1", True),
    ]


async def test_the_words_of_an_utterance_come_once_it_is_silent_and_not_after_its_end() -> None:
    async with SimulatedSpeechToText(Latency(partial_ms=1, final_ms=1)).open("en", None) as hearing:
        hearing.begin(0)
        for frame in (SPEECH_FRAME, SPEECH_FRAME, SILENT_FRAME):
            hearing.feed(frame)
        news = hearing.transcripts()
        partial = await anext(news)
        hearing.begin(1)
        hearing.feed(SPEECH_FRAME)
        hearing.end(1)
        final = await anext(news)

    assert [partial, final] == [Transcript(0, "yes please", final=False), Transcript(1, "yes please", final=True)]
    assert [each async for each in news] == []


async def test_a_closed_hearing_ends_its_transcripts_and_gives_no_late_ones() -> None:
    async with SimulatedSpeechToText(Latency(final_ms=60_000)).open("en", None) as hearing:
        hearing.begin(0)
        hearing.end(0)

    assert [final async for final in hearing.transcripts()] == []


async def test_nothing_comes_before_its_time() -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    token = await anext(SimulatedModel().reply(PROMPT))
    token_s = loop.time() - began_s
    chunk = await anext(SimulatedVoice().speak("Yes.", "", 1.0))
    chunk_s = loop.time() - began_s - token_s

    assert (token, speech_ms(chunk)) == (TextDelta("Certainly, "), 100)
    assert token_s >= 0.199
    assert chunk_s >= 0.099


async def test_a_reply_is_the_whole_text() -> None:
    deltas = [
        delta async for delta in SimulatedModel(FAST, lambda prompt: f"{len(prompt.turns)} turn, yes.").reply(PROMPT)
    ]

    assert deltas == [TextDelta("1 "), TextDelta("turn, "), TextDelta("yes."), Usage(1, 3)]


@pytest.mark.parametrize(("narrow", "rate_hz"), [(False, WIDE_HZ), (True, NARROW_HZ)])
async def test_speech_is_as_long_as_its_words_and_loud_throughout(narrow: bool, rate_hz: int) -> None:
    chunks = await gathered(SimulatedVoice(FAST, narrow=narrow).speak("One two three four five.", "", 1.0))

    pcm = b"".join(chunk.pcm if isinstance(chunk, Narrow) else chunk for chunk in chunks)
    sound = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    per_20_ms = np.sqrt((sound.reshape(-1, rate_hz // 50) ** 2).mean(axis=1))
    assert len(sound) == rate_hz * 5 * 320 // 1_000
    assert per_20_ms.min() > 500
    assert max(speech_ms(chunk) for chunk in chunks) == 100


async def test_an_interrupted_vendor_leaves_nothing_behind() -> None:
    before = len(asyncio.all_tasks())
    reply, speech = SimulatedModel().reply(PROMPT), SimulatedVoice().speak("Yes.", "", 1.0)
    waiting = [asyncio.ensure_future(anext(reply)), asyncio.ensure_future(anext(speech))]
    await asyncio.sleep(0)

    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await reply.aclose()
    await speech.aclose()

    assert len(asyncio.all_tasks()) == before
