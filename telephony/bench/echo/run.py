"""`offhook bench echo`: callers on speakerphones, with the echo guard, without it, and behind a canceller.

Rule: every way hears the same rooms and the same callers. What a caller interrupts with lies over the echo.
"""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from pipeline.echo import Echo
from pipeline.providers.sphinx.voices import Voice
from pipeline.providers.vad import Silero
from telephony.bench.echo.canceller import SpeexCanceller, library
from telephony.bench.echo.playing import Conversation, Guard, Interruption, Line, Outcome
from telephony.bench.echo.room import Room, Speakerphone
from telephony.bench.turns.sound import generator, levelled
from telephony.bench.turns.speakers import read

DELAYS_MS: Final = (60, 150, 300)
RETURN_LOSSES_DB: Final = (6, 12, 20, 30)
WANDERS_MS: Final = 60
AGENTS: Final = ("flite/rms", "flite/slt")
CALLERS: Final = ("flite/awb", "flite/kal16")
SAID: Final = (
    "Good evening, you have reached the boat house, and I can tell you about our tours or book one for you.",
    "The long tour leaves at ten in the morning, stops at both islands, and is back before the evening bells.",
    "On Sundays we sail an hour later, because the harbour is full of fishermen who come home from the night.",
    "There are still six places left on the small boat, and a cabin with two beds on the large one.",
    "You can pay when you come, or I send you a link, and you pay with your telephone whenever you like.",
    "If the wind is too strong we call you the day before, and then you choose another day or get your money back.",
)
INTERRUPTIONS: Final = (
    "wait, that is too early for us",
    "no, I meant the other island",
    "can you say that again please",
    "sorry, I have to go now",
    "stop, I want to ask something",
    "hold on a moment, let me write that down",
)
AGENT_DBFS, CALLER_DBFS = -20.0, -24.0
FIRST_MS, LAST_MS = 700, 2_400
RECOGNISED_MS = 2_500
"""An agent that has not yielded so long after the caller began was not interrupted."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to be played; no `phone` is a line without echo."""

    phone: Speakerphone
    agent: str
    quick: bool

    @property
    def seed(self) -> str:
        """What is random in it."""
        return f"{self.phone.name}, {self.agent}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of agent utterances in which nobody spoke but the agent, and of those that a caller interrupted."""

    utterances: int
    stopped_pct: float
    paused_pct: float
    pauses_per_minute: float
    items: int
    interruptions: int
    missed_pct: float
    waited_p50_ms: float | None
    waited_p90_ms: float | None
    yielded_p50_ms: float | None


def run_echo(stream: TextIO, models_dir: Path, *, quick: bool = False) -> dict[str, object]:
    """Measure; what is told to people goes to the stream. `quick` plays a fifth of the calls, and shorter ones."""
    began_s = time.monotonic()
    calls = list(_calls(quick))
    ways: tuple[Guard, ...] = ("none", "guard", "canceller") if library() is not None else ("none", "guard")
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as workers:
        played = list(workers.map(partial(play, models_dir=models_dir, ways=ways), calls))
    stream.write(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n")
    found: dict[str, dict[str, Figures]] = {}
    for way in ways:
        found[way] = {}
        for kind in KINDS:
            outcomes = [
                each for call, by in zip(calls, played, strict=True) if kind in _kinds(call) for each in by[way]
            ]
            if outcomes:
                found[way][kind] = figures = figures_of(outcomes)
                stream.write(f"| {way} | {kind} | {' | '.join(_shown(cell) for cell in asdict(figures).values())} |\n")
    return {
        "ways": {way: {kind: asdict(figures) for kind, figures in kinds.items()} for way, kinds in found.items()},
        "seconds": round(time.monotonic() - began_s, 1),
    }


COLUMNS: Final = (
    *("way", "lines", "utterances", "stopped for good, %", "paused, %", "false pauses a minute", "items of echo"),
    *("interruptions", "missed, %", "waits p50 ms", "p90", "yields p50 ms"),
)
KINDS: Final = (
    "all echoes",
    "no echo",
    "linear",
    "distorts",
    "wanders",
    *(f"{loss_db} dB" for loss_db in RETURN_LOSSES_DB),
)
NO_ECHO: Final = Speakerphone(0, 120)


def _kinds(call: Call) -> set[str]:
    if call.phone == NO_ECHO:
        return {"no echo"}
    phone = call.phone
    kind = "distorts" if phone.distorts else "wanders" if phone.wanders_ms else "linear"
    return {"all echoes", kind, f"{phone.return_loss_db} dB"}


def _calls(quick: bool) -> Iterator[Call]:
    phones = [
        Speakerphone(delay_ms, loss_db, distorts)
        for distorts in (False, True)
        for delay_ms in DELAYS_MS
        for loss_db in RETURN_LOSSES_DB
    ]
    phones += [Speakerphone(150, loss_db, wanders_ms=WANDERS_MS) for loss_db in RETURN_LOSSES_DB]
    phones += [NO_ECHO] * len(AGENTS)
    for nth, phone in enumerate(phones[:: 5 if quick else 1]):
        yield Call(phone, AGENTS[nth % len(AGENTS)], quick)


def play(call: Call, models_dir: Path, ways: Sequence[Guard]) -> dict[Guard, list[Outcome]]:
    """One call in every way."""
    silero = _silero(models_dir)
    script = list(_script(call))
    played: dict[Guard, list[Outcome]] = {}
    for way in ways:
        room = Room(call.phone, call.seed)
        if way == "canceller":
            with SpeexCanceller(library()) as canceller:
                conversation = Conversation(room, silero.caller(), None, canceller)
                played[way] = [conversation.play(said, cut) for said, cut in script]
        else:
            conversation = Conversation(room, silero.caller(), Echo() if way == "guard" else None, None)
            played[way] = [conversation.play(said, cut) for said, cut in script]
    return played


def _script(call: Call) -> Iterator[tuple[Line, Interruption | None]]:
    """What the agent says, heard out and interrupted in turn; first it is heard out."""
    rng = generator("echo", call.seed)
    for nth, words in enumerate(SAID[: 2 if call.quick else None]):
        said = Line(words, levelled(read(Voice(call.agent), words), AGENT_DBFS))
        yield said, None
        voice = Voice(CALLERS[int(rng.integers(len(CALLERS)))], float(rng.uniform(0.9, 1.1)))
        begins = INTERRUPTIONS[(nth + int(rng.integers(2))) % len(INTERRUPTIONS)]
        spoken = Line(begins, levelled(read(voice, begins), CALLER_DBFS))
        yield said, Interruption(spoken, int(rng.integers(FIRST_MS, LAST_MS)))


@cache
def _silero(models_dir: Path) -> Silero:
    return Silero(models_dir / "silero_vad.onnx")


def figures_of(outcomes: Sequence[Outcome]) -> Figures:
    """What became of them, as figures; an utterance that its echo stopped could not be interrupted any more."""
    alone = [each for each in outcomes if not each.interrupted]
    cut = [each for each in outcomes if each.interrupted and not each.stopped]
    heard = [each for each in cut if each.yielded_ms is not None and each.yielded_ms <= RECOGNISED_MS]
    minutes = sum(each.agent_ms for each in outcomes) / 60_000
    waited = [each.waited_ms for each in heard if each.waited_ms is not None]
    yielded = [each.yielded_ms for each in heard if each.yielded_ms is not None]
    return Figures(
        utterances=len(alone),
        stopped_pct=_share([each.stopped for each in alone]),
        paused_pct=_share([each.pauses > 0 for each in alone]),
        pauses_per_minute=round(sum(each.pauses for each in outcomes) / minutes, 2),
        items=sum(each.items for each in alone),
        interruptions=len(cut),
        missed_pct=round(100 - _share([each in heard for each in cut]), 2) if cut else 0.0,
        waited_p50_ms=_percentile(waited, 50),
        waited_p90_ms=_percentile(waited, 90),
        yielded_p50_ms=_percentile(yielded, 50),
    )


def _share(of: Sequence[bool]) -> float:
    return round(100 * sum(of) / len(of), 2) if of else 0.0


def _percentile(values: Sequence[int], percent: int) -> float | None:
    return float(np.percentile(values, percent)) if values else None


def _shown(cell: float | None) -> str:
    return "" if cell is None else f"{cell:g}"
