"""Where an outbound call may go: a trunk's servers, one after another (RFC 3263 section 4.3). Rule: one answer ends it.

A server that is silent, out of reach or says 503 is left for the next, as long as nothing has rung; every other answer
is the far end's, and counts. SIP thread only, but for ways_by().
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pjsua2 as pj

from telephony.leg import Ending, Fields
from telephony.sip.dialog import Dialog
from telephony.sip.identity import identity
from telephony.sip.invite import host_of
from telephony.sip.trunk import Left, TrunkLine

SERVICE_UNAVAILABLE: Final = 503
SILENT_MS: Final = 5_000
"""How long a server may be silent to an INVITE while there is another."""
REST_S: Final = 30.0
"""How long calls try others first when one was out of reach."""
_RETRY_AFTER: Final = re.compile(r"^Retry-After[ \t]*:\s*(\d+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Way:
    """An INVITE as one server of a trunk is sent it; without a trunk there is one way."""

    target: str
    local_uri: str | None
    fields: Fields
    trunk: str | None = None
    server: int = 0


def ways_by(
    line: TrunkLine, target: str, caller: str | None, fields: Fields, *, trusted: bool, withheld: bool
) -> tuple[Way, ...]:
    """The ways to a URI or number by a trunk, that of its present server first."""
    ways: dict[tuple[str, str], Way] = {}
    for server, hop in line.hops():
        place = host_of(hop.server)
        uri = target if ":" in target else f"sip:{target}@{place}"
        ours, told = identity(caller, place.partition(";")[0], trusted=trusted, withheld=withheld)
        ways.setdefault((uri, hop.route), Way(uri, ours, (*told, *fields), line.name, server))
    return tuple(ways.values())


class Rounds:
    """The outbound calls of one exchange, for as long as nobody has answered them."""

    def __init__(
        self, dialogs: dict[int, Dialog], begin: Callable[[int, Way], Dialog], left: Callable[[str, Left], None]
    ) -> None:
        """`begin` makes the dialog of a number, and `left` is told of servers that are left."""
        self._dialogs = dialogs
        self._begin = begin
        self._left = left
        self._ways: dict[int, list[Way]] = {}

    def set_out(self, number: int, ways: tuple[Way, ...]) -> bool:
        """Send the INVITE the first way that does; False when none did. Raises pj.Error when it can be sent nowhere."""
        self._ways[number] = [*ways]
        return self._go(number)

    def over(self, number: int) -> None:
        """It is answered, or has ended."""
        self._ways.pop(number, None)

    def goes_on(self, number: int, ending: Ending) -> bool:
        """Whether the call of this dialog, which has ended so, is not over: it is on its way to another server."""
        ways = self._ways.get(number)
        if not ways or not is_left(ending) or (dialog := self._dialogs[number]).rang:
            return False
        told = _RETRY_AFTER.search(dialog.farewell)
        rest_s = REST_S if ending.reason == "unreachable" else float(told[1]) if told else 0.0
        way = ways.pop(0)
        if way.trunk is not None:
            self._left(way.trunk, Left(way.server, ending.sip_code, ending.reason, rest_s, is_last=not ways))
        if not ways:
            return False
        try:
            self._go(number)
        except pj.Error:
            return False
        return True

    def _go(self, number: int) -> bool:
        ways = self._ways[number]
        dialog = self._begin(number, ways[0])
        if len(ways) > 1:
            dialog.hear_by_ms = time.monotonic() * 1_000 + SILENT_MS
        try:
            dialog.place(ways[0].target, ways[0].local_uri, ways[0].fields)
        except pj.Error:
            if not dialog.is_over:
                raise
            # Its end has been told, and the call has gone on or ended with it.
            return number in self._ways
        return True


def is_left(ending: Ending) -> bool:
    """Whether a call that ends so may do better at another server."""
    return ending.reason == "unreachable" or (ending.reason, ending.sip_code) == ("failed", SERVICE_UNAVAILABLE)
