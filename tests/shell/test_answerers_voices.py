"""Who answered, by the embedded voices over a telephone line, with beeps of many kinds and with noise."""

import itertools

import numpy as np
import pytest

from pipeline.answered_by import AnsweredBy, Found
from pipeline.providers.embedded_tts import SILENCE_LEVELS
from tests.drive.speech import FRAME_BYTES, narrow, over_the_telephone, silence
from tests.drive.tones import a_tone, samples_of

VOICES = tuple(SILENCE_LEVELS)
MACHINES = (
    "Hello, you have reached Miller and Sons. We are closed at the moment. Please call again tomorrow.",
    "I cannot come to the phone. Tell me who you are, and I shall ring you back as soon as I am here again.",
)
PEOPLE = (
    "Hello?",
    "Miller and Sons, good morning.",
    "Good morning, this is Miller and Sons, you are speaking with Anna, how may I help you today?",
    "Ooooh, who is it? I was in the garden. Mmmmmm. No, no, do go on, I am sitting down now.",
)
NOISES = (0.0, 30.0, 120.0)  # RMS; the last is some -49 dBFS


def on_the_line(*sounds: bytes, noise: float) -> list[Found]:
    samples = samples_of(b"".join(sounds))
    hiss = np.random.default_rng(7).normal(0, noise, len(samples)) if noise else np.zeros(len(samples))
    pcm, listener = over_the_telephone(samples + hiss), AnsweredBy()
    starts = range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)
    return [found for at in starts if (found := listener.hear(pcm[at : at + FRAME_BYTES])) is not None]


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(("hz", "ms", "level"), [(440, 500, 8_000), (1_000, 200, 3_000), (1_400, 1_000, 1_500)])
def test_a_voicemail_that_beeps_is_one_whoever_speaks_on_it(hz: float, ms: int, level: float, noise: float) -> None:
    beep = a_tone(hz, ms, level=level, rate_hz=8_000)
    for text, voice in itertools.product(MACHINES, VOICES):
        found = on_the_line(silence(300), narrow(text, voice), silence(413), beep, silence(3_000), noise=noise)
        assert [(each.who, each.why, each.ready) for each in found] == [("voicemail", "beep", True)], (text, voice)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("voice", VOICES)
def test_no_person_is_taken_for_a_machine(voice: str, noise: float) -> None:
    for text, again in itertools.product(PEOPLE, ("Hello? Are you there?", "Who is calling, please?")):
        said = narrow(text, voice), silence(2_500), narrow(again, voice), silence(30_000)
        assert {found.who for found in on_the_line(silence(300), *said, noise=noise)} == {"human"}, (text, again)
