"""What is known of a caller who pauses, and whether the turn was over: what the fusion is tuned on. Rule: facts only.

A moment is SILENT_MS into a silence: one that a scene or a human prompt ends with, or one in which a caller thinks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.entities import filled
from telephony.bench.turns import working
from telephony.bench.turns.corpus import as_recognised
from telephony.bench.turns.playing import asked_for
from telephony.bench.turns.prompts import Prompt
from telephony.bench.turns.scenes import LEAD_MS, Wanted, scene

SILENT_MS = 200
PREFIX_MS = 300


@dataclass(frozen=True, slots=True)
class Moment:
    """`words` are the reference, `heard` the embedded recogniser's; `pause_ms` is None where nothing follows."""

    human: bool
    finished: bool
    language: str
    line: str
    words: str
    heard: str | None
    sound: float
    filled: float | None
    pause_ms: int | None


def of_scenes(wanted: Sequence[Wanted]) -> list[Moment]:
    """Where callers of the corpus stop to think, and where they have finished; in a working process."""
    return [moment for each in wanted for moment in _of_scene(each)]


def _of_scene(wanted: Wanted) -> Iterator[Moment]:
    ears, played, utterance = working.ears(), scene(wanted), wanted.utterance
    caller = ears.caller(played.pcm)
    stops: list[tuple[int, str, int | None]] = [(played.end_ms, utterance.whole, None)]
    if played.pause_ms is not None:
        begin_ms, end_ms = played.pause_ms
        stops.append((begin_ms, utterance.text, end_ms - begin_ms))
    begun_ms = LEAD_MS - PREFIX_MS
    understood = caller.understood(begun_ms, played.end_ms + SILENT_MS) if working.is_recognised(wanted) else None
    for at_ms, text, pause_ms in stops:
        words = as_recognised(text)
        yield Moment(
            False,
            pause_ms is None,
            utterance.language,
            wanted.line,
            words,
            None
            if understood is None
            else next((said for by, said in reversed(understood) if by <= at_ms + SILENT_MS), ""),
            caller.finished(begun_ms, at_ms + SILENT_MS),
            filled(words, asked_for(utterance), utterance.language),
            pause_ms,
        )


def of_prompt(prompt: Prompt) -> list[Moment]:
    """A human prompt, whole and cut; in a working process."""
    return [
        Moment(True, heard.whole, "en", "clean", heard.spoken, heard.words, heard.sound or 0.5, None, None)
        for heard in working.prompt(prompt)
    ]
