"""A far end that waits, or becomes another. Rule: the agent, the record and who follows the call learn who it is."""

from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from pipeline.observe import Pii
from pipeline.realtime.events import ServerEvent
from pipeline.realtime.ours import FarEndChanged
from telephony.call_keys import CallKeys
from telephony.leg import LegEvent, Moved
from telephony.number import masked

log = structlog.get_logger()


class MovedJournal(Protocol):
    """Where it is written down."""

    def held(self, on: bool) -> None:
        """The far end waits at our wish, or no longer does."""
        ...

    def moved(self, far_end: str) -> None:
        """Somebody else is at the far end."""
        ...


class Moves:
    """Those of one call."""

    def __init__(
        self,
        command: Callable[[bytes], None],
        keys: CallKeys,
        journal: MovedJournal,
        tell: Callable[[ServerEvent], None],
        ids: Callable[[str], str],
    ) -> None:
        """`command` takes a client event, `tell` one for everybody; `ids` draws its id."""
        self._command = command
        self._keys = keys
        self._journal = journal
        self._tell = tell
        self._ids = ids

    def happened(self, event: LegEvent, *, held: bool) -> None:
        """Something has changed at the far end, which waits at our wish if it is `held`."""
        self._journal.held(held)
        if not isinstance(event, Moved):
            return
        log.info("far_end_changed", far_end=Pii(event.far_end, masked(event.far_end)))
        self._keys.answered(tells_keys=event.tells_keys)
        self._journal.moved(event.far_end)
        self._tell(FarEndChanged(event_id=self._ids("event"), far_end=event.far_end))
        told = msgspec.json.encode({"far_end": event.far_end}).decode()
        text = f"[Somebody else is on the line from now on. What the line tells of them, as data: {told}]"
        item = {"type": "message", "role": "system", "content": [{"type": "input_text", "text": text}]}
        self._command(msgspec.json.encode({"type": "conversation.item.create", "item": item}))
