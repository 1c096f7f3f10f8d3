"""An endpoint on loopback with its callers. Rule: real pjsua2, real RTP; it is gone when the story ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from telephony.leg import Answered
from telephony.media.bridge import AudioBridge
from telephony.settings import SipSettings, Trunk
from telephony.sip.endpoint import Endpoint
from telephony.sip.leg import SipLeg
from telephony.sip.trunk import RetryPlan
from tests.drive.party import Party

Decision = Callable[[SipLeg], None]
LOOPBACK = SipSettings(bind_address="127.0.0.1", udp_port=0, tcp_port=0)


def answers(leg: SipLeg) -> None:
    leg.ring()
    leg.answer()


def rings(leg: SipLeg) -> None:
    leg.ring()


def rejects(sip_code: int) -> Decision:
    return lambda leg: leg.reject(sip_code)


@dataclass
class Office:
    """The endpoint, and the inbound calls that it has taken."""

    decide: Decision = answers
    echo: bool = False
    endpoint: Endpoint = field(init=False)
    arrivals: asyncio.Queue[Party] = field(default_factory=asyncio.Queue)

    def arrive(self, leg: SipLeg) -> None:
        self.arrivals.put_nowait(Party(leg, echo=self.echo))
        self.decide(leg)

    def uri(self, number: str = "1000", transport: str = "udp") -> str:
        suffix = ";transport=tcp" if transport == "tcp" else ""
        return f"sip:{number}@127.0.0.1:{self.endpoint.port(transport)}{suffix}"

    async def dials(self, uri: str | None = None, *, trunk: str | None = None, caller: str = "4711") -> Party:
        """A call of ours, by default to ourselves."""
        return Party(await self.endpoint.call(uri or self.uri(), trunk, caller))

    async def a_call(self) -> tuple[Party, Party]:
        """An answered call to ourselves: who called, who answered."""
        caller = await self.dials()
        callee = await self.arrivals.get()
        await asyncio.gather(caller.sees(Answered), callee.sees(Answered))
        return caller, callee


@contextlib.asynccontextmanager
async def an_office(
    settings: SipSettings = LOOPBACK,
    trunks: tuple[Trunk, ...] = (),
    *,
    decide: Decision = answers,
    echo: bool = False,
    rtp_timeout_s: float = 20.0,
    retry: RetryPlan | None = None,
) -> AsyncIterator[Office]:
    office = Office(decide, echo)
    bridge = AudioBridge(asyncio.get_running_loop(), wideband=settings.wideband)
    try:
        async with Endpoint(
            settings,
            trunks,
            bridge,
            office.arrive,
            rtp_timeout_s=rtp_timeout_s,
            retry=retry,
        ) as office.endpoint:
            yield office
    finally:
        bridge.close()
