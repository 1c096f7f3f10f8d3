"""A call's life as others may follow it: its record, its event stream, its counters. Rule: it never waits."""

import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from pipeline.ahead import Spent
from pipeline.observe import Counters
from pipeline.realtime.events import ServerEvent
from pipeline.realtime.ours import CallAnsweredBy
from pipeline.sounding import Judged
from telephony.leg import Answered, Ending, Leg, LegEnded, LegEvent, Moved
from telephony.line_terms import own_fields
from telephony.quality import Measured
from telephony.state.record import CallRecord
from telephony.tally import tally, tally_judged, tally_measured, tally_spent

_NONE: Mapping[str, str] = {}
Watcher = Callable[[str, ServerEvent], None]


class Keeper(Protocol):
    """Where records and events are kept; both return at once."""

    def keep(self, record: CallRecord) -> None:
        """The newest state of a call."""
        ...

    def publish(self, call_id: str, event: bytes) -> None:
        """One event of a call, as JSON."""
        ...


class CallJournal:
    """One call's journal (`telephony.call.Journal`)."""

    def __init__(self, record: CallRecord, keeper: Keeper, watchers: tuple[Watcher, ...], counters: Counters) -> None:
        self._record = record
        self._keeper = keeper
        self._watchers = watchers
        self._counters = counters
        self._keep(record)

    def answered(self, sip_call_id: str) -> None:
        """The call is up."""
        self._keep(self._record.answered(_unix_ms(), sip_call_id))

    def taken_by(self, agent: str) -> None:
        """It has been decided who talks."""
        self._keep(self._record.taken_by(agent))

    def held(self, on: bool) -> None:
        """The far end waits at our wish, or no longer does."""
        self._keep(self._record.on_hold(_unix_ms(), on))

    def happened(self, event: ServerEvent, *, kept: bool = True) -> None:
        """The session emitted an event; what is not to be kept counts all the same."""
        tally(self._counters, event)
        if isinstance(event, CallAnsweredBy) and event.answered_by != self._record.answered_by:
            self._keep(self._record.found_answered_by(_unix_ms(), event.answered_by))
        if kept:
            self._keeper.publish(self._record.call_id, _ENCODER.encode(event))
        for watch in self._watchers:
            watch(self._record.call_id, event)

    def handing_over(self, target: str, summary: str) -> None:
        """The caller is being handed over."""
        self._keep(self._record.handing_over(_unix_ms(), target, summary))

    def follow(self, leg: Leg) -> tuple[str, Callable[[LegEvent], None]]:
        """A leg that was placed for this call has a record of its own: its call's id, and what takes its events."""
        self._counters.count("calls_begun", direction="outbound")
        call_id, caller = f"rtc_{secrets.token_hex(12)}", self._record
        record = _begun(call_id, caller.node, leg, transferred_from=caller.call_id)
        self._keep(caller.handing_over_by(_unix_ms(), call_id))
        return call_id, LegLife(leg, CallJournal(record, self._keeper, self._watchers, self._counters)).happened

    def moved(self, far_end: str) -> None:
        """Somebody else is at the far end."""
        self._keep(self._record.moved(_unix_ms(), far_end))

    def spent(self, spent: Spent) -> None:
        """The language model's work has cost this."""
        tally_spent(self._counters, spent)

    def judged(self, judged: Judged) -> None:
        """What became of a question to the judge of sound."""
        tally_judged(self._counters, judged)

    def measured(self, trunk: str | None, measured: Measured) -> None:
        """How the call was heard."""
        tally_measured(self._counters, trunk, measured)
        self._record = self._record.heard(measured)

    def ended(self, ending: Ending, recording: Path | None, *, lost: bool = False) -> None:
        """The call is over; `lost`, it was to be recorded and is not, or not to its end."""
        self._counters.count("calls_ended", by=ending.by, reason=ending.reason)
        if lost:
            self._counters.count("recordings_lost")
        if self._record.answered_by:
            self._counters.count("calls_answered_by", who=self._record.answered_by)
        self._keep(self._record.ended(_unix_ms(), ending, str(recording or "")))

    def _keep(self, record: CallRecord) -> None:
        self._record = record
        self._keeper.keep(record)


class LegLife:
    """A call that is a leg and nothing more: its journal, written from what happens to the leg."""

    def __init__(self, leg: Leg, journal: CallJournal) -> None:
        self._leg = leg
        self._journal = journal

    def happened(self, event: LegEvent) -> None:
        """Take one event of the leg."""
        match event:
            case Answered():
                self._journal.answered(self._leg.sip_call_id)
            case Moved(far_end):
                self._journal.moved(far_end)
            case LegEnded(ending, measured):
                if measured is not None:
                    self._journal.measured(self._leg.trunk, measured)
                self._journal.ended(ending, None)
            case _:
                pass


class Journals:
    """Opens a journal for each call of this node."""

    def __init__(self, node: str, keeper: Keeper, counters: Counters, watchers: tuple[Watcher, ...] = ()) -> None:
        self._node = node
        self._keeper = keeper
        self._counters = counters
        self._watchers = watchers

    def begin(
        self, call_id: str, leg: Leg, *, route: str, agent: str, metadata: Mapping[str, str] = _NONE
    ) -> CallJournal:
        """A call begins; `metadata` is what an application says about it."""
        self._counters.count("calls_begun", direction="inbound" if leg.inbound else "outbound")
        record = _begun(call_id, self._node, leg, route=route, agent=agent, metadata=dict(metadata))
        return CallJournal(record, self._keeper, self._watchers, self._counters)


_ENCODER = msgspec.json.Encoder()


def _begun(call_id: str, node: str, leg: Leg, **decided: Any) -> CallRecord:
    now_ms = _unix_ms()
    return CallRecord(
        call_id=call_id,
        node=node,
        direction="inbound" if leg.inbound else "outbound",
        caller=leg.caller,
        called=leg.called,
        started_at_ms=now_ms,
        changed_at_ms=now_ms,
        sip_call_id=leg.sip_call_id,
        diverted_from=leg.diverted_from,
        sip_headers=own_fields(leg),
        **decided,
    )


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000
