"""The bench of turns measures right: detectors whose figures are known beforehand, on real speech."""

import os
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.turn import Pause, SilenceOnly, TurnDetector
from telephony.bench.turns.corpus import Utterance
from telephony.bench.turns.ears import Ears
from telephony.bench.turns.figures import Played, area_under_curve, figures_of
from telephony.bench.turns.kept import Kept
from telephony.bench.turns.playing import Call, Outcome, Way
from telephony.bench.turns.scenes import CLEAN, Scene, Wanted, scene
from tests.drive.models import model

PATIENT_MS = 5_000
NOTICED_MS = 100
"""Silence is noticed in frames, and a voice dies away."""
BOOKING = Utterance("I would like a table for", "four people.", "open_word", "en", "tuning")
QUESTION = Utterance("What time do you open?", "", "question", "en", "tuning")


PATIENCE_S = 60
WAITS_WITH_ITS_WORKERS = """
import os, sys
from multiprocessing import active_children
from pathlib import Path
from telephony.bench.turns.run import pool
with pool(Path(sys.argv[1]), Path(sys.argv[2])) as workers:
    workers.submit(os.getpid).result()
    print(*(worker.pid for worker in active_children()), flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class WhoKnows:
    """Waits for these words, and for nothing else."""

    words: str

    def wait_ms(self, pause: Pause) -> int:
        return 0 if pause.words == self.words else PATIENT_MS


@pytest.fixture(scope="module")
def ears(tmp_path_factory: pytest.TempPathFactory) -> Ears:
    return Ears(model("silero_vad.onnx").parent, Kept(tmp_path_factory.mktemp("kept")))


def said(utterance: Utterance, voice: str = "flite/slt") -> Scene:
    return scene(Wanted(utterance, CLEAN, None, voice))


def played(ears: Ears, detector: TurnDetector, *scenes: Scene, words_after_ms: int = 0) -> list[Outcome]:
    """One call in which these turns are taken."""
    call = Call(Way("", lambda _: detector, "reference", words_after_ms))
    return [call.play(each, ears.caller(each.pcm)) for each in scenes]


def test_who_waits_long_cuts_nobody_off_and_lets_everybody_wait_so_long(ears: Ears) -> None:
    outcomes = played(ears, SilenceOnly(PATIENT_MS), said(BOOKING), said(QUESTION), said(BOOKING, "flite/rms"))

    assert [each.cut for each in outcomes] == [False] * 3
    assert all(abs((each.wait_ms or 0) - PATIENT_MS) <= NOTICED_MS for each in outcomes)


def test_who_does_not_wait_cuts_off_everybody_who_pauses_and_lets_nobody_wait(ears: Ears) -> None:
    outcomes = played(ears, SilenceOnly(0), said(BOOKING), said(BOOKING, "flite/rms"))

    assert [each.cut for each in outcomes] == [True] * 2
    assert all(each.wait_ms is not None and abs(each.wait_ms) <= NOTICED_MS for each in outcomes)


@pytest.mark.parametrize("late_ms", [200, 1_000])
def test_words_are_known_once_they_have_come(ears: Ears, late_ms: int) -> None:
    [outcome] = played(ears, WhoKnows("i would like a table for four people"), said(BOOKING), words_after_ms=late_ms)

    assert not outcome.cut
    assert late_ms <= (outcome.wait_ms or 0) <= late_ms + NOTICED_MS


def test_a_turn_that_is_cut_off_leaves_only_its_rest_to_the_next(ears: Ears) -> None:
    [outcome] = played(ears, WhoKnows("i would like a table for"), said(BOOKING))
    [rest] = played(ears, WhoKnows("four people"), said(BOOKING))

    assert (outcome.cut, rest.cut) == (True, False)
    assert (rest.wait_ms or 0) >= PATIENT_MS - NOTICED_MS


def test_silence_that_never_comes_is_told(ears: Ears) -> None:
    [outcome] = played(ears, SilenceOnly(60_000), said(QUESTION))

    assert outcome == Outcome(cut=False, wait_ms=None)


@pytest.mark.parametrize("snr_db", [15, 20])
def test_people_who_talk_behind_a_caller_keep_no_turn_open(ears: Ears, snr_db: int) -> None:
    with_others = scene(Wanted(QUESTION, snr_db, "babble", "flite/slt"))
    [outcome] = played(ears, SilenceOnly(300), with_others)

    assert not outcome.cut
    assert abs((outcome.wait_ms or 0) - 300) <= 200


def test_the_sound_judge_hears_the_turn_up_to_its_pause(ears: Ears) -> None:
    heard: list[float] = []

    @dataclass(frozen=True)
    class WhoListens:
        def wait_ms(self, pause: Pause) -> int:
            heard.extend([] if pause.sound is None else [pause.sound])
            return PATIENT_MS if pause.sound is None else 1_000

    call = Call(Way("", lambda _: WhoListens(), judged_after_ms=60))
    question = said(QUESTION)
    call.play(question, ears.caller(question.pcm))

    assert heard[-1] > 0.5


def test_figures_count_cuts_among_pauses_and_among_all() -> None:
    turns = [(True, Outcome(cut=True, wait_ms=200)), (True, Outcome(False, 400)), (False, Outcome(False, None))]
    figures = figures_of([Played("en", "clean", "name", pauses, outcome) for pauses, outcome in turns], 9_000)

    assert (figures.scenes, figures.cut_pct_of_pauses, figures.cut_pct) == (3, 50.0, 33.3)
    assert (figures.wait_p50_ms, figures.unended) == (400, 1)


def test_the_area_under_the_curve_is_the_share_of_pairs_in_the_right_order() -> None:
    assert area_under_curve([0.9, 0.4], [0.1, 0.4]) == (1 + 1 + 1 + 0.5) / 4
    assert area_under_curve([], [0.1]) is None


def test_what_was_found_out_is_not_found_out_again(tmp_path: Path) -> None:
    made: list[str] = []

    def make() -> str:
        made.append("once")
        return "this"

    found = [Kept(tmp_path).recalled(("of", b"these"), make) for _ in range(2)]

    assert (found, made) == (["this", "this"], ["once"])


@pytest.mark.slow
def test_the_workers_end_with_who_began_them(tmp_path: Path) -> None:
    models = str(model("silero_vad.onnx").parent)
    command = [sys.executable, "-c", WAITS_WITH_ITS_WORKERS, models, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bench:
        assert bench.stdout is not None
        workers = {os.pidfd_open(int(pid)): int(pid) for pid in bench.stdout.readline().split()}
        began = len(workers)
        bench.terminate()
        while workers:
            ended = select.select([*workers], [], [], PATIENCE_S)[0]
            assert ended, f"still running after {PATIENCE_S} s: {[*workers.values()]}"
            for worker in ended:
                os.close(worker)
                del workers[worker]

    assert began > 0
