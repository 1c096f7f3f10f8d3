"""Real vendors hear a sentence by the embedded voice. Each runs only when its key is in the environment."""

import re
from collections.abc import Callable

import pytest

from pipeline.providers import Access, SpeechToText, Transcript
from pipeline.providers.assemblyai_stt import AssemblyAI
from pipeline.providers.deepgram_flux import DeepgramFlux
from pipeline.providers.deepgram_nova import DeepgramNova
from pipeline.providers.inworld_stt import InworldStt
from pipeline.providers.openai_files import OpenAIFiles
from pipeline.providers.openai_transcription import OpenAITranscription
from tests.drive import speech
from tests.drive.real_vendors import at
from tests.drive.recognisers import heard_until, say

pytestmark = pytest.mark.timeout(60)

SENTENCE = "I would like to book a table for four people."


RECOGNISERS: list[tuple[str, str, Callable[[Access, str], SpeechToText], str]] = [
    ("DEEPGRAM_API_KEY", "deepgram", DeepgramNova, "nova-3"),
    ("DEEPGRAM_API_KEY", "deepgram", DeepgramFlux, "flux-general-en"),
    ("OPENAI_API_KEY", "openai", OpenAITranscription, "gpt-4o-mini-transcribe"),
    ("OPENAI_API_KEY", "openai", OpenAIFiles, "gpt-4o-mini-transcribe"),
    ("ASSEMBLYAI_API_KEY", "assemblyai", AssemblyAI, "universal-streaming-english"),
    ("INWORLD_API_KEY", "inworld", InworldStt, "inworld/inworld-stt-1"),
]


@pytest.mark.parametrize(
    ("vendor", "recogniser", "model"), [pytest.param(*row, marks=pytest.mark.live(key)) for key, *row in RECOGNISERS]
)
async def test_a_vendor_understands_a_sentence(
    vendor: str, recogniser: Callable[[Access, str], SpeechToText], model: str, live_key: str
) -> None:
    pcm = speech.narrow(SENTENCE, "slt") + speech.silence(300)
    async with recogniser(at(vendor, "stt", live_key), model).open("en", "book a table") as hearing:
        say(hearing, 1, pcm)
        final = (await heard_until(hearing, 1))[-1]
    assert isinstance(final, Transcript)
    assert "book a table for" in " ".join(re.findall(r"\w+", final.text.lower()))
