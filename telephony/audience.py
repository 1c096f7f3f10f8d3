"""Who follows a call as it happens, besides its journal. Rule: from when it came a follower sees all, in order."""

from typing import Protocol

from pipeline.realtime.events import ConversationCreated, ServerEvent, SessionCreated


class Follower(Protocol):
    """Somebody attached to a call; nothing here waits or raises."""

    def happened(self, event: ServerEvent) -> None:
        """The session emitted an event."""
        ...

    def call_ended(self) -> None:
        """There will be no more."""
        ...


class Audience:
    """One call's followers."""

    def __init__(self) -> None:
        self._followers: dict[Follower, None] = {}
        self._over = False

    def join(self, follower: Follower) -> None:
        """It follows from now on; who comes too late is told so."""
        if self._over:
            follower.call_ended()
        else:
            self._followers[follower] = None

    def leave(self, follower: Follower) -> None:
        """It no longer does."""
        self._followers.pop(follower, None)

    def happened(self, event: ServerEvent) -> None:
        """Tell them all; how the session was when they came they know."""
        if not isinstance(event, SessionCreated | ConversationCreated):
            for follower in tuple(self._followers):
                follower.happened(event)

    def call_ended(self) -> None:
        """Tell them all."""
        self._over = True
        for follower in tuple(self._followers):
            follower.call_ended()
        self._followers.clear()
