"""Every live call of this process: who answers a leg, and the tasks calls run in. Rule: a leg has one owner."""

import asyncio
import secrets
from typing import Protocol

import structlog

from pipeline.observe import Pii
from pipeline.realtime.config import SessionConfig
from pipeline.signals import Permissions
from telephony.call import Call, Journal, Plan
from telephony.dialplan import HANG_UP, TRANSFER, Dialplan, Route
from telephony.leg import Ending, Leg, LegEnded
from telephony.number import masked
from telephony.settings import Settings
from telephony.vendors import UnknownModelError, Vendors

log = structlog.get_logger()

NOT_FOUND = 404
SERVER_ERROR = 500
UNAVAILABLE = 503


class Journals(Protocol):
    """Where the journal of a new call comes from."""

    def begin(self, call_id: str, leg: Leg, *, route: str, agent: str) -> Journal:
        """A call begins."""
        ...


class Switchboard:
    """Takes legs and runs their calls until they have ended."""

    def __init__(self, settings: Settings, dialplan: Dialplan, vendors: Vendors, journals: Journals) -> None:
        self._settings = settings
        self._dialplan = dialplan
        self._vendors = vendors
        self._journals = journals
        self._tasks: set[asyncio.Task[Ending]] = set()
        self._draining = False
        self.calls: dict[str, Call] = {}

    def take(self, leg: Leg) -> None:
        """An inbound leg waits for a decision."""
        route = self._dialplan.match(leg.called, leg.caller)
        log.info(
            "call_arrived",
            caller=Pii(leg.caller, masked(leg.caller)),
            called=Pii(leg.called, masked(leg.called)),
            agent=route.agent if route else None,
        )
        if self._draining:
            self._refuse(leg, UNAVAILABLE, "draining")
        elif route is None:
            self._refuse(leg, NOT_FOUND, "no_route")
        elif route.reject is not None:
            self._refuse(leg, route.reject, "route_rejects")
        else:
            self._start(leg, route.agent, self._dialplan.agents[route.agent], route)

    def place(self, leg: Leg, agent: str) -> "asyncio.Task[Ending] | None":
        """Run an outbound leg with an agent of the dialplan, which may hang up."""
        return self._start(leg, agent, self._dialplan.agents[agent], Route(did=leg.called, agent=agent))

    async def drain(self, patience_s: float) -> None:
        """Take no more calls, let those in progress finish for so long, then hang up the rest."""
        self._draining = True
        if self._tasks:
            log.info("draining", calls=len(self._tasks), patience_s=patience_s)
            await asyncio.wait(self._tasks, timeout=patience_s)
        for call in list(self.calls.values()):
            call.hang_up("shutting_down")
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def settled(self) -> None:
        """Wait until no call is left."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self, leg: Leg, agent: str, config: SessionConfig, route: Route) -> "asyncio.Task[Ending] | None":
        call_id = f"rtc_{secrets.token_hex(12)}"
        try:
            cascade = self._vendors.cascade(config)
        except UnknownModelError as error:
            log.error("agent_cannot_speak", agent=agent, problem=str(error), remedy="run `offhook check`")
            self._refuse(leg, SERVER_ERROR, "unknown_model")
            return None
        journal = self._journals.begin(call_id, leg, route=route.did, agent=agent)
        call = Call(
            call_id,
            leg,
            self._plan(agent, config, route),
            cascade,
            journal,
            ids=_new_id,
            apology_pcm=self._vendors.apology_pcm,
        )
        self.calls[call_id] = call
        return self._spawn(call_id, call)

    def _spawn(self, call_id: str, call: Call) -> "asyncio.Task[Ending]":
        async def run() -> Ending:
            with structlog.contextvars.bound_contextvars(call_id=call_id):
                try:
                    return await call.run()
                finally:
                    del self.calls[call_id]

        task = asyncio.create_task(run(), name=call_id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _refuse(self, leg: Leg, sip_code: int, reason: str) -> None:
        journal = self._journals.begin(f"rtc_{secrets.token_hex(12)}", leg, route="", agent="")

        def on_leg(event: object) -> None:
            if isinstance(event, LegEnded):
                journal.ended(Ending("us", reason, sip_code), None)

        log.warning("call_refused", reason=reason, sip_code=sip_code)
        leg.listen(on_leg)
        leg.reject(sip_code)

    def _plan(self, agent: str, config: SessionConfig, route: Route) -> Plan:
        limits = self._settings.limits
        recordings_dir = self._settings.media.recordings_dir
        targets = route.transfer_targets if TRANSFER in route.allow else {}
        return Plan(
            agent,
            config,
            Permissions(hang_up=HANG_UP in route.allow, transfer_targets=targets),
            greet=route.greet,
            ring_s=self._settings.sip.ring_ms / 1_000,
            max_call_s=route.max_call_s or limits.max_call_s,
            ring_timeout_s=limits.ring_timeout_s,
            recordings_dir=None if route.record is False else recordings_dir,
        )


def _new_id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(9)}"
