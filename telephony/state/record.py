"""A call as others may know it: who called whom, how far it has come, how it ended. Rule: states change by the table.

A record is a value; each step makes the next one. Times are Unix milliseconds, given by whoever keeps the record.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec
from msgspec import Struct

from telephony.leg import Ending
from telephony.quality import Measured

Direction = Literal["inbound", "outbound"]
State = Literal["ringing", "answered", "ended", "lost"]

# `lost`: its node no longer gives a sign of life. A node that was only cut off for a while takes its calls up again.
TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    "ringing": frozenset({"answered", "ended", "lost"}),
    "answered": frozenset({"ended", "lost"}),
    "ended": frozenset(),
    "lost": frozenset(),
}
NODE_LOST: Final = Ending("us", "node_lost", 0)


class IllegalTransitionError(Exception):
    """A call cannot go from the one state to the other; asking for it is a fault of ours."""


class Quality(Struct, frozen=True, kw_only=True):
    """How a call was heard here, from its answer to its end; `one_way` is who heard nobody, "us" or "far_end".

    Where the far end changed, all who were there count: losses of all packets, means over all packets, and a MOS of
    these figures.
    """

    mos: float
    lost_percent: float
    jitter_ms: float
    delay_ms: float
    one_way: str = ""


class CallRecord(Struct, frozen=True, kw_only=True):
    """One call. `node` is the process that owns it; `route` and `agent` are what the dialplan chose.

    `held`: the far end waits at our wish. `transfer_target` and `transfer_summary` are of the last transfer, and
    `transfer_call_id` is the call that we placed for it; that one's `transferred_from` is the caller's call.
    `answered_by` tells what took a call of ours. `far_end` is who is there since the far end changed.
    `metadata` is the application's own. `diverted_from` was dialled first, `sip_headers` are the X- fields of an
    inbound INVITE.
    """

    call_id: str
    node: str
    direction: Direction
    caller: str
    called: str
    started_at_ms: int
    changed_at_ms: int
    state: State = "ringing"
    route: str = ""
    agent: str = ""
    sip_call_id: str = ""
    answered_at_ms: int | None = None
    ended_at_ms: int | None = None
    ending: Ending | None = None
    recording: str = ""
    held: bool = False
    transfer_target: str = ""
    transfer_summary: str = ""
    transfer_call_id: str = ""
    transferred_from: str = ""
    answered_by: str = ""
    quality: Quality | None = None
    far_end: str = ""
    metadata: dict[str, str] = {}
    diverted_from: str = ""
    sip_headers: dict[str, str] = {}

    @property
    def is_live(self) -> bool:
        """Whether the call may still be going on."""
        return bool(TRANSITIONS[self.state])

    def answered(self, at_ms: int, sip_call_id: str = "") -> "CallRecord":
        """The call is up; one of ours bears another Call-ID when its first server could not take it."""
        return self._next("answered", at_ms, answered_at_ms=at_ms, sip_call_id=sip_call_id or self.sip_call_id)

    def ended(self, at_ms: int, ending: Ending, recording: str = "") -> "CallRecord":
        """The call is over."""
        return self._next("ended", at_ms, ended_at_ms=at_ms, ending=ending, recording=recording)

    def on_hold(self, at_ms: int, held: bool) -> "CallRecord":
        """The far end was made to wait, or waits no longer; the state is as it was."""
        return msgspec.structs.replace(self, held=held, changed_at_ms=at_ms)

    def handing_over(self, at_ms: int, target: str, summary: str) -> "CallRecord":
        """The caller is being handed over to this address, with these words for whoever takes the call."""
        return msgspec.structs.replace(
            self, transfer_target=target, transfer_summary=summary, transfer_call_id="", changed_at_ms=at_ms
        )

    def handing_over_by(self, at_ms: int, call_id: str) -> "CallRecord":
        """A call of ours has been placed to whom the caller is handed over to."""
        return msgspec.structs.replace(self, transfer_call_id=call_id, changed_at_ms=at_ms)

    def heard(self, measured: Measured) -> "CallRecord":
        """It is over and was heard like this."""
        heard = measured.heard
        quality = Quality(
            mos=heard.mos,
            lost_percent=round(100 * heard.loss, 2),
            jitter_ms=round(heard.jitter_ms, 1),
            delay_ms=round(heard.delay_ms, 1),
            one_way=measured.one_way,
        )
        return msgspec.structs.replace(self, quality=quality)

    def found_answered_by(self, at_ms: int, who: str) -> "CallRecord":
        """It is known, or known better, what has answered."""
        return msgspec.structs.replace(self, answered_by=who, changed_at_ms=at_ms)

    def moved(self, at_ms: int, far_end: str) -> "CallRecord":
        """Somebody else is at the far end; the state is as it was."""
        return msgspec.structs.replace(self, far_end=far_end, changed_at_ms=at_ms)

    def taken_by(self, agent: str) -> "CallRecord":
        """It has been decided who talks."""
        return msgspec.structs.replace(self, agent=agent)

    def lost(self) -> "CallRecord":
        """Its node is gone; when it ended nobody knows, so the time of the last change stays."""
        return self._next("lost", self.changed_at_ms, ending=NODE_LOST)

    def _next(self, state: State, at_ms: int, **changes: object) -> "CallRecord":
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransitionError(f"{self.call_id}: {self.state} -> {state}")
        return msgspec.structs.replace(self, state=state, changed_at_ms=at_ms, **changes)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(CallRecord)


def encoded(record: CallRecord) -> bytes:
    """The record as JSON."""
    return _ENCODER.encode(record)


def decoded(text: bytes) -> CallRecord | None:
    """The record in this JSON; None when it is not one of ours, as after an upgrade."""
    try:
        return _DECODER.decode(text)
    except msgspec.DecodeError:
        return None
