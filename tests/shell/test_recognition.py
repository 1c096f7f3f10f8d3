"""How well the embedded recogniser understands a restaurant's callers, by a voice it was never trained on."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from pipeline.flow import Flow
from pipeline.providers import Hearing, Transcript
from pipeline.providers.embedded_stt import EmbeddedSpeechToText
from tests.drive import speech

DIALPLAN = Path(__file__).parents[2] / "dialplans" / "demo.toml"
LOST_FRAMES = (31, 52, 75)
SAID = (
    *("what are your opening hours", "are you open on sunday", "what is your address", "what is on the menu"),
    *("i'd like to book a table for four people on friday", "i'd like a table for two on saturday at seven"),
    *("a table for tonight", "for six people", "on thursday", "tomorrow evening", "at seven thirty", "eight o'clock"),
    *("yes please", "no thank you", "i want to cancel my booking", "can i speak to a person", "thank you goodbye"),
)


def expected_phrases() -> str:
    flow = tomllib.loads(DIALPLAN.read_text(encoding="utf-8"))["flows"]["reception"]
    return "\n".join(msgspec.convert(flow, Flow).phrases())


def word_errors(said: str, heard: str) -> int:
    """Substitutions, deletions and insertions between two sentences."""
    row = list(range(len(heard.split()) + 1))
    for nth, word in enumerate(said.split(), 1):
        above, row[0] = row[0], nth
        for at, other in enumerate(heard.split(), 1):
            above, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, above + (word != other))
    return row[-1]


async def heard_by(hearing: Hearing, utterance: int, pcm: bytes) -> str:
    hearing.begin(utterance)
    for frame in speech.frames(pcm):
        hearing.feed(frame)
    hearing.end(utterance)
    async for transcript in hearing.transcripts():
        if isinstance(transcript, Transcript) and transcript.final:
            return transcript.text
    return ""


def with_lost_packets(pcm: bytes) -> bytes:
    """The sound with silence in place of some packets."""
    for frame in LOST_FRAMES:
        start = frame * speech.FRAME_BYTES
        pcm = pcm[:start] + bytes(len(pcm[start : start + speech.FRAME_BYTES])) + pcm[start + speech.FRAME_BYTES :]
    return pcm


@pytest.mark.slow
@pytest.mark.parametrize(("damaged", "most_errors_pct"), [(False, 15), (True, 30)])
async def test_callers_are_understood(damaged: bool, most_errors_pct: int) -> None:
    phrases = expected_phrases()
    errors, heard = 0, {}
    async with (
        EmbeddedSpeechToText(workers=1, expect=[phrases]) as speech_to_text,
        speech_to_text.open("en", phrases) as hearing,
    ):
        for utterance, said in enumerate(SAID):
            spoken = speech.narrow(said, "slt")
            pcm = (with_lost_packets(spoken) if damaged else spoken) + speech.silence(300)
            heard[said] = await heard_by(hearing, utterance, pcm)
            errors += word_errors(said, heard[said])

    assert 100 * errors / sum(len(said.split()) for said in SAID) <= most_errors_pct, heard
