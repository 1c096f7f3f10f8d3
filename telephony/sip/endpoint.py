"""The SIP endpoint from start to clean stop: trunks, legs, lines. Rule: no pjsua2 object comes this far."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Self

import structlog

from telephony.leg import CallRefusedError, Fields, LegEnded
from telephony.settings import SipSettings, Trunk
from telephony.sip.account import direct_account, trunk_account
from telephony.sip.doorkeeper import Doorkeeper
from telephony.sip.exchange import Exchange, Occupancy
from telephony.sip.invite import Headers, Invite, user_of
from telephony.sip.leg import Act, SipLeg
from telephony.sip.library import choose_codecs, open_transport, start_library
from telephony.sip.lines import Lines
from telephony.sip.next_hops import Hop
from telephony.sip.operator import Signal
from telephony.sip.sound import Bridge
from telephony.sip.thread import SipThread, contained
from telephony.sip.trunk import Left, Registration, RetryPlan, TrunkLine
from telephony.traffic import Limits, Traffic

__all__ = ["CallRefusedError"]  # besides what is defined here

_log = structlog.get_logger(__name__)

FAREWELL_S: Final = 0.2  # for answers to our BYEs before the sockets close
_USER_PART: Final = re.compile(r"(?:[\w.!~*'()&=+$,;?/-]|%[0-9A-Fa-f]{2})+", re.ASCII)  # RFC 3261 section 25.1


class Endpoint:
    """`async with` opens it: one in a process at a time. Inbound legs go to `on_call`, on the event loop."""

    def __init__(
        self,
        settings: SipSettings,
        trunks: tuple[Trunk, ...],
        bridge: Bridge,
        on_call: Callable[[SipLeg], None],
        *,
        rtp_timeout_s: float = 20.0,
        retry: RetryPlan | None = None,
    ) -> None:
        self._settings = settings
        self._trunks = {trunk.name: trunk for trunk in trunks}
        self._bridge = bridge
        self._on_call = on_call
        self._rtp_timeout_s = rtp_timeout_s
        self._retry = retry or RetryPlan()
        self._ports: dict[str, int] = {}
        self._legs: dict[int, SipLeg] = {}

    async def __aenter__(self) -> Self:
        self._lines = Lines(self._trunks, self._settings, self._retry, self._ask, self._open_place)
        await self._lines.find()
        self._thread = SipThread(asyncio.get_running_loop())
        self._thread.start()
        try:
            await self._thread.do(self._open)
        except BaseException:
            await self._thread.stop()
            raise
        self._lines.begin()
        self._watch = asyncio.create_task(self._watch_media())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watch.cancel()
        await self._lines.leave()
        if await self._thread.do(partial(self._exchange.hang_up_all, "shutting_down")):
            await asyncio.sleep(FAREWELL_S)
        await self._thread.do(self._exchange.close)
        await self._thread.stop()

    def port(self, transport: str) -> int:
        """The port that "udp" or "tcp" listens on; KeyError when it does not."""
        return self._ports[transport]

    @property
    def trunks(self) -> Mapping[str, TrunkLine]:
        """The trunks by name, each with its state."""
        return self._lines.by_name

    @property
    def live_legs(self) -> int:
        """Legs that have not ended."""
        return len(self._legs)

    async def occupancy(self) -> Occupancy:
        """What the calls hold at the moment; all of it goes with the last call."""
        return await self._thread.do(lambda: self._exchange.occupancy(self._thread.library))

    async def call(
        self,
        target: str,
        trunk: str | None = None,
        caller: str | None = None,
        fields: Fields = (),
        *,
        withheld: bool = False,
    ) -> SipLeg:
        """Send an INVITE to a sip: URI, or by a trunk to a number. What comes of it are the leg's events.

        `fields` are added to it. `withheld`, who is called does not learn the caller.

        Raises CallRefusedError when it cannot even be tried.
        """
        if trunk and trunk not in self._trunks:
            raise CallRefusedError(f"there is no trunk {trunk!r}; there are {', '.join(self._trunks) or 'none'}")
        caller = caller or (self._trunks[trunk].caller if trunk else None)
        if caller and not _USER_PART.fullmatch(caller):
            raise CallRefusedError(f"the caller {caller!r} cannot stand in a SIP address")
        ways = self._lines.ways(target, trunk or None, caller, fields, withheld=withheld)
        number = self._exchange.reserve()
        invite = Invite(caller or "", user_of(ways[0].target) or target, "", Headers({}))
        leg = self._legs[number] = SipLeg(
            invite, trunk, partial(self._send, number), self._bridge.new_sound(), inbound=False
        )
        try:
            await self._thread.do(partial(self._exchange.place, number, ways))
        except CallRefusedError:
            # A name that nobody knows ends the dialog before the library says so.
            self._legs.pop(number, None)
            raise
        except asyncio.CancelledError:
            leg.hang_up("cancelled")
            raise
        return leg

    def arrived(self, number: int, invite: Invite, trunk: str | None) -> None:
        """An inbound dialog waits for a decision (from the SIP thread)."""
        self._thread.tell(self._take_call, number, invite, trunk)

    def signalled(self, number: int, signal: Signal) -> None:
        """Something happened to a dialog (from the SIP thread)."""
        self._thread.tell(self._take, number, signal)

    def registered(self, trunk: str, registration: Registration) -> None:
        """A trunk's server answered, or did not (from the SIP thread)."""
        self._thread.tell(self._lines.by_name[trunk].answered, registration)

    def left(self, trunk: str, left: Left) -> None:
        """A trunk's server could not take a call (from the SIP thread)."""
        self._thread.tell(self._lines.by_name[trunk].left, left)

    async def close_to_calls(self) -> None:
        """Who asks by OPTIONS is told that no new calls are wanted."""
        await self._thread.do(partial(self._exchange.set_open, False))

    @property
    def turned_away(self) -> tuple[int, int]:
        """Requests of strangers, and calls above a source's rate, since the start."""
        return self._exchange.doorkeeper.turned_away

    def _open(self) -> None:
        library = self._thread.library
        start_library(library, self._settings)
        trunks = tuple(self._trunks.values())
        doorkeeper = Doorkeeper(self._settings, trunks)
        doorkeeper.stand()
        self._exchange = Exchange(self, self._thread.post, self._bridge, _traffic(self._settings, trunks), doorkeeper)
        if self._settings.udp_port is not None:
            self._ports["udp"] = open_transport(library, self._settings, "udp")
        if self._settings.tcp_port is not None:
            self._ports["tcp"] = open_transport(library, self._settings, "tcp")
        if self._settings.tls_port is not None or any(trunk.uses_tls for trunk in trunks):
            asks_names = any(trunk.certificate_names for trunk in trunks)
            self._ports["tls"] = open_transport(library, self._settings, "tls", asks_names=asks_names)
        library.libStart()
        library.audDevManager().setNullDev()
        choose_codecs(library, (*self._settings.codecs, *(codec for trunk in trunks for codec in trunk.codecs)))
        port = next(iter(self._ports.values()), 5_060)
        self._exchange.open_account(None, self._settings, direct_account(self._settings, port))
        for trunk in self._trunks.values():
            for place, hop in enumerate(self._lines.by_name[trunk.name].servers):
                self._exchange.open_account(trunk.name, trunk, self._account(trunk, place, hop), place)
            if not trunk.register:
                self._lines.ask(trunk.name, 0)

    def _account(self, trunk: Trunk, place: int, hop: Hop) -> Any:
        line = self._exchange.doorkeeper.line_of(trunk.name)
        return trunk_account(self._settings, trunk, hop, line, first=place == 0)

    def _renew(self, trunk: Trunk, place: int, hop: Hop) -> bool:
        return self._exchange.renew_account(trunk.name, trunk, self._account(trunk, place, hop), place)

    async def _open_place(self, trunk: str, place: int, hop: Hop) -> bool:
        return await self._thread.do(partial(self._renew, self._trunks[trunk], place, hop))

    def _take_call(self, number: int, invite: Invite, trunk: str | None) -> None:
        leg = SipLeg(invite, trunk, partial(self._send, number), self._bridge.new_sound(), inbound=True)
        self._legs[number] = leg
        self._guarded(leg, partial(self._on_call, leg))

    def _take(self, number: int, signal: Signal) -> None:
        leg = self._legs.get(number)
        if leg:
            self._guarded(leg, partial(leg.take, signal))
        if isinstance(signal, LegEnded):
            self._legs.pop(number, None)
            self._thread.post(partial(self._exchange.let_go, number))

    def _guarded(self, leg: SipLeg, act: Callable[[], None]) -> None:
        contained(act, partial(leg.hang_up, "internal_error"))

    def _send(self, number: int, act: Act) -> None:
        self._thread.enter(partial(self._exchange.act, number, act))

    def _ask(self, trunk: str, server: int, uri: str | None, on: bool) -> None:
        self._thread.post(partial(self._exchange.ask, trunk, server, uri, on))

    async def _watch_media(self) -> None:
        """Look at each leg's RTP several times within the timeout, rarely enough to cost nothing."""
        pause_s = max(0.1, min(2.0, self._rtp_timeout_s / 8))
        while True:
            await asyncio.sleep(pause_s)
            now_ms = time.monotonic() * 1_000
            self._thread.post(partial(self._exchange.check_media, now_ms, self._rtp_timeout_s * 1_000))


def _traffic(sip: SipSettings, trunks: tuple[Trunk, ...]) -> Traffic:
    per_trunk = {trunk.name: trunk.max_calls for trunk in trunks if trunk.max_calls}
    limits = Limits(node=sip.max_calls, per_source=sip.calls_per_source, per_did=sip.calls_per_did, per_trunk=per_trunk)
    return Traffic(limits, {trunk.name: trunk.dial_rules for trunk in trunks})
