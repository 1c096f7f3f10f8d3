"""Which utterance a recogniser's words belong to, on a stream that carries one after another.

Rule: one final per ended utterance, in order; what comes after it is dropped, never given to the next utterance.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pipeline.providers import Transcript, TurnVerdict

NEAR_MS = 20
"""How exactly a vendor's time in the stream is taken: to a frame."""

LONGEST_S = 1_000_000.0
"""No call takes that long: a vendor's time beyond it is a mistake."""
MOST_TERMS = 100
LONGEST_TERM = 50


@dataclass(slots=True, eq=False)
class Utterance:
    """What is known of one utterance; it covers the samples `start` to `end` of the stream."""

    number: int
    start: int
    end: int | None = None
    said: list[str] = field(default_factory=list)
    draft: str = ""
    shown: str = ""
    settled: bool = False

    @property
    def text(self) -> str:
        """What was said for certain, then what may still change."""
        return " ".join(part for part in (*self.said, self.draft) if part)


class Utterances:
    """The utterances of one stream that have no final yet."""

    def __init__(self, rate_hz: int, post: Callable[[Transcript | TurnVerdict], None]) -> None:
        self._rate_hz = rate_hz
        self._post = post
        self._waiting: list[Utterance] = []
        self._sent = 0

    @property
    def open(self) -> Utterance | None:
        """The one that is being spoken."""
        return self._waiting[-1] if self._waiting and self._waiting[-1].end is None else None

    @property
    def awaited(self) -> Utterance | None:
        """The oldest that has ended and is not settled."""
        return next((one for one in self._waiting if one.end is not None and not one.settled), None)

    def begin(self, number: int) -> None:
        """The samples that follow belong to this one."""
        self._waiting.append(Utterance(number, self._sent))

    def grow(self, samples: int) -> None:
        """So many samples more are on the stream."""
        self._sent += samples

    def end(self, number: int) -> Utterance | None:
        """It is complete; None when it is not the open one."""
        ended = self.open
        if ended is None or ended.number != number:
            return None
        ended.end = self._sent
        return ended

    def at(self, time_s: float) -> Utterance | None:
        """The one in which this moment of the stream lies, or ends; None when it has had its final, or in none."""
        if not 0 <= time_s < LONGEST_S:
            return None
        sample = round(time_s * self._rate_hz) - NEAR_MS * self._rate_hz // 1_000
        for one in self._waiting:
            if sample < one.start:
                return None
            if one.end is None or sample <= one.end:
                return None if one.settled else one
        return None

    def show(self, one: Utterance) -> None:
        """Give its text so far, when there is something new."""
        if not one.settled and one.text and one.text != one.shown:
            one.shown = one.text
            self._post(Transcript(one.number, one.text, final=False))

    def judge(self, one: Utterance, verdict: Literal["maybe_over", "goes_on", "over"]) -> None:
        """Give a verdict on the open one; on others it comes too late."""
        if one is self.open:
            self._post(TurnVerdict(one.number, verdict))

    def turn_over(self, one: Utterance, text: str) -> None:
        """A recogniser that judges turns heard this in a whole one; an utterance holds as many as it makes of it."""
        one.said.append(text)
        one.draft = ""
        if one.end is not None:
            self.settle(one)
        else:
            self.show(one)
            self.judge(one, "over")

    def settle(self, one: Utterance) -> None:
        """Its text is final; it is given once those before it are."""
        one.settled = True
        while self._waiting and self._waiting[0].settled:
            first = self._waiting.pop(0)
            self._post(Transcript(first.number, first.text, final=True))


def terms_of(prompt: str | None) -> list[str]:
    """The phrases to expect, one per line of a prompt: the first hundred that no vendor takes for too long."""
    lines = (line.strip() for line in (prompt or "").splitlines())
    return list(dict.fromkeys(line for line in lines if 0 < len(line) <= LONGEST_TERM))[:MOST_TERMS]
