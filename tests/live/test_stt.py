"""Real vendors hear a sentence by the embedded voice. Each runs only when its key is in the environment."""

import re

import pytest

from pipeline.providers import Access, SpeechToText, Transcript
from pipeline.providers.assemblyai_stt import AssemblyAI
from pipeline.providers.deepgram_flux import DeepgramFlux
from pipeline.providers.deepgram_nova import DeepgramNova
from pipeline.providers.inworld_stt import InworldStt
from pipeline.providers.openai_files import OpenAIFiles
from pipeline.providers.openai_transcription import OpenAITranscription
from tests.drive import speech
from tests.drive.recognisers import heard_until, say

pytestmark = pytest.mark.timeout(60)

SENTENCE = "I would like to book a table for four people."


async def words_heard_by(speech_to_text: SpeechToText) -> str:
    pcm = speech.narrow(SENTENCE, "slt") + speech.silence(300)
    async with speech_to_text.open("en", "book a table") as hearing:
        say(hearing, 1, pcm)
        final = (await heard_until(hearing, 1))[-1]
    assert isinstance(final, Transcript)
    return " ".join(re.findall(r"\w+", final.text.lower()))


@pytest.mark.live("DEEPGRAM_API_KEY")
async def test_nova_understands(live_key: str) -> None:
    access = Access("https://api.deepgram.com", live_key)

    assert "book a table for" in await words_heard_by(DeepgramNova(access, "nova-3"))


@pytest.mark.live("DEEPGRAM_API_KEY")
async def test_flux_understands(live_key: str) -> None:
    access = Access("https://api.deepgram.com", live_key)

    assert "book a table for" in await words_heard_by(DeepgramFlux(access, "flux-general-en"))


@pytest.mark.live("OPENAI_API_KEY")
async def test_openai_understands(live_key: str) -> None:
    access = Access("https://api.openai.com/v1", live_key)

    assert "book a table for" in await words_heard_by(OpenAITranscription(access, "gpt-4o-mini-transcribe"))


@pytest.mark.live("OPENAI_API_KEY")
async def test_openai_understands_files(live_key: str) -> None:
    access = Access("https://api.openai.com/v1", live_key)

    assert "book a table for" in await words_heard_by(OpenAIFiles(access, "gpt-4o-mini-transcribe"))


@pytest.mark.live("ASSEMBLYAI_API_KEY")
async def test_assemblyai_understands(live_key: str) -> None:
    access = Access("https://streaming.assemblyai.com", live_key)

    assert "book a table for" in await words_heard_by(AssemblyAI(access, "universal-streaming-english"))


@pytest.mark.live("INWORLD_API_KEY")
async def test_inworld_understands(live_key: str) -> None:
    access = Access("https://api.inworld.ai", live_key)

    assert "book a table for" in await words_heard_by(InworldStt(access, "inworld/inworld-stt-1"))
