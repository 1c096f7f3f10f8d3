"""`offhook route`: who would answer such a call, and why. Rule: it asks the dialplan and only prints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

from telephony.check import decision, read_dialplan
from telephony.conditions import Arrival
from telephony.dialplan import Dialplan
from telephony.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call that might come; without `at`, now."""

    did: str
    caller: str = "anonymous"
    at: datetime | None = None
    trunk: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    diverted_from: str = ""


def run(settings: Settings, asked: Question, stream: TextIO) -> int:
    """Print each route until one takes the call; 1 when none does. Raises DialplanError."""
    dialplan = read_dialplan(settings)
    call = _arrival(dialplan, asked)
    by = f"by {call.trunk}" if call.trunk else "directly"
    local = dialplan.calendar.local(call.at)
    print(f"a call to {call.did} from {call.caller} {by}, {local:%A %Y-%m-%d %H:%M %Z}", file=stream)
    for index, (route, against) in enumerate(dialplan.tried(call)):
        fault = dialplan.written.fault(("route", index), against or f"takes it -> {decision(route)}")
        print(fault, file=stream)
        if against is None:
            return 0
    print("nobody answers: the call is refused with 404", file=stream)
    return 1


def _arrival(dialplan: Dialplan, asked: Question) -> Arrival:
    """A time without a zone is the dialplan's, else the machine's."""
    at = asked.at or datetime.now(UTC)
    if at.tzinfo is None:
        zone = dialplan.calendar.time_zone
        at = at.replace(tzinfo=zone) if zone else at.astimezone()
    return Arrival(
        did=asked.did,
        caller=asked.caller,
        at=at,
        trunk=asked.trunk,
        headers=asked.headers,
        diverted_from=asked.diverted_from,
    )
