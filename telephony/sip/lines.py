"""The trunks of an endpoint, each with its line. Rule: on the event loop; what is to be sent is handed on."""

import asyncio
import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Final, Protocol

from telephony.leg import Fields
from telephony.settings import Trunk
from telephony.sip.identity import identity
from telephony.sip.next_hops import Hop
from telephony.sip.trunk import Registered, RetryPlan, TrunkLine
from telephony.sip.ways import Way, ways_by

UNREGISTER_S: Final = 1.0


class Send(Protocol):
    """How a trunk's server is sent REGISTER, or with a URI OPTIONS."""

    def __call__(self, trunk: str, server: int, uri: str | None, on: bool, /) -> None:
        """Send it soon; not `on`, take the registration back."""
        ...


class Lines:
    """Those of one endpoint, by the trunks' names."""

    def __init__(
        self,
        trunks: Mapping[str, Trunk],
        hops: Mapping[str, tuple[Hop, ...]],
        own_host: str,
        retry: RetryPlan,
        send: Send,
    ) -> None:
        self._trunks = trunks
        self._own_host = own_host
        self._hops = hops
        self._send = send
        self.by_name = {
            name: TrunkLine(name, partial(self.ask, name), retry, servers=hops[name], registers=trunk.register)
            for name, trunk in trunks.items()
        }

    def ask(self, trunk: str, server: int) -> None:
        """Whether this server of the trunk takes us, or as a peer lives."""
        uri = None if self._trunks[trunk].register else self._hops[trunk][server].server
        self._send(trunk, server, uri, True)

    def ways(
        self, target: str, trunk: str | None, caller: str | None, fields: Fields, *, withheld: bool
    ) -> tuple[Way, ...]:
        """Where a call may go: to a URI, or by a trunk that is there to a number."""
        if trunk is not None:
            trusted = self._trunks[trunk].trusted
            return ways_by(self.by_name[trunk], target, caller, fields, trusted=trusted, withheld=withheld)
        ours, told = identity(caller, self._own_host, trusted=False, withheld=withheld)
        return (Way(target if ":" in target else f"sip:{target}@", ours, (*told, *fields)),)

    async def leave(self) -> None:
        """Take the registrations back, so that the trunks send nobody here any more."""
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
