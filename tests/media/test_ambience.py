"""A WAV file of any make becomes sound for behind an agent, or it is said why not."""

import wave
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio import NARROW_HZ
from telephony.hold_sound import hold_sound
from telephony.media.ambience import UnplayableError, ambience_of
from tests.drive.tones import a_tone, loudest_hz, samples_of


def a_file(folder: Path, rate_hz: int = 44_100, channels: int = 2, width: int = 2, seconds: float = 2.0) -> Path:
    """A tone of 440 Hz, on every channel."""
    samples = np.frombuffer(a_tone(440, int(seconds * 1_000), rate_hz=rate_hz), "<i2").astype(np.int64)
    if width == 1:
        raw = (samples // 256 + 128).astype(np.uint8).repeat(channels).tobytes()
    else:
        wide = (samples << 8 * (width - 2)).astype("<i4").repeat(channels)
        raw = np.ascontiguousarray(wide.view(np.uint8).reshape(-1, 4)[:, :width]).tobytes()
    with wave.open(str(folder / "cafe.wav"), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(width)
        wav.setframerate(rate_hz)
        wav.writeframes(raw)
    return folder / "cafe.wav"


def loudness_db(pcm: bytes) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples_of(pcm) ** 2)) / 32_768))


@pytest.mark.parametrize(
    ("rate_hz", "channels", "width"),
    [(8_000, 1, 2), (8_000, 1, 1), (44_100, 2, 2), (48_000, 2, 3), (16_000, 1, 4), (22_050, 6, 2)],
)
def test_files_of_any_make_sound_alike(tmp_path: Path, rate_hz: int, channels: int, width: int) -> None:
    pcm = ambience_of(a_file(tmp_path, rate_hz, channels, width), -30).pcm

    assert loudest_hz(pcm, NARROW_HZ) == 440
    assert abs(loudness_db(pcm) + 30) < 0.5


def test_no_click_tells_where_it_begins_anew(tmp_path: Path) -> None:
    pcm = ambience_of(a_file(tmp_path, 8_000, 1, seconds=1.003), -20).pcm

    steps = np.abs(np.diff(samples_of(pcm + pcm)))
    assert steps[len(pcm) // 2 - 1] <= max(steps[1_000:6_000]) * 1.01


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is no WAV file of whole-number samples (PCM): it ends too early"),
        (
            b"ID3 not a wave at all" * 9,
            "is no WAV file of whole-number samples (PCM): file does not start with RIFF id",
        ),
    ],
)
def test_what_is_no_sound_is_named(tmp_path: Path, content: bytes | None, why: str) -> None:
    if content is not None:
        (tmp_path / "cafe.wav").write_bytes(content)

    with pytest.raises(UnplayableError) as refused:
        ambience_of(tmp_path / "cafe.wav", -40)

    assert str(refused.value) == why


def test_a_file_that_is_too_short_to_go_unnoticed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnplayableError, match="lasts 0 s, and may last 1 to 600 s"):
        ambience_of(a_file(tmp_path, seconds=0.5), -40)


def test_silence_is_no_ambience(tmp_path: Path) -> None:
    path = a_file(tmp_path, 8_000, 1)
    silent = path.read_bytes()
    path.write_bytes(silent[:44] + bytes(len(silent) - 44))

    with pytest.raises(UnplayableError, match="is silent"):
        ambience_of(path, -40)


def test_the_sound_of_waiting_is_soft_and_ends_where_it_may_begin_again() -> None:
    samples = np.frombuffer(hold_sound(), "<i2")

    assert 1_000 < int(np.abs(samples).max()) <= 2_000
    assert not samples[0]
    assert not samples[-24_000:].any()
