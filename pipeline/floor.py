"""Who may speak, and what of the agent's audio has been heard. Rule: one response queues at a time.

Positions are agent audio in ms. `played_ms` is the leg's count of what really left; the floor knows what was queued,
so it can tell how much of which response the caller heard. A response may queue behind one that is complete.
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
    held_ms: float = 0.0
    hold_end_ms: float = 0.0
    hold_ms: float = 0.0


class Floor:
    """One call's floor: held by responses until their last sample has left, or yielded to the caller."""

    def __init__(self) -> None:
        self._passages: deque[_Passage] = deque()
        self._played_ms = 0
        self._end_ms = 0.0

    @property
    def free(self) -> bool:
        """True when nobody speaks or is about to."""
        return not self._passages

    @property
    def holder(self) -> str | None:
        """The response that is heard now, or next."""
        return self._passages[0].response_id if self._passages else None

    @property
    def audible(self) -> bool:
        """True while queued audio has not left."""
        return bool(self._passages) and self._played_ms < int(self._end_ms)

    @property
    def holding(self) -> bool:
        """True while what is heard, or about to be, only fills a silence."""
        return bool(self._passages) and self._played_ms < int(self._passages[-1].hold_end_ms)

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

    def hold(self, audio_ms: float) -> None:
        """Audio that belongs to no words went to playout, when nothing was audible."""
        passage = self._passages[-1]
        passage.held_ms += passage.hold_ms
        passage.hold_ms = audio_ms
        passage.hold_end_ms = passage.end_ms = self._end_ms = max(passage.end_ms, float(self._played_ms)) + audio_ms

    def release(self) -> bool:
        """The words are there: what is left of such audio is dropped; False when there is nothing to flush."""
        if not self.holding:
            return False
        passage = self._passages[-1]
        left_ms = passage.hold_end_ms - self._played_ms
        passage.hold_ms -= left_ms
        passage.hold_end_ms = passage.end_ms = self._end_ms = float(self._played_ms)
        return True

    def complete(self, response_id: str) -> None:
        """Take note that this response will queue no more; it is heard out."""
        for passage in self._passages:
            if passage.response_id == response_id:
                passage.complete = True

    def playout(self, played_ms: int) -> list[Yielded]:
        """Take the leg's position; returns the responses whose last sample has left."""
        self._played_ms = played_ms
        heard_out = []
        while self._passages and self._passages[0].complete and played_ms >= int(self._passages[0].end_ms):
            passage = self._passages.popleft()
            heard_out.append(Yielded(passage.response_id, self._heard_ms(passage)))
        return heard_out

    def give_up(self) -> list[Yielded]:
        """Everyone is silenced; what is queued and has not left is to be flushed."""
        yielded = [Yielded(passage.response_id, self._heard_ms(passage)) for passage in self._passages]
        self._passages.clear()
        self._end_ms = float(self._played_ms)
        return yielded

    def _heard_ms(self, passage: _Passage) -> int:
        """How much of its words: what was only to fill a silence does not count."""
        played_ms = min(float(self._played_ms), passage.end_ms) - passage.held_ms
        hold_end_ms = passage.hold_end_ms - passage.held_ms
        if passage.hold_ms:
            played_ms -= min(passage.hold_ms, max(0.0, played_ms - (hold_end_ms - passage.hold_ms)))
        return int(max(0.0, played_ms - passage.start_ms))
