"""Who may speak, and what of the agent's audio has been heard. Rule: one response holds the floor; others' audio is dropped.

All positions are agent audio in ms. `played_ms` is the leg's count of what really left; the floor knows what was
queued, so it can tell how much of which response the caller heard.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Yielded:
    """The response that lost the floor and how much of it was heard."""

    response_id: str
    heard_ms: int


class Floor:
    """One call's floor. Taken by a response, held until its last sample has left, or yielded to the caller."""

    def __init__(self) -> None:
        self._holder: str | None = None
        self._complete = False
        self._played_ms = 0
        self._start_ms = 0
        self._queued_ms = 0.0

    @property
    def holder(self) -> str | None:
        """The response that may be heard now."""
        return self._holder

    @property
    def heard_ms(self) -> int:
        """How much of the holder has left."""
        return max(0, min(self._played_ms - self._start_ms, round(self._queued_ms)))

    @property
    def audible(self) -> bool:
        """True while queued audio of the holder has not left."""
        return self._holder is not None and self.heard_ms < int(self._queued_ms)

    def take(self, response_id: str) -> None:
        """A response may speak from now on; the floor is free."""
        assert self._holder is None, "two responses hold the floor"
        self._holder = response_id
        self._complete = False
        self._start_ms = self._played_ms
        self._queued_ms = 0.0

    def admits(self, response_id: str) -> bool:
        """May this response's audio be queued?"""
        return self._holder == response_id and not self._complete

    def queue(self, audio_ms: float) -> None:
        """The holder's audio went to playout."""
        self._queued_ms += audio_ms

    def complete(self) -> None:
        """The holder will queue no more; it is heard out."""
        self._complete = True

    def playout(self, played_ms: int) -> str | None:
        """Take the leg's position; returns the holder when its last sample has left, which frees the floor."""
        self._played_ms = played_ms
        if not self._complete or self.audible:
            return None
        done, self._holder = self._holder, None
        return done

    def give_up(self) -> Yielded | None:
        """The holder is silenced; what it queued and has not left is to be flushed."""
        if self._holder is None:
            return None
        gone = Yielded(self._holder, self.heard_ms)
        self._holder = None
        return gone
