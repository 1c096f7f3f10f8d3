"""What a process of the bench does: it hears calls and prompts. Rule: a process has one pair of ears.

It ends with the process that began it, however that one ends.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread

from telephony.bench.turns.ears import Ears
from telephony.bench.turns.figures import Played
from telephony.bench.turns.kept import Kept
from telephony.bench.turns.playing import Call, Way
from telephony.bench.turns.prompts import Prompt, takes
from telephony.bench.turns.scenes import Wanted, scene

LEAST_RECOGNISED_DB = 20

_ears: list[Ears] = []


@dataclass(frozen=True, slots=True)
class Heard:
    """A prompt, whole or cut, as it was heard: the embedded recogniser's words, and how it sounds."""

    whole: bool
    spoken: str
    words: str
    sound: float | None


def prepare(models_dir: Path, folder: Path) -> None:
    """Before anything else in this process."""
    Thread(target=_end_with_parent, daemon=True).start()
    _ears[:] = [Ears(models_dir, Kept(folder))]


def ears() -> Ears:
    """The process's own."""
    return _ears[0]


def call(wanted: Sequence[Wanted], ways: Sequence[Way]) -> dict[str, list[Played]]:
    """These scenes one after the other, in every way."""
    scenes = [scene(each) for each in wanted]
    callers = [ears().caller(each.pcm) for each in scenes]
    played: dict[str, list[Played]] = {}
    for way in ways:
        line = Call(way)
        played[way.name] = [
            Played(
                each.wanted.utterance.language,
                each.wanted.line,
                each.wanted.utterance.kind,
                each.pause_ms is not None,
                line.play(each, caller),
            )
            for each, caller in zip(scenes, callers, strict=True)
            if way.words != "recogniser" or is_recognised(each.wanted)
        ]
    return played


def is_recognised(wanted: Wanted) -> bool:
    """Whether the embedded recogniser hears it: English, on a line on which it understands something."""
    return wanted.utterance.language == "en" and wanted.snr_db >= LEAST_RECOGNISED_DB


def prompt(spoken: Prompt) -> list[Heard]:
    """One prompt, whole and cut."""
    return [
        Heard(
            take.whole,
            take.words,
            (ears().understood(take.pcm) or ((0, ""),))[-1][1],
            ears().finished(take.pcm) if ears().judges_sound else None,
        )
        for take in takes(spoken, ears().kept)
    ]


def _end_with_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)
