"""A telephone: places and takes calls. Rule: closing it ends every call it has.

async with Phone(bind="127.0.0.1") as phone:
    call = await phone.call("sip:100@127.0.0.1:5070")
    spoken = await call.say(speech)
    await call.hang_up()
"""

import asyncio
from types import TracebackType
from typing import Self

from telephony.wire.arrival import Arrival
from telephony.wire.call import Call
from telephony.wire.desk import Desk
from telephony.wire.dialling import Dialling
from telephony.wire.dialog import incoming, outgoing
from telephony.wire.message import Fields, Request
from telephony.wire.sdp import EVENTS_PAYLOAD_TYPE, Law
from telephony.wire.stream import Stream
from telephony.wire.transport import Link

BOTH_LAWS: tuple[Law, ...] = ("ulaw", "alaw")


class Phone:
    """A phone on one address; all its calls share one timer."""

    def __init__(self, bind: str = "127.0.0.1", port: int = 0, *, number: str = "caller", keep_audio: bool = False):
        self._bind = bind
        self._port = port
        self._number = number
        self._keep_audio = keep_audio
        self._desk: Desk | None = None
        self._calls: list[Call] = []
        self._dialling: list[Dialling] = []
        self._arrivals: asyncio.Queue[Arrival] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._desk = Desk(self._arrive)
        await self._desk.open(self._bind, self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        desk = self._open
        for dialling in self._dialling:
            dialling.close()
        for call in self._calls:
            if not call.ended.done():
                if call.law is not None:
                    link = await desk.link_to(call.dialog.next_hop)
                    desk.transactions.begin(call.dialog.request("BYE", link), link)
                call.finish("us", "bye", 0)
        desk.close()

    @property
    def uri(self) -> str:
        """What others dial."""
        host, port = self._open.local
        return f"sip:{self._number}@{host}:{port}"

    @property
    def malformed(self) -> int:
        """Datagrams received that were no SIP."""
        return self._open.malformed

    async def dial(
        self,
        uri: str,
        *,
        laws: tuple[Law, ...] = BOTH_LAWS,
        events: int | None = EVENTS_PAYLOAD_TYPE,
        fields: Fields = (),
        body: bytes | None = None,
    ) -> Dialling:
        """Send an INVITE. `body` replaces our offer (empty: none); `fields` are added; `events` is telephone-event."""
        desk = self._open
        link = await desk.link_to(uri)
        dialog = outgoing(self._number, uri, desk.local, link.name)
        call = self._new_call(Call(desk, dialog, Stream(self._bind, keep_audio=self._keep_audio), link))
        call.laws, call.events = laws, events
        dialling = Dialling(desk, call, link, fields, body)
        self._dialling.append(dialling)
        return dialling

    async def call(self, uri: str, *, laws: tuple[Law, ...] = BOTH_LAWS) -> Call:
        """Place a call and wait for the answer; raises RefusedError."""
        return await (await self.dial(uri, laws=laws)).answered()

    async def rings(self) -> Arrival:
        """The next call that comes in."""
        return await self._arrivals.get()

    @property
    def _open(self) -> Desk:
        if self._desk is None:
            raise RuntimeError("the phone is not open")
        return self._desk

    def _arrive(self, invite: Request, link: Link) -> None:
        desk = self._open
        dialog = incoming(invite, desk.local, link.name)
        call = self._new_call(Call(desk, dialog, Stream(self._bind, keep_audio=self._keep_audio), link))
        self._arrivals.put_nowait(Arrival(desk, call, invite, link))

    def _new_call(self, call: Call) -> Call:
        self._calls.append(call)
        return call
