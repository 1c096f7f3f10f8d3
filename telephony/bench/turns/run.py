"""`offhook bench turns`: the labelled corpus and human prompts, heard by the real parts. Rule: the held-back half.

Every detector hears the same scenes, call by call, as `playing` tells. Beside each stands silence alone: so long a
silence that the median wait is the same.
"""

import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO

from pipeline.providers.smart_turn import FILE
from telephony.bench.turns import working
from telephony.bench.turns.corpus import Half
from telephony.bench.turns.figures import Played
from telephony.bench.turns.prompts import PromptsMissingError, taken
from telephony.bench.turns.report import human_figures, lines_of, turn_figures
from telephony.bench.turns.scenes import Wanted, wanted
from telephony.bench.turns.ways import ways

SCENES_IN_A_CALL = 8
QUICK = 8
JUDGED_AFTER_MS = 60
"""From the question how a caller sounds to its answer: tens of ms of CPU, and the way there and back."""


def run_turns(stream: TextIO, models_dir: Path, half: Half = "held_back", *, quick: bool = False) -> dict[str, object]:
    """Measure; what is told to people goes to the stream. `quick` plays one utterance in QUICK, and as many prompts."""
    began_s = time.monotonic()
    folder = models_dir.parent / "turns"
    every = QUICK if quick else 1
    judged_after_ms = JUDGED_AFTER_MS if (models_dir / FILE).is_file() else None
    if judged_after_ms is None:
        stream.write(f"NOTE: no {FILE} in {models_dir} (run the set-up again): nothing is judged by its sound\n")
    with pool(models_dir, folder) as workers:
        calls = calls_of(list(wanted(half, every)))
        played = _together(workers.map(partial(working.call, ways=ways(judged_after_ms)), calls))
        try:
            prompts = [each for each in taken(folder / "prompts") if each.half == half][::every]
        except PromptsMissingError as missing:
            stream.write(f"NOTE: no human speech was judged: {missing}\n")
            prompts = []
        heard = [take for takes in workers.map(working.prompt, prompts) for take in takes]
    detectors, human = turn_figures(played), human_figures(heard)
    stream.writelines(f"{line}\n" for line in lines_of(played, detectors, human))
    return {
        "detectors": {name: asdict(figures) for name, figures in detectors.items()},
        "human": asdict(human),
        "half": half,
        "seconds": round(time.monotonic() - began_s, 1),
    }


def pool(models_dir: Path, folder: Path) -> ProcessPoolExecutor:
    """A process for each core."""
    return ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), working.prepare, (models_dir, folder / "heard"))


def calls_of(scenes: Sequence[Wanted]) -> list[Sequence[Wanted]]:
    """So many scenes to a call."""
    return [scenes[at : at + SCENES_IN_A_CALL] for at in range(0, len(scenes), SCENES_IN_A_CALL)]


def _together(calls: Iterable[dict[str, list[Played]]]) -> dict[str, list[Played]]:
    played: dict[str, list[Played]] = {}
    for call in calls:
        for name, scenes in call.items():
            played.setdefault(name, []).extend(scenes)
    return played
