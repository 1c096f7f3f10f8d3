"""An inbound call that rings while an application decides. Rule: the first decision counts, also the caller's own.

The far end hears 180 meanwhile. Whoever decides second is told that it is too late.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from pipeline.realtime.config import SessionConfig
from telephony.call import Journal
from telephony.dialplan import NOBODY_DECIDED, Route
from telephony.leg import Ending, Fields, Leg, LegEnded, LegEvent

REJECT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Taken:
    """An agent talks: of the route's own, or as an application describes it. `fields` go with the 200."""

    agent: str
    config: SessionConfig
    by_application: bool
    fields: Fields = ()


@dataclass(frozen=True, slots=True)
class Declined:
    """Nobody talks."""

    reason: str
    sip_code: int


Decision = Taken | Declined


class Offer:
    """One such call, from its INVITE to the decision."""

    def __init__(self, call_id: str, leg: Leg, route: Route, journal: Journal) -> None:
        self.call_id = call_id
        self.leg = leg
        self.route = route
        self.journal = journal
        loop = asyncio.get_running_loop()
        self._decision: asyncio.Future[Decision] = loop.create_future()
        self._ended: asyncio.Future[Ending] = loop.create_future()
        self.closed = asyncio.Event()
        leg.listen(self._on_leg)
        leg.ring()

    @property
    def webhook(self) -> str:
        """The application's address."""
        return self.route.webhook or ""

    @property
    def is_decided(self) -> bool:
        """Whether it has been taken or declined; what follows is under way."""
        return self._decision.done()

    def decide(self, decision: Decision) -> bool:
        """Take or decline the call; False when that has been decided already, or the caller has gone."""
        if self._decision.done() or self._ended.done():
            return False
        self._decision.set_result(decision)
        return True

    async def decided(self) -> Decision | None:
        """The decision; None when nobody decided in time, or the call was over before."""
        either: set[asyncio.Future[Any]] = {self._decision, self._ended}
        await asyncio.wait(either, timeout=self.route.decide_timeout_s, return_when=asyncio.FIRST_COMPLETED)
        return self._decision.result() if self._decision.done() else None

    @property
    def over(self) -> Ending | None:
        """How the leg ended, if it has."""
        return self._ended.result() if self._ended.done() else None

    async def declined(self, decision: Declined) -> Ending:
        """Refuse the leg and see it to its end."""
        self.leg.reject(decision.sip_code)
        await asyncio.wait({self._ended}, timeout=REJECT_TIMEOUT_S)
        return Ending("us", decision.reason, decision.sip_code)

    def _on_leg(self, event: LegEvent) -> None:
        if isinstance(event, LegEnded) and not self._ended.done():
            self._ended.set_result(event.ending)


def unanswered(route: Route) -> Declined:
    """What is said to a caller for whom nobody decided, when no agent stands in."""
    return Declined("nobody_decided", route.fallback_reject or NOBODY_DECIDED)
