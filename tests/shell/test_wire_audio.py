"""A client's audio arrives whole, whatever its format and however it is cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio import Frame
from pipeline.realtime.config import Format
from telephony.control.wire_audio import CODINGS, AgentAudio, CallerAudio, rate_of

FORMATS = [
    Format(),
    Format(type="audio/pcm", rate=16_000),
    Format(type="audio/pcm", rate=48_000),
    Format(type="audio/pcm", rate=44_100),
    Format(type="audio/pcm", rate=11_025),
    Format(type="audio/pcmu"),
    Format(type="audio/pcma"),
]


def tone(hz: float, rate_hz: int, ms: int = 1_000) -> bytes:
    samples = np.sin(np.arange(rate_hz * ms // 1_000) * 2 * np.pi * hz / rate_hz) * 12_000
    return samples.astype("<i2").tobytes()


def frames_of(wire: Format, raw: bytes, cuts: list[int] | None = None) -> list[Frame]:
    audio = CallerAudio(wire)
    frames: list[Frame] = []
    cut = 0
    for size in [*(cuts or []), len(raw)]:
        audio.take(raw[cut : cut + size])
        frames += audio.frames(10_000)
        cut += size
    return frames


def strongest_hz(pcm: bytes, rate_hz: int) -> float:
    samples = np.frombuffer(pcm, dtype="<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate_hz / len(samples))


@pytest.mark.parametrize("wire", FORMATS, ids=str)
def test_the_caller_is_heard_at_both_rates(wire: Format) -> None:
    raw = CODINGS[wire.type].encoded(tone(1_000, rate_of(wire)))

    frames = frames_of(wire, raw)

    assert len(frames) in (49, 50)
    assert {(len(frame.narrow), len(frame.wide)) for frame in frames} == {(320, 960)}
    assert strongest_hz(b"".join(frame.narrow for frame in frames), 8_000) == pytest.approx(1_000, abs=2)
    assert strongest_hz(b"".join(frame.wide for frame in frames), 24_000) == pytest.approx(1_000, abs=2)


@given(wire=st.sampled_from(FORMATS), cuts=st.lists(st.integers(0, 2_000), max_size=20))
def test_it_does_not_matter_where_audio_is_cut_not_even_within_a_sample(wire: Format, cuts: list[int]) -> None:
    raw = CODINGS[wire.type].encoded(tone(700, rate_of(wire), ms=300))

    assert frames_of(wire, raw, cuts) == frames_of(wire, raw)


@pytest.mark.parametrize("wire", FORMATS, ids=str)
def test_the_agent_is_heard_to_the_last_sample(wire: Format) -> None:
    pcm = tone(1_000, 24_000)
    audio = AgentAudio(wire)

    raw = b"".join(audio.encoded(pcm[start : start + 333]) for start in range(0, len(pcm), 333)) + audio.ended()

    heard = CODINGS[wire.type].decoded(raw)
    assert 1_000 <= len(heard) / 2 / rate_of(wire) * 1_000 <= 1_006
    assert strongest_hz(heard, rate_of(wire)) == pytest.approx(1_000, abs=2)


def test_floats_that_are_no_numbers_are_silence() -> None:
    raw = np.array([np.nan, np.inf, -np.inf, 0.5, 2.0], dtype="<f4").tobytes()

    pcm = np.frombuffer(CODINGS["audio/float32"].decoded(raw), dtype="<i2").tolist()

    assert pcm == [0, 32_767, -32_767, 16_384, 32_767]
