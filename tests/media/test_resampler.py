"""The resampler of the pjsua2 module: the same samples however they are cut, and the filter it was given."""

from __future__ import annotations

import itertools

import numpy as np
import pjsua2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import signal

Pcm = NDArray[np.int16]

RATIOS = [(3, 1), (1, 3), (2, 1), (1, 2), (3, 2), (2, 3), (1, 1)]


def low_pass(up: int, down: int, taps: int = 145) -> NDArray[np.float32]:
    if (up, down) == (1, 1):
        return np.array([1.0], dtype=np.float32)
    cut = signal.firwin(taps, 0.96 / max(up, down), window=("kaiser", 8.0)) * up
    return np.asarray(cut, dtype=np.float32)


def new_resampler(up: int, down: int) -> pjsua2.Resampler:
    return pjsua2.Resampler(low_pass(up, down).tobytes(), up, down)


def noise(samples: int, seed: int = 1) -> Pcm:
    return np.random.default_rng(seed).integers(-20_000, 20_000, samples).astype(np.int16)


def resampled(resampler: pjsua2.Resampler, pcm: Pcm) -> Pcm:
    return np.frombuffer(resampler.process(pcm.tobytes()), dtype=np.int16)


@pytest.mark.parametrize(("up", "down"), RATIOS)
def test_it_is_the_filter_it_was_given(up: int, down: int) -> None:
    pcm = noise(4_000)

    heard = resampled(new_resampler(up, down), pcm)

    exact = signal.upfirdn(low_pass(up, down).astype(np.float64), pcm.astype(np.float64), up, down)[: len(heard)]
    assert len(heard) == -(-len(pcm) * up // down)
    assert np.max(np.abs(heard - np.clip(exact, -32_768, 32_767))) <= 0.51


@given(ratio=st.sampled_from(RATIOS), cuts=st.lists(st.integers(0, 1_200), max_size=12), seed=st.integers(0, 99))
def test_chunks_leave_no_trace(ratio: tuple[int, int], cuts: list[int], seed: int) -> None:
    pcm = noise(1_200, seed)
    edges = sorted([0, *cuts, len(pcm)])
    resampler = new_resampler(*ratio)

    pieces = [resampled(resampler, pcm[start:end]) for start, end in itertools.pairwise(edges)]

    assert np.array_equal(np.concatenate(pieces), resampled(new_resampler(*ratio), pcm))


def test_a_peak_is_clipped_and_never_wraps() -> None:
    square = np.where(np.arange(800) % 16 < 8, 32_767, -32_768).astype(np.int16)

    heard = resampled(new_resampler(3, 1), square)[300:-300].astype(int)

    expected = signal.upfirdn(low_pass(3, 1), square.astype(float), 3)[300 : 300 + len(heard)]
    assert np.max(np.abs(heard - np.clip(expected, -32_768, 32_767))) <= 1.0
    assert (heard.max(), heard.min()) == (32_767, -32_768)


def test_after_a_reset_nothing_of_the_past_is_heard() -> None:
    resampler = new_resampler(1, 3)
    resampled(resampler, noise(1_001))
    resampler.reset()

    assert np.array_equal(resampled(resampler, noise(900, 2)), resampled(new_resampler(1, 3), noise(900, 2)))


@pytest.mark.parametrize(("taps", "up", "down"), [(b"", 1, 3), (b"\0\0\0\0", 0, 1), (b"\0\0\0\0", 1, 0)])
def test_a_filter_without_taps_or_ratio_is_refused(taps: bytes, up: int, down: int) -> None:
    with pytest.raises(ValueError, match="taps and a ratio"):
        pjsua2.Resampler(taps, up, down)


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="even number of bytes"):
        new_resampler(1, 3).process(b"\0\0\0")
