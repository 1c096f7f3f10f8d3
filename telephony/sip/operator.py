"""What a dialog asks of the exchange that holds it. Rule: Protocols only; SIP thread only."""

from dataclasses import dataclass
from typing import Any, Protocol

from telephony.leg import LegEvent


@dataclass(frozen=True, slots=True)
class Joined:
    """The dialog is confirmed: its RingPort, for the event loop to read and write."""

    port: Any


@dataclass(frozen=True, slots=True)
class Placed:
    """An INVITE has left, with this Call-ID: the first, or the next because a server could not take the call."""

    call_id: str


Signal = LegEvent | Joined | Placed


class Succession(Protocol):
    """Who decides whether a dialog is followed by another; dialogs are named by number."""

    def referred(self, elder: int, refer_to: str) -> tuple[int, Any]:
        """The far end wishes us to call this: what REFER is answered, and the dialog that will call."""
        ...

    def replaced(self, elder: int, invite: str, source: str) -> tuple[int, Any]:
        """Somebody wishes to take the far end's place: what their INVITE is answered, and the dialog of it."""
        ...

    def taken(self, elder: int) -> None:
        """Who wished to take the far end's place is about to be answered."""
        ...

    def confirmed(self, heir: int) -> None:
        """A dialog is answered: if it was to follow another, it does now."""
        ...


class Operator(Protocol):
    """The exchange, as its dialogs know it."""

    @property
    def successions(self) -> Succession:
        """Who follows whom."""
        ...

    def signal(self, number: int, signal: Signal) -> None:
        """Something happened to the dialog that has this number."""
        ...
