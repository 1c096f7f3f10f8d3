"""Scores one tick's frames of all calls in one run of the model. Rule: order is kept per call."""

import asyncio
from collections.abc import Callable

from pipeline.audio import Frame
from pipeline.providers.vad import CallerActivity, Silero

Scored = Callable[[float], None]


class TickScores:
    """Collects what arrives during one turn of the event loop and scores it at the start of the next."""

    def __init__(self, silero: Silero) -> None:
        self._silero = silero
        self._heard: list[tuple[CallerActivity, Frame, Scored]] = []

    def caller(self) -> "TickActivity":
        """A VoiceActivity for one call."""
        return TickActivity(self, self._silero.caller())

    def submit(self, activity: CallerActivity, frame: Frame, scored: Scored) -> None:
        """Score this frame with the others of the tick."""
        if not self._heard:
            asyncio.get_running_loop().call_soon(self._score)
        self._heard.append((activity, frame, scored))

    def _score(self) -> None:
        heard, self._heard = self._heard, []
        while heard:
            # A call that is behind brings several frames; each run takes the first of each caller.
            first: dict[int, tuple[CallerActivity, Frame, Scored]] = {}
            for entry in heard:
                first.setdefault(id(entry[0]), entry)
            now = list(first.values())
            scores = self._silero.score_together([(activity, frame) for activity, frame, _ in now])
            for (_, _, scored), score in zip(now, scores, strict=True):
                scored(score)
            heard = [entry for entry in heard if first[id(entry[0])] is not entry]


class TickActivity:
    """One caller's detector within the tick."""

    def __init__(self, tick: TickScores, activity: CallerActivity) -> None:
        self._tick = tick
        self._activity = activity

    def hear(self, frame: Frame, scored: Scored) -> None:
        """Score a frame; the answer comes on the loop's next turn."""
        self._tick.submit(self._activity, frame, scored)
