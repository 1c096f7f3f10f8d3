"""The trunks of an endpoint, each with its line. Rule: on the event loop; what is to be sent is handed on."""

import asyncio
import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Final, Protocol

import structlog

from telephony.leg import Fields
from telephony.settings import SipSettings, Trunk
from telephony.sip.identity import identity
from telephony.sip.library import contact_host
from telephony.sip.next_hops import Found, Hop, hops_of
from telephony.sip.trunk import Registered, RetryPlan, TrunkLine
from telephony.sip.ways import Way, ways_by
from telephony.trunk_settings import MOST_SERVERS

log = structlog.get_logger(__name__)

UNREGISTER_S: Final = 1.0


class Send(Protocol):
    """How a trunk's server is sent REGISTER, or with a URI OPTIONS."""

    def __call__(self, trunk: str, server: int, uri: str | None, on: bool, /) -> None:
        """Send it soon; not `on`, take the registration back."""
        ...


class Open(Protocol):
    """How a trunk's server gets the account with which it is talked to."""

    async def __call__(self, trunk: str, place: int, hop: Hop, /) -> bool:
        """Give this place in the trunk's list to this server, unless calls still go by who had it."""
        ...


class Lines:
    """Those of one endpoint, by the trunks' names."""

    def __init__(
        self,
        trunks: Mapping[str, Trunk],
        settings: SipSettings,
        retry: RetryPlan,
        send: Send,
        open_place: Open,
    ) -> None:
        self._trunks = trunks
        self._settings = settings
        self._retry = retry
        self._send = send
        self._open_place = open_place
        self._most = MOST_SERVERS // max(1, sum(len(trunk.servers) for trunk in trunks.values()))
        self._found: dict[str, Found] = {}
        self._asking: list[asyncio.Task[None]] = []
        self.by_name: dict[str, TrunkLine] = {}

    async def find(self) -> None:
        """Where each trunk's servers are, before anything is sent."""
        found = await asyncio.gather(*(hops_of(trunk, self._settings, self._most) for trunk in self._trunks.values()))
        self._found = dict(zip(self._trunks, found, strict=True))
        for name, trunk in self._trunks.items():
            ask, hops = partial(self.ask, name), self._found[name].hops
            self.by_name[name] = TrunkLine(name, ask, self._retry, servers=hops, registers=trunk.register)

    def begin(self) -> None:
        """Look again from now on, when what was found holds no longer or no server can serve."""
        if self._settings.nameservers:
            self._asking = [asyncio.create_task(self._keep_finding(name)) for name in self._trunks]

    def ask(self, trunk: str, server: int) -> None:
        """Whether this server of the trunk takes us, or as a peer lives."""
        uri = None if self._trunks[trunk].register else self.by_name[trunk].servers[server].server
        self._send(trunk, server, uri, True)

    def ways(
        self, target: str, trunk: str | None, caller: str | None, fields: Fields, *, withheld: bool
    ) -> tuple[Way, ...]:
        """Where a call may go: to a URI, or by a trunk that is there to a number."""
        if trunk is not None:
            trusted = self._trunks[trunk].trusted
            return ways_by(self.by_name[trunk], target, caller, fields, trusted=trusted, withheld=withheld)
        ours, told = identity(caller, contact_host(self._settings), trusted=False, withheld=withheld)
        return (Way(target if ":" in target else f"sip:{target}@", ours, (*told, *fields)),)

    async def leave(self) -> None:
        """Take the registrations back, so that the trunks send nobody here any more."""
        for task in self._asking:
            task.cancel()
        standing = [line for line in self.by_name.values() if isinstance(line.state, Registered)]
        for line in self.by_name.values():
            line.close()
        for line in standing:
            self._send(line.name, line.place, None, False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UNREGISTER_S):
                for line in standing:
                    while isinstance(line.state, Registered):
                        await line.changed()

    async def _keep_finding(self, name: str) -> None:
        line = self.by_name[name]
        while True:
            await asyncio.sleep(self._retry.names_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._found[name].holds_s - self._retry.names_s)):
                    await line.lost.wait()
            line.lost.clear()
            before = self._found[name].hops
            self._found[name] = await hops_of(self._trunks[name], self._settings, self._most, before)
            hops = self._found[name].hops
            if set(hops) != set(before):
                log.info("servers_found", trunk=name, routes=[hop.route or hop.server for hop in hops])
            await self._take_turns(line, hops)

    async def _take_turns(self, line: TrunkLine, hops: tuple[Hop, ...]) -> None:
        """Give each its turn; who has no place yet gets a new one, or that of somebody who is not named any more."""
        known = {hop: place for place, hop in enumerate(line.servers) if hop in hops}
        line.turn([known[hop] for hop in hops if hop in known] or [line.place])
        most, new = self._most * len(self._trunks[line.name].servers), []
        for hop in [hop for hop in hops if hop not in known]:
            # What comes in is the first place's, so that is never another's.
            kept = {0, *known.values(), *([line.place] if line.is_up else [])}
            left = [place for place in range(len(line.servers)) if place not in kept]
            for place in [len(line.servers)] if len(line.servers) < most else left:
                if await self._open_place(line.name, place, hop):
                    line.servers[place : place + 1] = [hop]
                    known[hop] = place
                    new.append(place)
                    break
        line.turn([known[hop] for hop in hops if hop in known] or [line.place], new)
