"""Speech of both rates on one line of 8 kHz: as long out as in, nothing lost, nothing torn where they meet."""

from __future__ import annotations

import itertools

import numpy as np
import pjsua2
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.audio import WIDE_HZ, Narrow, Speech, filter_taps
from telephony.media.narrowing import Narrowing

Pcm = NDArray[np.int16]
HELD_MS = 6

wide_or_narrow = st.lists(st.tuples(st.booleans(), st.integers(0, 300)), max_size=12)


def noise(samples: int, seed: int) -> Pcm:
    return np.random.default_rng(seed).integers(-9_000, 9_000, samples).astype(np.int16)


def down() -> pjsua2.Resampler:
    return pjsua2.Resampler(filter_taps(1, 3, WIDE_HZ).tobytes(), 1, 3)


def heard(*pieces: Speech, line: Narrowing | None = None) -> Pcm:
    line = line or Narrowing(down())
    return np.frombuffer(b"".join(line.process(piece) for piece in pieces), dtype=np.int16)


def filtered(wide: Pcm, silence_ms: int = HELD_MS) -> Pcm:
    """Wide speech through the filter alone, and what it still holds when silence follows."""
    return np.frombuffer(down().process(wide.tobytes() + bytes(48 * silence_ms)), dtype=np.int16)


def test_narrow_speech_arrives_sample_for_sample() -> None:
    first, second = noise(800, 1), noise(17, 2)

    line = heard(Narrow(first.tobytes()), Narrow(second.tobytes()))

    assert np.array_equal(line, np.concatenate((first, second)))


def test_narrow_speech_begins_together_with_the_end_of_what_was_wide() -> None:
    wide, narrow = noise(2_400, 3), noise(400, 4)

    line = heard(wide.tobytes(), Narrow(narrow.tobytes()))

    expected = np.concatenate((filtered(wide), np.zeros(400 - 48, np.int16)))
    expected[800:] += narrow
    assert np.array_equal(line, expected)


def test_wide_speech_behind_narrow_is_as_if_nothing_had_been_before() -> None:
    wide, narrow = noise(2_400, 5), noise(400, 6)

    line = heard(Narrow(narrow.tobytes()), wide.tobytes())

    assert np.array_equal(line, np.concatenate((narrow, filtered(wide, 0))))


def test_what_is_dropped_leaves_nothing_behind() -> None:
    line = Narrowing(down())
    heard(noise(2_401, 7).tobytes()[:-1], Narrow(noise(10, 8).tobytes()), noise(100, 9).tobytes(), line=line)
    line.reset()
    narrow = noise(400, 10)

    assert np.array_equal(heard(Narrow(narrow.tobytes()), line=line), narrow)


@given(pieces=wide_or_narrow, seed=st.integers(0, 99))
def test_however_rates_take_turns_speech_is_as_long_as_it_was(pieces: list[tuple[bool, int]], seed: int) -> None:
    spoken: list[Speech] = []
    for is_wide, samples in pieces:
        narrow = noise(samples, seed)
        spoken.append(np.repeat(narrow, 3).tobytes() if is_wide else Narrow(narrow.tobytes()))

    assert len(heard(*spoken)) == sum(samples for _, samples in pieces)


@given(cuts=st.lists(st.integers(0, 400), max_size=8), seed=st.integers(0, 99))
def test_cuts_in_narrow_speech_leave_no_trace(cuts: list[int], seed: int) -> None:
    wide, narrow = noise(600, seed).tobytes(), noise(400, seed + 1)
    edges = sorted([0, *cuts, 400])
    parts = [Narrow(narrow[start:end].tobytes()) for start, end in itertools.pairwise(edges)]

    assert np.array_equal(heard(wide, *parts), heard(wide, Narrow(narrow.tobytes())))
