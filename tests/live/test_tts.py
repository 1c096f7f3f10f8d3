"""Real vendors say a sentence. Each test runs only when the vendor's key is in the environment."""

import array

import pytest

from pipeline.audio import WIDE_HZ, ms_of
from pipeline.providers import ProviderError
from pipeline.providers.cartesia_tts import CartesiaTextToSpeech
from pipeline.providers.deepgram_tts import DeepgramTextToSpeech
from pipeline.providers.elevenlabs_tts import ElevenLabsTextToSpeech
from pipeline.providers.inworld_tts import InworldTextToSpeech
from pipeline.providers.openai_speech import OpenAISpeech
from tests.drive.real_vendors import at
from tests.drive.voices import Voice, audio, first_sound, reached, said, speaking

pytestmark = pytest.mark.timeout(60)

SENTENCE = "We have 2 tables left for this evening, one of them by the window."


async def speaks(voice: Voice, name: str, *, timed: bool) -> None:
    try:
        await voice.warm(name)
        async with speaking(voice, SENTENCE, name) as pieces:
            assert await first_sound(pieces)
        pieces = await said(voice, SENTENCE, name)
    finally:
        await voice.close()
    pcm = audio(pieces)
    chars = [timing.chars for timing in reached(pieces)]
    assert 2_000 < ms_of(pcm, WIDE_HZ) < 12_000
    assert max(array.array("h", pcm)) > 1_000
    assert chars == sorted(set(chars))
    assert chars[-1:] == ([len(SENTENCE)] if timed else [])
    assert all(timing.audio_ms <= ms_of(pcm, WIDE_HZ) + 100 for timing in reached(pieces))


async def is_refused(voice: Voice, name: str) -> None:
    with pytest.raises(ProviderError) as raised:
        await said(voice, SENTENCE, name)
    await voice.close()
    assert (raised.value.reason, raised.value.retryable) == ("refused", False)


@pytest.mark.live("ELEVENLABS_API_KEY")
async def test_elevenlabs_speaks(live_key: str) -> None:
    rachel, model = "21m00Tcm4TlvDq8ikWAM", "eleven_flash_v2_5"

    await speaks(ElevenLabsTextToSpeech(at("elevenlabs", "tts", live_key), model), rachel, timed=True)
    await is_refused(ElevenLabsTextToSpeech(at("elevenlabs", "tts", "wrong"), model), rachel)


@pytest.mark.live("CARTESIA_API_KEY")
async def test_cartesia_speaks(live_key: str) -> None:
    name = "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"

    await speaks(CartesiaTextToSpeech(at("cartesia", "tts", live_key), "sonic-3"), name, timed=True)
    await is_refused(CartesiaTextToSpeech(at("cartesia", "tts", "wrong"), "sonic-3"), name)


@pytest.mark.live("DEEPGRAM_API_KEY")
async def test_deepgram_speaks(live_key: str) -> None:
    await speaks(DeepgramTextToSpeech(at("deepgram", "tts", live_key), "aura-2"), "thalia", timed=False)
    await is_refused(DeepgramTextToSpeech(at("deepgram", "tts", "wrong"), "aura-2"), "thalia")


@pytest.mark.live("OPENAI_API_KEY")
async def test_openai_speaks(live_key: str) -> None:
    await speaks(OpenAISpeech(at("openai", "tts", live_key), "gpt-4o-mini-tts"), "alloy", timed=False)
    await is_refused(OpenAISpeech(at("openai", "tts", "wrong"), "gpt-4o-mini-tts"), "alloy")


@pytest.mark.live("INWORLD_API_KEY")
async def test_inworld_speaks(live_key: str) -> None:
    await speaks(InworldTextToSpeech(at("inworld", "tts", live_key), "inworld-tts-1.5-max"), "Ashley", timed=True)
    await is_refused(InworldTextToSpeech(at("inworld", "tts", "d3Jvbmc6d3Jvbmc="), "inworld-tts-1.5-max"), "Ashley")
