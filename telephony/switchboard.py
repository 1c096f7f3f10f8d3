"""Every live call of this process: who answers a leg, and the tasks calls run in. Rule: a leg has one owner."""

import asyncio
import secrets
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog

from pipeline.observe import Pii
from pipeline.realtime.config import SessionConfig
from pipeline.signals import LastResort, Permissions
from pipeline.tools import HANG_UP, TRANSFER
from pipeline.worker import Cascade
from telephony.agents import Agents
from telephony.answerer import MachineWish
from telephony.call import Call, Journal, Plan
from telephony.conditions import Arrival
from telephony.dialplan import Dialplan, Route
from telephony.errands import Ask, crew_of, nobody
from telephony.leg import Ambience, Ending, Leg, LegEnded
from telephony.media.ambience import ambience_of
from telephony.number import masked
from telephony.offer import Decision, Declined, Offer, Taken, unanswered
from telephony.settings import Settings
from telephony.state.connection import StateError
from telephony.transfer import Dial, no_dial
from telephony.vendors import UnknownModelError, Vendors

log = structlog.get_logger()

NOT_FOUND = 404
SERVER_ERROR = 500
UNAVAILABLE = 503
MUSIC_DB = -26
KEYS, RECORDING = "keys", "recording"


class Journals(Protocol):
    """Where the journal of a new call comes from."""

    def begin(self, call_id: str, leg: Leg, *, route: str, agent: str, metadata: Mapping[str, str] = ...) -> Journal:
        """A call begins; `metadata` is what an application says about it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an application says of an outbound call besides who talks; `follow` is whom its far end may refer us to."""

    ring_timeout_s: float | None = None
    greet: bool = True
    answering_machine: MachineWish = "ignore"
    follow: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    def over(self, plan: Plan) -> Plan:
        """The plan with these terms laid over it."""
        return replace(
            plan,
            greet=self.greet,
            ring_timeout_s=self.ring_timeout_s or plan.ring_timeout_s,
            answering_machine=self.answering_machine,
            transfer=replace(plan.transfer, follow=self.follow),
        )


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """An outbound call under way; `life` ends with it."""

    call_id: str
    life: "asyncio.Task[Ending]"


class Announce(Protocol):
    """How an application learns of a call that waits for it."""

    async def __call__(self, offer: Offer, /) -> None:
        """Tell it, and insist until it has heard; ends when there is nothing more to try."""
        ...


@dataclass(frozen=True, slots=True)
class Outward:
    """Whom calls have to do with besides their caller: applications, web servers, whoever is called."""

    announce: Announce
    ask: Ask = nobody
    dial: Dial = no_dial


class Switchboard:
    """Takes legs and runs their calls until they have ended."""

    def __init__(
        self,
        settings: Settings,
        dialplan: Dialplan,
        agents: Agents,
        vendors: Vendors,
        journals: Journals,
        outward: Outward,
    ) -> None:
        self._settings, self._narrow = settings, not settings.sip.wideband
        self.adopt(dialplan)
        self._agents = agents
        self._vendors = vendors
        self._journals = journals
        self._outward = outward
        self._tasks: set[asyncio.Task[Ending]] = set()
        self._draining = False
        self.calls: dict[str, Call] = {}
        self.offers: dict[str, Offer] = {}

    def adopt(self, dialplan: Dialplan) -> None:
        """Let it hold for the calls that come."""
        self._ambiences, self._dialplan = _sounds(dialplan, self._settings.dialplan.parent), dialplan

    def take(self, leg: Leg) -> None:
        """An inbound leg waits for a decision."""
        route, call_id = self._dialplan.match(_arrival(leg)), _new_id("rtc")
        log.info(
            "call_arrived",
            call_id=call_id,
            caller=Pii(leg.caller, masked(leg.caller)),
            called=Pii(leg.called, masked(leg.called)),
            agent=route.agent if route else None,
        )
        if self._draining:
            self._refuse(call_id, leg, UNAVAILABLE, "draining")
        elif route is None:
            self._refuse(call_id, leg, NOT_FOUND, "no_route")
        elif route.reject is not None:
            self._refuse(call_id, leg, route.reject, "route_rejects")
        elif route.webhook is not None:
            self._offer(call_id, leg, route)
        else:
            self._spawn(call_id, self._route(call_id, leg, route))

    def place(self, leg: Leg, agent: str, config: SessionConfig, terms: "Terms | None" = None) -> PlacedCall:
        """Run an outbound leg; raises UnknownModelError before anything has happened."""
        terms = terms or Terms()
        call_id = _new_id("rtc")
        plan = self._plan(agent, config, Route(did=leg.called, agent=agent))
        plan = terms.over(replace(plan, permissions=plan.permissions if agent else Permissions()))
        cascade = self._vendors.cascade(config, narrow=self._narrow)
        journal = self._journals.begin(call_id, leg, route="", agent=agent, metadata=terms.metadata)
        return PlacedCall(call_id, self._spawn(call_id, self._call(call_id, leg, plan, cascade, journal).run()))

    async def drain(self, patience_s: float) -> None:
        """Take no more calls, let those in progress finish for so long, then hang up the rest."""
        self._draining = True
        if self._tasks:
            log.info("draining", calls=len(self._tasks), patience_s=patience_s)
            await asyncio.wait(self._tasks, timeout=patience_s)
        for offer in list(self.offers.values()):
            offer.decide(Declined("shutting_down", UNAVAILABLE))
        for call in list(self.calls.values()):
            call.hang_up("shutting_down")
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def settled(self) -> None:
        """Wait until no call is left."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _route(self, call_id: str, leg: Leg, route: Route) -> Ending:
        """The agent that the route names talks."""
        found = await self._found(route.agent)
        try:
            cascade = self._vendors.cascade(found, narrow=self._narrow) if found else None
        except UnknownModelError as error:
            log.error("agent_cannot_speak", agent=route.agent, problem=str(error), remedy="run `offhook check`")
            cascade = None
        if found is None or cascade is None:
            return self._refuse(call_id, leg, SERVER_ERROR, "unknown_model" if found else "unknown_agent")
        plan = self._plan(route.agent, found, route)
        journal = self._journals.begin(call_id, leg, route=route.did, agent=route.agent)
        return await self._call(call_id, leg, plan, cascade, journal).run()

    def _offer(self, call_id: str, leg: Leg, route: Route) -> None:
        offer = Offer(call_id, leg, route, self._journals.begin(call_id, leg, route=route.did, agent=""))
        self.offers[call_id] = offer
        self._spawn(call_id, self._offered(offer))

    async def _offered(self, offer: Offer) -> Ending:
        """An application decides, or time or the caller does."""
        announcing = asyncio.create_task(self._outward.announce(offer))
        try:
            decision = await offer.decided()
            if decision is None and offer.over is None:
                decision = await self._fallback(offer)
        finally:
            announcing.cancel()
            del self.offers[offer.call_id]
            offer.closed.set()
        if isinstance(decision, Taken) and offer.over is None:
            return await self._taken(offer, decision)
        refusal = decision if isinstance(decision, Declined) else unanswered(offer.route)
        ending = offer.over or await offer.declined(refusal)
        log.info("call_ended", by=ending.by, reason=ending.reason, sip_code=ending.sip_code)
        offer.journal.ended(ending, None)
        return ending

    async def _fallback(self, offer: Offer) -> Decision:
        route = offer.route
        log.warning("nobody_decided", after_s=route.decide_timeout_s, agent=route.fallback_agent or None)
        config = await self._found(route.fallback_agent) if route.fallback_agent else None
        problem = self._vendors.problem(config) if config else None
        if config is None or problem:
            return unanswered(route)
        return Taken(route.fallback_agent, config, by_application=False)

    async def _taken(self, offer: Offer, taken: Taken) -> Ending:
        plan = self._plan(taken.agent, taken.config, offer.route)
        if taken.by_application:
            plan = replace(plan, permissions=Permissions(), greet=False, ring_s=0, answer_fields=taken.fields)
        cascade = self._vendors.cascade(taken.config, narrow=self._narrow)
        offer.journal.taken_by(taken.agent)
        return await self._call(offer.call_id, offer.leg, plan, cascade, offer.journal).run()

    async def _found(self, agent: str) -> SessionConfig | None:
        try:
            config = await self._agents.find(agent)
        except StateError as error:
            log.error("agent_not_read", agent=agent, problem=str(error), remedy="Redis must be there for kept agents")
            return None
        if config is None:
            log.error("no_such_agent", agent=agent, remedy="put it under /v1/agents, or into the dialplan")
        return config

    def _call(self, call_id: str, leg: Leg, plan: Plan, cascade: Cascade, journal: Journal) -> Call:
        lineup = self._vendors.as_they_are()
        call = self.calls[call_id] = Call(call_id, leg, plan, cascade, journal, ids=_new_id, lineup=lineup)
        return call

    def _spawn(self, call_id: str, life: Coroutine[None, None, Ending]) -> "asyncio.Task[Ending]":
        async def run() -> Ending:
            with structlog.contextvars.bound_contextvars(call_id=call_id):
                try:
                    return await life
                finally:
                    self.calls.pop(call_id, None)

        task = asyncio.create_task(run(), name=call_id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _refuse(self, call_id: str, leg: Leg, sip_code: int, reason: str) -> Ending:
        journal = self._journals.begin(call_id, leg, route="", agent="")
        ending = Ending("us", reason, sip_code)

        def on_leg(event: object) -> None:
            if isinstance(event, LegEnded):
                journal.ended(ending, None)

        log.warning("call_refused", call_id=call_id, reason=reason, sip_code=sip_code)
        leg.listen(on_leg)
        leg.reject(sip_code)
        return ending

    def _plan(self, agent: str, config: SessionConfig, route: Route) -> Plan:
        limits, media = self._settings.limits, self._settings.media
        crew = crew_of(self._dialplan, route, self._vendors.named, self._outward.ask)
        return Plan(
            agent,
            config,
            _permissions(route, frozenset(crew.others)),
            greet=route.greet,
            ring_s=self._settings.sip.ring_ms / 1_000,
            max_call_s=route.max_call_s or limits.max_call_s,
            ring_timeout_s=limits.ring_timeout_s,
            media=media,
            record=route.record is not False,
            record_notice=route.record_notice,
            keys=route.keys,
            transfer=route.transfer,
            dial=self._outward.dial,
            hold=route.hold,
            hold_after_ms=route.hold_after_ms,
            hold_sound=route.hold_sound,
            ambience=self._ambiences.get(_background(route)),
            hold_music=self._ambiences.get(_music(route)),
            last_resort=LastResort(route.last_words, b"", route.last_resort, 1_000 * route.voicemail_s),
            manners=route.manners,
            crew=crew,
            line=route,
            narrow=self._narrow,
        )


def _arrival(leg: Leg) -> Arrival:
    now, diverted_from = datetime.now(UTC), leg.diverted_from
    return Arrival(
        did=leg.called,
        caller=leg.caller,
        at=now,
        trunk=leg.trunk,
        headers=leg.headers,
        diverted_from=diverted_from,
    )


def _permissions(route: Route, others: frozenset[str]) -> Permissions:
    return Permissions(
        hang_up=HANG_UP in route.allow,
        keys=KEYS in route.allow,
        recording=RECORDING in route.allow,
        transfer_targets=route.transfer_targets if TRANSFER in route.allow else {},
        voicemail_ms=1_000 * route.voicemail_s,
        others=others,
    )


def _sounds(dialplan: Dialplan, folder: Path) -> dict[tuple[str, int], Ambience]:
    wanted = {sound for route in dialplan.routes for sound in (_background(route), _music(route))}
    return {(name, db): ambience_of(folder / name, db) for name, db in wanted if name}


def _background(route: Route) -> tuple[str, int]:
    return route.ambience, route.ambience_db


def _music(route: Route) -> tuple[str, int]:
    return route.hold_music, MUSIC_DB


def _new_id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(12 if kind == 'rtc' else 9)}"
