"""G.711 and the way between 8 kHz and 24 kHz: what a telephone call may lose, and nothing more."""

import warnings
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.audio import (
    NARROW_HZ,
    WIDE_HZ,
    Resampler,
    alaw_decoded,
    alaw_encoded,
    bytes_of,
    frames_of,
    ms_of,
    ulaw_decoded,
    ulaw_encoded,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

Samples = NDArray[np.float64]

LAWS = {
    "ulaw": (ulaw_encoded, ulaw_decoded, audioop.lin2ulaw),
    "alaw": (alaw_encoded, alaw_decoded, audioop.lin2alaw),
}


def ulaw_values() -> Any:
    """What each code means, by ITU-T G.711, table 2."""
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return np.where(code & 0x80, 0x84 - magnitude, magnitude - 0x84)


def alaw_values() -> Any:
    """What each code means, by ITU-T G.711, table 1."""
    code = np.arange(256) ^ 0x55
    segment = (code & 0x70) >> 4
    step = ((code & 0x0F) << 4) + np.where(segment == 0, 8, 0x108)
    magnitude = step << np.maximum(segment - 1, 0)
    return np.where(code & 0x80, magnitude, -magnitude)


VALUES = {"ulaw": ulaw_values(), "alaw": alaw_values()}
EVERY_SAMPLE = np.arange(-32_768, 32_768)


def tone(hz: float, rate_hz: int, peak: float = 10_000.0) -> bytes:
    """A second of a sine wave."""
    return np.rint(peak * np.sin(2 * np.pi * hz * np.arange(rate_hz) / rate_hz)).astype("<i2").tobytes()


def samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


def settled(pcm: bytes, rate_hz: int) -> Samples:
    """The middle 800 ms, away from where the tone began."""
    heard = samples(pcm)
    return heard[rate_hz // 10 : rate_hz // 10 + rate_hz * 8 // 10]


def level_db(heard: Samples, hz: float, rate_hz: int) -> float:
    """The level of one frequency that fits into the span a whole number of times; a peak of 10,000 is 0 dB."""
    turning = np.exp(-2j * np.pi * hz * np.arange(len(heard)) / rate_hz)
    return float(20 * np.log10(2 * abs(heard @ turning) / len(heard) / 10_000.0 + 1e-12))


def snr_db(heard: Samples, hz: float, rate_hz: int) -> float:
    """What is left when the tone, at whatever level and phase, is taken out."""
    time = 2 * np.pi * hz * np.arange(len(heard)) / rate_hz
    waves = np.stack((np.sin(time), np.cos(time)), axis=1)
    amplitudes, *_ = np.linalg.lstsq(waves, heard, rcond=None)
    noise = heard - waves @ amplitudes
    return float(10 * np.log10(np.sum((waves @ amplitudes) ** 2) / np.sum(noise**2)))


@cache
def there_and_back(pcm: bytes) -> bytes:
    """8 kHz -> 24 kHz -> 8 kHz, in frames of 20 ms."""
    up, down = Resampler(NARROW_HZ, WIDE_HZ), Resampler(WIDE_HZ, NARROW_HZ)
    return b"".join(down.process(up.process(frame)) for frame in frames_of(pcm, 320))


@pytest.mark.parametrize("law", LAWS)
def test_a_code_means_what_it_means_to_everybody(law: str) -> None:
    _, decoded, *_ = LAWS[law]

    assert decoded(bytes(range(256))) == VALUES[law].astype("<i2").tobytes()


@pytest.mark.parametrize("law", LAWS)
def test_no_sample_loses_more_than_it_must(law: str) -> None:
    encoded, decoded, their_encoded = LAWS[law]
    pcm = EVERY_SAMPLE.astype("<i2").tobytes()

    ours = np.abs(samples(decoded(encoded(pcm))) - EVERY_SAMPLE)
    theirs = np.abs(samples(decoded(their_encoded(pcm, 2))) - EVERY_SAMPLE)
    assert np.all(ours <= theirs)


@pytest.mark.parametrize("law", LAWS)
def test_a_second_passage_through_the_codec_changes_nothing(law: str) -> None:
    encoded, decoded, *_ = LAWS[law]
    once = decoded(encoded(EVERY_SAMPLE.astype("<i2").tobytes()))

    assert decoded(encoded(once)) == once


def test_a_tone_goes_up_and_comes_back_almost_untouched() -> None:
    heard = settled(there_and_back(tone(1_000, NARROW_HZ, 30_000.0)), NARROW_HZ)

    assert snr_db(heard, 1_000, NARROW_HZ) > 90


@pytest.mark.parametrize("law", LAWS)
def test_over_g711_only_the_codec_is_heard(law: str) -> None:
    encoded, decoded, *_ = LAWS[law]
    sent = decoded(encoded(tone(1_000, NARROW_HZ)))

    heard = settled(decoded(encoded(there_and_back(sent))), NARROW_HZ)

    assert snr_db(heard, 1_000, NARROW_HZ) > 35
    assert abs(level_db(heard, 1_000, NARROW_HZ)) < 0.3


@pytest.mark.parametrize("hz", [50, 300, 1_000, 2_000, 3_000, 3_400])
@pytest.mark.parametrize("rates", [(NARROW_HZ, WIDE_HZ), (WIDE_HZ, NARROW_HZ)])
def test_the_passband_is_flat(hz: int, rates: tuple[int, int]) -> None:
    from_hz, to_hz = rates
    heard = settled(Resampler(from_hz, to_hz).process(tone(hz, from_hz)), to_hz)

    assert abs(level_db(heard, hz, to_hz)) < 0.01


@pytest.mark.parametrize("hz", [100, 1_000, 2_500, 3_400])
def test_going_up_leaves_no_images(hz: int) -> None:
    heard = settled(Resampler(NARROW_HZ, WIDE_HZ).process(tone(hz, NARROW_HZ)), WIDE_HZ)

    assert max(level_db(heard, image_hz, WIDE_HZ) for image_hz in (8_000 - hz, 8_000 + hz)) < -90


@pytest.mark.parametrize("hz", [4_600, 5_500, 7_000, 8_500, 10_000, 11_900])
def test_going_down_leaves_no_aliases(hz: int) -> None:
    heard = settled(Resampler(WIDE_HZ, NARROW_HZ).process(tone(hz, WIDE_HZ)), NARROW_HZ)

    assert level_db(heard, abs((hz + 4_000) % 8_000 - 4_000), NARROW_HZ) < -90


def test_the_delay_is_three_milliseconds_each_way() -> None:
    click = np.zeros(NARROW_HZ // 10, dtype="<i2")
    click[400] = 20_000

    heard = samples(there_and_back(click.tobytes()))

    assert (Resampler(NARROW_HZ, WIDE_HZ).delay_ms, int(np.argmax(heard)) - 400) == (3.0, 48)


@settings(max_examples=25)
@given(
    rates=st.sampled_from([(8_000, 24_000), (24_000, 8_000), (16_000, 24_000), (24_000, 16_000)]),
    cuts=st.lists(st.integers(0, 2_001), max_size=8),
)
def test_chunks_leave_no_trace(rates: tuple[int, int], cuts: list[int]) -> None:
    pcm = np.random.default_rng(7).integers(-20_000, 20_000, 1_000).astype("<i2").tobytes() + b"\x01"
    edges = sorted({0, *(cut for cut in cuts if cut < len(pcm)), len(pcm)})
    whole = Resampler(*rates).process(pcm)

    resampler = Resampler(*rates)
    pieces = [resampler.process(pcm[start:end]) for start, end in pairwise(edges)]

    assert np.max(np.abs(samples(b"".join(pieces)) - samples(whole))) <= 1
    assert len(whole) // 2 == -(-1_000 * rates[1] // rates[0])


def test_a_peak_is_clipped_and_never_wraps() -> None:
    square = np.where(np.arange(800) % 16 < 8, 32_767, -32_768).astype("<i2").tobytes()

    heard = samples(Resampler(NARROW_HZ, WIDE_HZ).process(square))

    assert (heard.max(), heard.min()) == (32_767, -32_768)
    assert np.corrcoef(heard[72:], np.repeat(samples(square), 3)[: len(heard) - 72])[0, 1] > 0.9


def test_milliseconds_and_bytes() -> None:
    pcm: Any = bytes(bytes_of(50, WIDE_HZ))

    assert (len(pcm), ms_of(pcm, WIDE_HZ), len(list(frames_of(pcm, 960)))) == (2_400, 50, 2)
