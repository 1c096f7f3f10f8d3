"""The sound of speech tells whether the speaker has finished: the real model on speech over G.711."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import resample
from structlog.testing import capture_logs

from pipeline.audio import NARROW_HZ
from pipeline.providers.smart_turn import FILE, SmartTurn, features
from tests.drive import speech
from tests.drive.models import model

NAME = "My name is Sarah Miller."
BOOKING = "I would like to book a table for four people tomorrow evening."
PATIENCE_S = 60
FADING = 60 * NARROW_HZ // 1_000
FULL_BAND = 60
"""Mels that lie wholly within what a telephone carries."""


@pytest.fixture(scope="module")
def judge() -> Iterator[SmartTurn]:
    with SmartTurn(model(FILE).parent, late_s=PATIENCE_S) as judge:
        yield judge


def said(text: str, voice: str = "slt", share: float = 1.0) -> bytes:
    """So much of a sentence, from its first sound on, and a moment of silence."""
    samples = np.frombuffer(speech.narrow(text, voice), dtype="<i2")
    loud = np.flatnonzero(np.abs(samples) > 300)
    begin, end = loud[0], loud[-1] + FADING
    return samples[begin : begin + int(share * (end - begin))].tobytes() + speech.silence(150)


def whisper_front_end(pcm: bytes) -> NDArray[np.float64]:
    """Log-mels as Whisper's paper and model card describe them, of 8 s at 16 kHz, step by step."""
    narrow = np.zeros(8 * NARROW_HZ)
    heard = np.frombuffer(pcm, dtype="<i2")[-len(narrow) :] / 32_768
    narrow[len(narrow) - len(heard) :] = heard
    wide = resample(narrow, 2 * len(narrow))
    wide = np.pad((wide - wide.mean()) / np.sqrt(wide.var() + 1e-7), 200, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    powers = [np.abs(np.fft.rfft(wide[at : at + 400] * window)) ** 2 for at in range(0, 160 * 800, 160)]
    # Slaney's mels: 1 kHz is 15, below it is linear, above it 27 steps lead to 6.4 kHz.
    top = 15 + 27 * np.log(8) / np.log(6.4)
    edges = [mel * 200 / 3 if mel < 15 else 1_000 * 6.4 ** ((mel - 15) / 27) for mel in np.linspace(0, top, 82)]
    mels = np.zeros((80, 201))
    for mel, (low, middle, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        for place, hz in enumerate(np.linspace(0, 8_000, 201)):
            mels[mel, place] = (
                max(0, min((hz - low) / (middle - low), (high - hz) / (high - middle))) * 2 / (high - low)
            )
    loudness = np.log10(np.maximum(mels @ np.array(powers).T, 1e-10))
    return np.asarray((np.maximum(loudness, loudness.max() - 8) + 4) / 4)


@pytest.mark.parametrize("pcm", [said(NAME), said(NAME) * 6, speech.silence(500)], ids=["short", "long", "none"])
def test_the_features_are_those_of_the_front_end_at_16_khz(pcm: bytes) -> None:
    given, expected = features(pcm), whisper_front_end(pcm)

    assert given.shape == expected.shape == (80, 800)
    # The mels around 4 kHz depend on the filter that doubles the rate; at the left edge lies the reflected start.
    assert np.abs(given - expected)[:FULL_BAND, 2:].max() < 0.02
    assert np.abs(given - expected).mean() < 0.02


@pytest.mark.parametrize("voice", ["slt", "rms", "kal16"])
async def test_a_whole_sentence_sounds_finished_and_one_that_breaks_off_does_not(judge: SmartTurn, voice: str) -> None:
    whole, part = await judge.finished(said(NAME, voice)), await judge.finished(said(BOOKING, voice, share=0.3))

    assert whole is not None
    assert part is not None
    assert 0 <= part < 0.5 < whole <= 1


async def test_the_same_sound_is_judged_alike_however_many_are_judged(judge: SmartTurn) -> None:
    alone = await judge.finished(said(NAME))
    together = await asyncio.gather(*(judge.finished(said(text)) for text in (NAME, BOOKING, NAME)))

    assert (together[0], together[2]) == (alone, alone)


async def test_only_the_last_eight_seconds_count(judge: SmartTurn) -> None:
    lately = said(BOOKING) + said(NAME) * 8

    assert await judge.finished(lately) == await judge.finished(lately[-8 * NARROW_HZ * 2 :])


async def test_judgements_that_would_come_late_are_not_made() -> None:
    with SmartTurn(model(FILE).parent, late_s=0.2) as judge:
        assert await judge.load()
        given = await asyncio.gather(*(judge.finished(said(NAME)) for _ in range(100)))

    assert given[0] is not None
    assert given[-1] is None


async def test_a_judgement_that_nobody_waits_for_is_not_made() -> None:
    with SmartTurn(model(FILE).parent, late_s=PATIENCE_S) as judge:
        assert await judge.load()
        first = asyncio.create_task(judge.finished(said(NAME)))
        called_off = [asyncio.create_task(judge.finished(said(NAME))) for _ in range(100)]
        await asyncio.sleep(0)
        for task in called_off:
            task.cancel()
        last = await judge.finished(said(BOOKING))

    assert None not in (await first, last)


@pytest.mark.parametrize("content", [None, b"", b"not a model"])
async def test_without_the_model_nobody_judges_and_one_line_says_so(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with capture_logs() as logs, SmartTurn(tmp_path) as judge:
        given = await asyncio.gather(*(judge.finished(said(NAME)) for _ in range(5)))

    assert given == [None] * 5
    assert [(line["event"], line["remedy"]) for line in logs] == [
        ("turns_judged_without_sound", "run the set-up again")
    ]
