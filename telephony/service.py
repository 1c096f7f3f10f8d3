"""Composition root: settings -> parts -> calls, and back to nothing. Rule: only the commands import it.

Parts open in an order in which each needs only those before it, and close in the reverse one. On SIGTERM new calls get
503, while those in progress may go on for `limits.drain_s` seconds.
"""

import asyncio
import gc
import signal
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

import httpx
import structlog

from pipeline.observe import Counters
from telephony.agents import Agents
from telephony.check import read_dialplan
from telephony.control.app import application
from telephony.control.dispatch import Dispatch
from telephony.control.parts import Parts
from telephony.control.realtime import Realtime
from telephony.control.server import ControlServer
from telephony.control.session_wish import SessionWishes
from telephony.control.webhooks import Webhooks
from telephony.dialplan import Dialplan
from telephony.errands import WebFunctions
from telephony.front_desk import FrontDesk
from telephony.journal import Journals, Watcher
from telephony.leg import CallRefusedError, Fields, Leg
from telephony.media.bridge import AudioBridge
from telephony.offer import Offer
from telephony.reloading import Reloading
from telephony.retention import keep_tidy
from telephony.settings import Settings
from telephony.sip.endpoint import Endpoint
from telephony.state.bus import Bus
from telephony.state.client_secrets import ClientSecrets
from telephony.state.connection import connected
from telephony.state.private_redis import RedisServer, private_redis
from telephony.state.store import Store
from telephony.state.writer import StateWriter
from telephony.switchboard import Announce, Outward, Switchboard
from telephony.trunk_watch import trunk_states, watch_trunks
from telephony.vendors import UnknownModelError, Vendors

log = structlog.get_logger()

KNOWN_WITHIN_S = 1.0


class Service:
    """The whole service; `async with` runs it, leaving drains it."""

    def __init__(self, settings: Settings, *watchers: Watcher, dialplan: Dialplan | None = None) -> None:
        """Without a dialplan, the one that the settings name; raises DialplanError with every fault."""
        self.settings = settings
        self.dialplan = dialplan or read_dialplan(settings)
        self.counters = Counters()
        self._watchers = watchers
        self._open = AsyncExitStack()
        self.own_redis: RedisServer | None = None
        self.redis_url = ""
        self.store: Store
        self.writer: StateWriter
        self.endpoint: Endpoint
        self.switchboard: Switchboard
        self.reloading: Reloading
        self.control: ControlServer | None = None
        self.realtime: Realtime | None = None

    async def __aenter__(self) -> Self:
        settings = self.settings
        async with AsyncExitStack() as opening:
            await self._find_redis(opening)
            client = await opening.enter_async_context(connected(self.redis_url))
            self.store = Store(client)
            self.writer = StateWriter(client, settings.node, call_ttl_s=settings.redis.call_ttl_s)
            await opening.enter_async_context(self.writer)
            vendors = await opening.enter_async_context(self.vendors())
            journals = Journals(self.writer.node, self.writer, self.counters, self._watchers)
            agents = Agents(self.dialplan.agents, self.store)
            web = await opening.enter_async_context(httpx.AsyncClient(trust_env=False, follow_redirects=False))
            ask = WebFunctions(web, settings.control.webhook_secret).ask
            self.switchboard = Switchboard(
                settings, self.dialplan, agents, vendors, journals, Outward(self._announcing(web), ask, self._dial)
            )
            self.reloading = Reloading(settings, agents, vendors, self.switchboard, self._replanned, self.dialplan)
            bridge = AudioBridge(asyncio.get_running_loop(), wideband=settings.sip.wideband)
            opening.callback(bridge.close)
            self.endpoint = Endpoint(
                settings.sip,
                settings.trunks,
                bridge,
                self.switchboard.take,
                rtp_timeout_s=settings.limits.rtp_timeout_s,
            )
            await opening.enter_async_context(self.endpoint)
            await self._open_control(opening, Bus(client), ClientSecrets(client), agents, vendors)
            tidying = asyncio.create_task(keep_tidy(settings.media), name="retention")
            opening.callback(tidying.cancel)
            self._open = opening.pop_all()
        # What is alive now stays alive: collections look at new objects only, and stay short.
        gc.collect()
        gc.freeze()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.endpoint.close_to_calls()
        await self.switchboard.drain(0 if kind else self.settings.limits.drain_s)
        await self._open.aclose()

    def vendors(self) -> Vendors:
        """The providers of this service, not yet open."""
        return Vendors(self.settings, self.dialplan.agents, self.dialplan.flows, self.dialplan.phrases())

    async def _find_redis(self, opening: AsyncExitStack) -> None:
        """Redis as the settings name it, or a private server of our own."""
        configured = self.settings.redis.url
        if configured is not None:
            self.redis_url = configured.reveal()
        else:
            self.own_redis = await opening.enter_async_context(private_redis())
            self.redis_url = self.own_redis.url

    def _announcing(self, web: httpx.AsyncClient) -> Announce:
        """How applications learn of calls that wait for them."""
        secret = self.settings.control.webhook_secret
        if secret is None:
            return _nobody_to_tell
        return Webhooks(secret, web, self._known).announce

    async def _open_control(
        self, opening: AsyncExitStack, bus: Bus, client_secrets: ClientSecrets, agents: Agents, vendors: Vendors
    ) -> None:
        """Applications may steer calls: those of this node, and from here those of the others."""
        settings, node, wishes = self.settings, self.writer.node, SessionWishes(agents, vendors)
        dispatch = Dispatch(FrontDesk(self.switchboard, wishes, self.endpoint, lambda: self.writer.position), bus)
        orders = asyncio.create_task(dispatch.serve(node, self._steer), name="orders")
        opening.callback(orders.cancel)
        if not settings.control.is_on:
            return
        parts = Parts(
            node=node,
            settings=settings.control,
            dispatch=dispatch,
            store=self.store,
            bus=bus,
            client_secrets=client_secrets,
            wishes=wishes,
            agents=agents.written,
            trunks=frozenset(trunk.name for trunk in settings.trunks),
            trunk_states=lambda: trunk_states(self.endpoint),
            recordings_dir=settings.media.recordings_dir,
            counters=self.counters,
            known=self._known,
            reload=self.reloading.reload,
        )
        self.realtime = Realtime(parts, vendors)
        self.counters.watch("calls_live", lambda: len(self.switchboard.calls) + len(self.switchboard.offers))
        watch_trunks(self.counters, self.endpoint)
        app = application(parts, self.realtime.routes())
        self.control = await opening.enter_async_context(ControlServer(app, settings.control))
        opening.push_async_callback(self.realtime.close)
        log.info("control_ready", addresses=self.control.addresses)

    def _replanned(self, dialplan: Dialplan) -> None:
        self.dialplan = dialplan

    async def _dial(self, target: str, trunk: str | None, caller: str | None, fields: Fields) -> Leg:
        return await self.endpoint.call(target, trunk, caller, fields)

    async def _known(self) -> None:
        """What calls did so far is in Redis, unless Redis is away."""
        with suppress(TimeoutError):
            async with asyncio.timeout(KNOWN_WITHIN_S):
                await self.writer.written()

    def _steer(self, call_id: str, client_event: bytes) -> None:
        call = self.switchboard.calls.get(call_id)
        if call is not None:
            call.command(client_event)


async def _nobody_to_tell(offer: Offer) -> None:
    log.error("webhook_secret_missing", call_id=offer.call_id, remedy="run `offhook check`")


async def serve(settings: Settings) -> int:
    """Answer the phone until SIGTERM or SIGINT; SIGHUP has the dialplan read anew."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Service(settings) as service:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, service.reloading.begin)
        log.info("ready", uri=f"sip:{contact(service)}", agents=list(service.dialplan.agents))
        await stop.wait()
    return 0


async def place_call(settings: Settings, target: str, agent: str | None, trunk: str | None, caller: str | None) -> int:
    """Place one call, let an agent talk, and say how it ended. Applications reach `offhook serve`, not this."""
    unheard = replace(settings, control=replace(settings.control, port=None, tls_port=None))
    async with Service(unheard, dialplan=read_dialplan(settings)) as service:
        agents = service.dialplan.agents
        chosen = agent or next(iter(agents), "")
        if chosen not in agents:
            log.error("no_such_agent", agent=chosen, agents=list(agents))
            return 2
        try:
            leg = await service.endpoint.call(target, trunk, caller)
        except CallRefusedError as error:
            log.error("call_not_placed", problem=str(error))
            return 1
        try:
            ending = await service.switchboard.place(leg, chosen, agents[chosen]).life
        except UnknownModelError as error:
            log.error("agent_cannot_speak", agent=chosen, problem=str(error), remedy="run `offhook check`")
            return 2
    return 0 if ending.reason in {"hung_up", "agent_hung_up", "transferred"} else 1


def contact(service: Service) -> str:
    """Host and port that a softphone on this machine or network dials."""
    sip = service.settings.sip
    host = sip.public_address or sip.bind_address
    return f"{'127.0.0.1' if host == '0.0.0.0' else host}:{service.endpoint.port('udp')}"
