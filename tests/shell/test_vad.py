"""A caller is heard to speak, and nothing else is taken for it: the real model on speech over G.711."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from pipeline.audio import FRAME_MS, NARROW_HZ
from pipeline.providers import ProviderError
from pipeline.providers.vad import CallerActivity, Silero
from tests.drive import speech
from tests.drive.models import model

SECOND = NARROW_HZ
TIME_S = np.arange(10 * SECOND) / SECOND
HALF_THE_TIME = (TIME_S % 1.0) < 0.5


@pytest.fixture(scope="module")
def silero() -> Silero:
    return Silero(model("silero_vad.onnx"))


def scores(caller: CallerActivity, narrow: bytes) -> list[float]:
    return [caller.score(frame) for frame in speech.frames(narrow)]


def voiced_from_ms(narrow: bytes) -> int:
    """Where a clean recording first reaches a tenth of its peak."""
    samples = np.abs(np.frombuffer(narrow, dtype="<i2").astype(np.int32))
    return int(np.argmax(samples > samples.max() // 10)) * 1_000 // NARROW_HZ


def onset_ms(given: list[float], after_ms: int = 0) -> int:
    """The end of the first frame that scores as speech."""
    first = after_ms // FRAME_MS
    return next(at for at in range(first, len(given)) if given[at] >= 0.5) * FRAME_MS + FRAME_MS


def sine(hz: float) -> NDArray[np.float64]:
    return np.sin(2 * np.pi * hz * TIME_S)


def noise() -> NDArray[np.float64]:
    return np.random.default_rng(7).standard_normal(len(TIME_S))


def test_a_caller_who_lowers_their_voice_on_a_noisy_line_is_still_heard(silero: Silero) -> None:
    loud, then = (
        speech.narrow("Excuse me, do you have a table?", "slt"),
        speech.narrow("Are you open on Sunday?", "slt"),
    )
    lowered = (np.frombuffer(then, dtype="<i2") * 10 ** (-10 / 20)).astype("<i2").tobytes()
    said = np.frombuffer(speech.silence(2_000) + loud + speech.silence(200) + lowered, dtype="<i2")
    hiss = np.random.default_rng(7).normal(0, 10 ** (-20 / 20) * np.std(np.frombuffer(loud, dtype="<i2")), len(said))

    given = scores(silero.caller(), np.clip(said + hiss, -32_768, 32_767).astype("<i2").tobytes())

    heard = [at for at, score in enumerate(given[-len(lowered) // 320 :]) if score >= 0.35]
    assert heard[-1] - heard[0] >= 1_000 // FRAME_MS
    assert all(then - one < 200 // FRAME_MS for one, then in pairwise(heard))


@pytest.mark.parametrize("voice", ["rms", "slt", "kal16"])
def test_a_caller_who_speaks_is_heard_within_a_tenth_of_a_second(silero: Silero, voice: str) -> None:
    line = speech.silence(1_500) + speech.narrow("Excuse me, do you have a table?", voice)

    given = scores(silero.caller(), line)

    assert 0 <= onset_ms(given) - voiced_from_ms(line) <= 100


def test_a_caller_who_speaks_again_after_a_long_silence_is_heard_as_soon(silero: Silero) -> None:
    again = speech.silence(20_000) + speech.narrow("Are you open on Sunday?", "rms")
    line = speech.narrow("Good evening.", "rms") + again

    given = scores(silero.caller(), line)

    silent_from_ms = (len(line) - len(again)) // 16 + 1_000
    voiced_ms = (len(line) - len(again)) // 16 + voiced_from_ms(again)
    assert 0 <= onset_ms(given, silent_from_ms) - voiced_ms <= 100


def test_a_caller_on_a_noisy_line_is_heard(silero: Silero) -> None:
    words = np.frombuffer(speech.silence(1_500) + speech.narrow("Can I speak to a person?", "slt"), dtype="<i2")
    line = speech.over_the_telephone(words + noise()[: len(words)] * 150)

    given = scores(silero.caller(), line)

    assert max(given[:70]) < 0.5 <= max(given)


def test_a_caller_who_has_finished_scores_as_silent_soon_after(silero: Silero) -> None:
    words = speech.narrow("No, thank you.", "rms")

    given = scores(silero.caller(), words + speech.silence(1_000))

    assert max(given[-35:]) < 0.3


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.zeros(len(TIME_S)), id="a silent line"),
        pytest.param(noise() * 800 * HALF_THE_TIME, id="bursts of noise"),
        pytest.param(noise() * 20, id="a hissing line"),
        pytest.param(sine(425) * 8_000 * HALF_THE_TIME, id="a busy tone"),
        pytest.param((sine(697) + sine(1209)) * 5_000 * HALF_THE_TIME, id="the key 1"),
        pytest.param(np.where(np.arange(len(TIME_S)) % 3_000, 0.0, 20_000.0), id="clicks"),
    ],
)
def test_what_is_not_speech_never_scores_as_speech(silero: Silero, sound: NDArray[np.float64]) -> None:
    assert max(scores(silero.caller(), speech.over_the_telephone(sound))) < 0.5


def test_calls_scored_together_score_as_each_would_alone(silero: Silero) -> None:
    lines = [
        speech.frames(speech.silence(silent_ms) + speech.narrow(words, voice) + speech.silence(3_000))[:150]
        for silent_ms, words, voice in [
            (0, "Yes please.", "rms"),
            (700, "Tomorrow at eight.", "slt"),
            (1_300, "Stop.", "rms"),
        ]
    ]
    alone = [silero.caller() for _ in lines]
    together = [silero.caller() for _ in lines]

    by_tick = [silero.score_together(list(zip(together, tick, strict=True))) for tick in zip(*lines, strict=True)]

    assert [list(given) for given in zip(*by_tick, strict=True)] == [
        [caller.score(frame) for frame in line] for caller, line in zip(alone, lines, strict=True)
    ]


@pytest.mark.parametrize("content", [None, b"", b"not a model"])
def test_a_model_that_cannot_be_used_is_named_with_its_remedy(tmp_path: Path, content: bytes | None) -> None:
    broken = tmp_path / "silero_vad.onnx"
    if content is not None:
        broken.write_bytes(content)

    with capture_logs() as logs, pytest.raises(ProviderError, match="silero: unreachable"):
        Silero(broken)

    assert [(log["event"], log["file"]) for log in logs] == [("speech_model_unusable", str(broken))]
