"""The agent's own voice: flite, for real."""

import asyncio

import numpy as np
import pytest
from structlog.testing import capture_logs

from pipeline.audio import WIDE_HZ, ms_of
from pipeline.providers import ProviderError
from pipeline.providers.embedded_tts import SILENCE_LEVELS, EmbeddedVoice, Flite, speakable
from tests.drive.speech import gathered

SENTENCE = "We are open from noon until ten in the evening, every day but Monday."
VOICES = sorted(SILENCE_LEVELS)


@pytest.mark.parametrize("voice", VOICES)
async def test_the_agent_speaks_a_sentence_piece_by_piece(voice: str) -> None:
    with EmbeddedVoice() as agent:
        chunks = await gathered(agent.speak(SENTENCE, voice, 1.0))

    assert len(chunks) > 40
    assert max(len(chunk) for chunk in chunks) <= WIDE_HZ // 5
    assert 3_000 < ms_of(b"".join(chunks), WIDE_HZ) < 6_000


@pytest.mark.parametrize("text", ["Yes.", SENTENCE, "Have a nice day."])
@pytest.mark.parametrize("voice", VOICES)
async def test_the_caller_does_not_wait_for_the_voice_to_draw_breath(voice: str, text: str) -> None:
    with EmbeddedVoice() as agent:
        chunks = await gathered(agent.speak(text, voice, 1.0))

    samples = np.frombuffer(b"".join(chunks), dtype="<i2").astype(np.float64)
    blocks = samples[: len(samples) // 120 * 120].reshape(-1, 120)
    first_sound_ms = int(np.argmax(np.sqrt((blocks**2).mean(axis=1)) > SILENCE_LEVELS[voice])) * 5
    assert first_sound_ms <= 60


async def test_an_agent_told_to_speak_faster_takes_less_time() -> None:
    with EmbeddedVoice() as agent:
        normal, fast = [
            ms_of(b"".join(await gathered(agent.speak(SENTENCE, "rms", speed))), WIDE_HZ) for speed in (1.0, 1.5)
        ]

    assert fast == pytest.approx(normal / 1.5, rel=0.05)


async def test_ten_agents_speaking_at_once_say_what_each_would_say_alone() -> None:
    with EmbeddedVoice() as agent:
        alone = b"".join(await gathered(agent.speak(SENTENCE, "kal16", 1.0)))
        at_once = await asyncio.gather(*(gathered(agent.speak(SENTENCE, "kal16", 1.0)) for _ in range(10)))

    assert {b"".join(chunks) for chunks in at_once} == {alone}


async def test_an_interrupted_sentence_is_given_up_and_the_next_one_is_spoken() -> None:
    with EmbeddedVoice(threads=1) as agent:
        interrupted = agent.speak(" ".join([SENTENCE] * 20), "rms", 1.0)
        await anext(interrupted)
        await interrupted.aclose()

        chunks = await gathered(agent.speak("Of course.", "rms", 1.0))

    assert 400 < ms_of(b"".join(chunks), WIDE_HZ) < 1_500


def test_flite_stops_at_the_piece_that_was_not_wanted() -> None:
    pieces: list[bytes] = []

    def take(pcm: bytes, _rate_hz: int) -> bool:
        pieces.append(pcm)
        return len(pieces) < 3

    Flite().say(SENTENCE, "rms", 1.0, take)

    assert len(pieces) == 3


@pytest.mark.parametrize("text", ["", "   ", "…", "?!", "— – ’", "你好", "🙂"])
async def test_a_text_without_a_word_is_not_spoken(text: str) -> None:
    with EmbeddedVoice() as agent:
        assert await gathered(agent.speak(text, "rms", 1.0)) == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Café naïve", "Cafe naive"),
        ("It’s “open”…", 'It\'s "open".'),
        ("£5 or €7.50", "5 pounds or 7.50 euros"),
        ("fish & chips", "fish and chips"),
        ("noon–two", "noon, two"),
        ("Straße, Łódź, Ærø", "Strasse, Lodz, AEro"),
    ],
)
def test_what_flite_cannot_read_is_written_out(written: str, read: str) -> None:
    assert speakable(written) == read


async def test_a_voice_that_nobody_has_is_refused() -> None:
    with EmbeddedVoice() as agent, pytest.raises(ProviderError) as failure:
        await gathered(agent.speak("Hello.", "marin", 1.0))

    assert failure.value.reason == "refused"


def test_a_voice_that_is_not_installed_is_named_with_its_remedy() -> None:
    with capture_logs() as logs, pytest.raises(ProviderError) as failure:
        Flite().say("Hello.", "nobody", 1.0, lambda _pcm, _rate_hz: True)

    assert failure.value.reason == "unreachable"
    assert [(log["event"], log["voice"], log["remedy"]) for log in logs] == [
        ("voice_missing", "nobody", "install libflite1")
    ]


async def test_an_empty_voice_is_the_default_one() -> None:
    with EmbeddedVoice() as agent:
        unnamed, named = [
            ms_of(b"".join(await gathered(agent.speak("Yes.", voice, 1.0))), WIDE_HZ) for voice in ("", "rms")
        ]

    assert unnamed == pytest.approx(named, abs=15)
