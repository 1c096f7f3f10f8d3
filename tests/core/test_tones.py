"""Keys are known by their tones, and nothing else is taken for one."""

import numpy as np
import pytest

from pipeline.audio import FRAME_MS, NARROW_HZ, bytes_of
from telephony.tones import COLUMNS_HZ, ROWS_HZ, ToneKeys
from tests.drive.tones import a_key

FRAME_BYTES = bytes_of(FRAME_MS, NARROW_HZ)
KEYS = "123A456B789C*0#D"


def silence(ms: int) -> bytes:
    return bytes(bytes_of(ms, NARROW_HZ))


def heard(pcm: bytes) -> str:
    tones = ToneKeys()
    frames = (pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES))
    return "".join(tones.hear(frame) or "" for frame in frames)


def test_each_key_is_heard_once_however_long_it_is_held() -> None:
    dialled = b"".join(a_key(key, ms) + silence(60) for key in KEYS for ms in (60, 1_000))

    assert heard(dialled) == "".join(key * 2 for key in KEYS)


@pytest.mark.parametrize("begins_ms", [0, 5, 10, 15])
@pytest.mark.parametrize("level", [300.0, 12_000.0])
def test_forty_milliseconds_are_enough_wherever_they_begin(begins_ms: int, level: float) -> None:
    dialled = b"".join(silence(begins_ms) + a_key(key, 40, level=level) + silence(60 - begins_ms) for key in "0055#")

    assert heard(dialled) == "0055#"


@pytest.mark.parametrize("stray", [0.982, 1.018])
@pytest.mark.parametrize("twist_db", [-8.0, 4.0])
def test_a_phone_that_is_a_little_out_of_tune_is_understood(stray: float, twist_db: float) -> None:
    dialled = b"".join(a_key(key, 80, stray=stray, twist_db=twist_db) + silence(60) for key in KEYS)

    assert heard(dialled) == KEYS


def test_a_key_is_heard_through_noise() -> None:
    noise = np.random.default_rng(1).normal(0, 700, NARROW_HZ)
    dialled = np.frombuffer(b"".join(a_key(key, 100) + silence(100) for key in "12345"), "<i2") + noise

    assert heard(dialled.clip(-32_768, 32_767).astype("<i2").tobytes()) == "12345"


def test_what_is_no_key_is_not_heard_as_one() -> None:
    moments = np.arange(NARROW_HZ) / NARROW_HZ
    voice = sum((np.sin(2 * np.pi * 174.0 * each * moments) / each for each in range(2, 16)), np.sin(0 * moments))
    alone = [np.sin(2 * np.pi * hz * moments) for hz in (*ROWS_HZ, *COLUMNS_HZ, 440.0, 1_100.0, 2_100.0)]
    dial_tone = np.sin(2 * np.pi * 350 * moments) + np.sin(2 * np.pi * 440 * moments)
    noise = np.random.default_rng(2).normal(0, 1, NARROW_HZ)
    sounds = [(4_000 * sound).astype("<i2").tobytes() for sound in (voice, *alone, dial_tone, noise)]

    assert [heard(sound) for sound in sounds] == [""] * len(sounds)


def test_less_than_a_press_is_none() -> None:
    assert heard(silence(20) + a_key("5", 15) + silence(60)) == ""
