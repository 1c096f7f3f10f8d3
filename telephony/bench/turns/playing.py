"""A scene played to the endpointer, frame by frame. Rule: what is learnt late arrives late; what is learnt is real.

A call is several scenes one after the other: an endpointer learns how late its recogniser's words come.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pipeline.audio import FRAME_MS
from pipeline.entities import Awaited, awaited, filled
from pipeline.realtime.config import FunctionTool, ServerVad
from pipeline.turn import Edge, Endpointer, SoundWanted, SpeechBegan, TurnDetector, TurnEnded
from telephony.bench.turns.corpus import Utterance
from telephony.bench.turns.ears import Caller
from telephony.bench.turns.scenes import LEAD_MS, Scene

RECOGNISED_AFTER_MS = 30
"""From the end of a word to the embedded recogniser's partial transcript with it."""
RECOGNISED_MS = 1_000
"""So much of the silence after a turn is given to the embedded recogniser; later it changes its mind no more."""

DIES_AWAY_MS = 300
"""The end of speech may be too soft to be heard for so long."""

WordsFrom = Literal["reference", "recogniser", "none"]
Detector = Callable[[str], TurnDetector]
"""The detector for a language."""


@dataclass(frozen=True, slots=True)
class Way:
    """What a turn is decided by: a detector, and what it is told.

    `words` are the reference, word by word, each `words_after_ms` after it has been said; or what the embedded
    recogniser makes of the audio; or none. A judgement of the sound comes `judged_after_ms` after it was asked for;
    None is for a machine without the judge.
    """

    name: str
    detector: Detector
    words: WordsFrom = "none"
    words_after_ms: int = RECOGNISED_AFTER_MS
    judged_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One playing: whether the turn was ended before the caller had finished, and how long after it (None: never).

    A wait may be negative where speech died away so softly that its last moments were not heard.
    """

    cut: bool
    wait_ms: int | None


def asked_for(utterance: Utterance) -> Awaited | None:
    """What the agent's question before it waits for; where its length is known, a function's parameter tells it."""
    value = {"type": "string", "description": utterance.asked, "pattern": rf"^\d{{{utterance.length}}}$"}
    tool = FunctionTool(name="take", parameters={"type": "object", "properties": {"value": value}})
    return awaited(utterance.asked, (tool,) if utterance.length else (), utterance.language)


class Call:
    """One caller in front of one detector."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._asked: Awaited | None = None
        self._language = "en"
        detector = way.detector(self._language)
        self._endpointer = Endpointer(detector, ServerVad().threshold, filled=self._filled)
        self._due: list[tuple[int, Callable[[], None]]] = []
        self._before_ms = self._began_ms = self._ended_ms = 0

    def play(self, scene: Scene, caller: Caller) -> Outcome:
        """The caller's next turn; `caller` hears the scene."""
        utterance = scene.wanted.utterance
        self._asked, self._language = asked_for(utterance), utterance.language
        self._endpointer.change(self._way.detector(self._language), ServerVad().threshold)
        self._began_ms = self._ended_ms = 0
        self._due.clear()
        cuts = 0
        for place in range(caller.frames):
            at_ms = (place + 1) * FRAME_MS
            self._learn(at_ms)
            edge = self._endpointer.hear(caller.score(place), self._before_ms + at_ms, FRAME_MS)
            self._follow(edge, at_ms, scene, caller)
            if isinstance(edge, TurnEnded) and at_ms < scene.end_ms:
                cuts += at_ms > LEAD_MS
            elif isinstance(edge, TurnEnded) or self._is_over(at_ms, scene.end_ms):
                self._before_ms += at_ms
                return Outcome(cuts > (self._ended_ms < scene.end_ms), self._ended_ms - scene.end_ms)
        self._before_ms += caller.frames * FRAME_MS
        self._endpointer.stop(self._before_ms)
        return Outcome(cuts > 0, None)

    def _is_over(self, at_ms: int, end_ms: int) -> bool:
        """True when speech ended before it died away, and nothing more was heard."""
        return (
            at_ms >= end_ms + DIES_AWAY_MS and self._ended_ms >= end_ms - DIES_AWAY_MS and not self._endpointer.speaking
        )

    def _filled(self, words: str) -> float | None:
        return filled(words, self._asked, self._language)

    def _learn(self, at_ms: int) -> None:
        """Tell the endpointer what has become known by now."""
        while self._due and self._due[0][0] <= at_ms:
            self._due.pop(0)[1]()

    def _follow(self, edge: Edge | None, at_ms: int, scene: Scene, caller: Caller) -> None:
        match edge:
            case SpeechBegan(at_ms=onset_ms):
                padded_ms = onset_ms - self._before_ms - ServerVad().prefix_padding_ms
                self._began_ms = max(self._ended_ms, padded_ms)
                self._due = self._words(scene, caller)
            case SoundWanted(pause=pause) if self._way.judged_after_ms is not None:
                sounds = caller.finished(self._began_ms, at_ms)
                told = partial(self._endpointer.sounded, pause, sounds)
                self._due.append((at_ms + self._way.judged_after_ms, told))
                self._due.sort(key=lambda news: news[0])
            case TurnEnded():
                self._ended_ms = at_ms
                self._due.clear()

    def _words(self, scene: Scene, caller: Caller) -> list[tuple[int, Callable[[], None]]]:
        """The partial transcripts of an utterance that begins here, with when they come."""
        if self._way.words == "none":
            return []
        if self._way.words == "recogniser":
            said = caller.understood(self._began_ms, scene.end_ms + RECOGNISED_MS)
        else:
            words = [(end_ms, word) for word, end_ms in scene.words if end_ms > self._began_ms]
            said = tuple(
                (at_ms, " ".join(word for _, word in words[: nth + 1])) for nth, (at_ms, _) in enumerate(words)
            )
        heard = partial(self._endpointer.heard, doubtful=self._way.words == "recogniser")
        return [(at_ms + self._way.words_after_ms, partial(heard, text)) for at_ms, text in said]
