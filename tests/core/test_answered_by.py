"""Who answered a call of ours, told by tones, pauses and words."""

import numpy as np
import pytest

from pipeline.answered_by import AnsweredBy, Found
from tests.drive.tones import a_key, a_tone

FRAME_BYTES = 320


def tone(hz: float, ms: int) -> bytes:
    return a_tone(hz, ms, rate_hz=8_000)


def quiet(ms: int) -> bytes:
    return bytes(16 * ms)


def talk(ms: int, pitch_hz: float = 140.0) -> bytes:
    """A voice's harmonics that rise and fall: sound that is no tone."""
    moments = np.arange(8 * ms) / 8_000
    phase = 2 * np.pi * pitch_hz * (moments + 0.02 * np.sin(2 * np.pi * 3 * moments))
    wave = sum(np.sin(number * phase) / number for number in range(1, 9))
    return (3_000 * wave * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * moments))).astype("<i2").tobytes()


def heard(*sounds: bytes) -> list[tuple[str, str, bool]]:
    listener, pcm = AnsweredBy(), b"".join(sounds)
    found = [listener.hear(pcm[at : at + FRAME_BYTES]) for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]
    return [(each.who, each.why, each.ready) for each in found if each is not None]


def test_who_says_a_short_hello_and_waits_is_a_person() -> None:
    assert heard(quiet(400), talk(700), quiet(2_000)) == [("human", "greeting", False)]


def test_a_long_greeting_a_beep_and_a_silence_are_a_voicemail() -> None:
    for pause_ms in (300, 305, 313):  # a beep keeps to no frames
        found = heard(talk(6_000), quiet(pause_ms), tone(1_000, 409), quiet(3_000))
        assert found == [("voicemail", "beep", True)], pause_ms


@pytest.mark.parametrize(
    "sounds",
    [
        (talk(6_000), quiet(300), tone(1_000, 400), quiet(500), talk(3_000)),
        (talk(6_000), quiet(300), a_key("5", 400), quiet(3_000)),
        (talk(6_000), quiet(300), tone(1_000, 60), quiet(3_000)),
        (talk(9_000), quiet(700), talk(9_000)),
        (quiet(500), tone(425, 1_000), quiet(4_000), tone(425, 1_000), quiet(4_000)),
        (talk(700), quiet(1_000), talk(5_000), tone(1_000, 400), quiet(4_000)),
    ],
    ids=["speaks on", "a key", "a click", "talks on", "ringing", "greeted before"],
)
def test_who_may_be_a_person_is_one(sounds: tuple[bytes, ...]) -> None:
    assert {who for who, _, _ in heard(*sounds, quiet(30_000))} == {"human"}


@pytest.mark.parametrize(
    "sounds",
    [
        (quiet(300), tone(2_100, 3_000)),
        (tone(1_100, 500), quiet(3_000), tone(1_100, 500), quiet(100)),
        (talk(600), quiet(1_000), tone(2_100, 3_000)),
    ],
)
def test_a_fax_is_known_by_its_tones(sounds: tuple[bytes, ...]) -> None:
    assert heard(*sounds)[-1] == ("fax", "tone", False)


def told(*words: str) -> Found | None:
    listener = AnsweredBy()
    return next(filter(None, (listener.understand(each) for each in words)), None)


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("Please leave your message after the tone.", "voicemail"),
        ("You have reached the voicemail of extension six.", "voicemail"),
        ("Hi, we can't come to the phone right now. Leave a message!", "voicemail"),
        ("Leider kann ich Ihren Anruf nicht entgegennehmen. Bitte sprechen Sie nach dem Signalton.", "voicemail"),
        ("Deje su mensaje después de la señal.", "voicemail"),
        ("Vous êtes bien sur le répondeur du cabinet.", "voicemail"),
        ("Hi, if you record your name and reason for calling, I'll see if this person is available.", "screening"),
        ("Hello?", None),
        ("He is not here. Would you like to leave a message?", None),
        ("May I ask who is calling?", None),
        ("Can you leave a message with my colleague", None),
        ("I am not available at the moment, what is it about?", None),
    ],
)
def test_only_words_that_a_machine_says_tell_of_one(words: str, who: str | None) -> None:
    found = told(words)

    assert (found.who if found else None) == who


def test_a_voicemail_known_by_its_words_records_after_its_beep_or_when_it_waits() -> None:
    ready = []
    for end in (tone(850, 300) + quiet(300), quiet(3_000)):
        listener = AnsweredBy()
        listener.understand("You have reached the voicemail of nobody")
        pcm = talk(2_000) + end
        frames = [listener.hear(pcm[at : at + FRAME_BYTES]) for at in range(0, len(pcm), FRAME_BYTES)]
        ready += [(each.why, each.ready) for each in frames if each is not None]

    assert ready == [("beep", True), ("silence", True)]


def test_what_is_said_late_in_a_call_is_conversation() -> None:
    listener = AnsweredBy()
    for _ in range(1_300):
        listener.hear(bytes(FRAME_BYTES))

    assert listener.understand("I said: leave a message after the tone") is None
