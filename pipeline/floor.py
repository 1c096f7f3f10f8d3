"""Who may speak, and what of the agent's words has been heard. Rule: one response queues at a time.

Positions are agent audio in ms. `played_ms` is the leg's count of what really left; the floor knows what was queued,
so it can tell how much of which response the caller heard. A response may queue behind one that is complete. What only
fills a silence is no response's: while it is heard, the count of words stands still.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Yielded:
    """A response that left the floor and how much of it was heard."""

    response_id: str
    heard_ms: int


@dataclass(slots=True)
class _Passage:
    response_id: str
    start_ms: float
    end_ms: float
    complete: bool = False


class Floor:
    """One call's floor: held by responses until their last sample has left, or yielded to the caller."""

    def __init__(self) -> None:
        self._passages: deque[_Passage] = deque()
        self._left_ms = 0
        self._end_ms = 0.0
        self._filled_ms = 0
        self._filling_from_ms = 0
        self._filling_ms = 0

    @property
    def free(self) -> bool:
        """True when no response is heard or to come."""
        return not self._passages

    @property
    def holder(self) -> str | None:
        """The response that is heard now, or next."""
        return self._passages[0].response_id if self._passages else None

    @property
    def audible(self) -> bool:
        """True while queued words have not left."""
        return bool(self._passages) and self._played_ms < int(self._end_ms)

    @property
    def filling(self) -> bool:
        """True while what is heard, or about to be, only fills a silence."""
        return self._left_ms < self._filling_from_ms + self._filling_ms

    @property
    def left_ms(self) -> int:
        """How much of what is queued has not left."""
        return max(0, int(self._end_ms) - self._played_ms)

    @property
    def heard_ms(self) -> int:
        """How much of the holder's words has left."""
        return self._heard_ms(self._passages[0]) if self._passages else 0

    @property
    def started(self) -> bool:
        """True when some of the holder's words have left."""
        return self.heard_ms > 0

    def take(self, response_id: str) -> None:
        """Let this response speak from now on, after what is complete and still playing."""
        assert not self._passages or self._passages[-1].complete, "two responses hold the floor"
        start_ms = max(self._end_ms, float(self._played_ms))
        self._passages.append(_Passage(response_id, start_ms, start_ms))

    def queue(self, audio_ms: float) -> None:
        """Audio of the response that took the floor last went to playout."""
        passage = self._passages[-1]
        passage.end_ms = self._end_ms = passage.end_ms + audio_ms

    def fill(self, audio_ms: float) -> None:
        """Audio that belongs to no words went to playout, when nothing was audible."""
        self._filled_ms += self._filling_ms
        # The leg counts whole ms: a fraction counted here could be waited for in vain.
        self._filling_from_ms, self._filling_ms = self._left_ms, int(audio_ms)

    def unfill(self) -> bool:
        """What is left of such audio is dropped; False when there is nothing to flush."""
        filling = self.filling
        if filling:
            self._filling_ms = self._left_ms - self._filling_from_ms
        return filling

    def complete(self, response_id: str) -> None:
        """Take note that this response will queue no more; it is heard out."""
        for passage in self._passages:
            if passage.response_id == response_id:
                passage.complete = True

    def playout(self, played_ms: int) -> list[Yielded]:
        """Take the leg's position; returns the responses whose last sample has left."""
        self._left_ms = played_ms
        heard_out = []
        while self._passages and self._passages[0].complete and self._played_ms >= int(self._passages[0].end_ms):
            passage = self._passages.popleft()
            heard_out.append(Yielded(passage.response_id, self._heard_ms(passage)))
        return heard_out

    def give_up(self) -> list[Yielded]:
        """Everyone is silenced; what is queued and has not left is to be flushed."""
        yielded = [Yielded(passage.response_id, self._heard_ms(passage)) for passage in self._passages]
        self._passages.clear()
        self._end_ms = float(self._played_ms)
        return yielded

    @property
    def _played_ms(self) -> int:
        """How much left that was words."""
        return self._left_ms - self._filled_ms - min(self._filling_ms, self._left_ms - self._filling_from_ms)

    def _heard_ms(self, passage: _Passage) -> int:
        return int(max(0.0, min(float(self._played_ms), passage.end_ms) - passage.start_ms))
