"""`?call_id=`: a WebSocket client attached to a phone call, on this node or another. Rule: it never outlives the call.

Its events go to the call's session as orders do, and are dealt with in order; the session's events come back from the
call itself, or from its stream in Redis when another node has it. Audio stays on the phone.
"""

import asyncio
from typing import Final, Protocol

import structlog
from starlette.types import Receive

from pipeline.observe import bound_call
from pipeline.realtime.client import Refusal
from pipeline.realtime.events import ErrorDetail, ErrorEvent, ServerEvent
from pipeline.realtime.ours import OurEvent
from telephony.call import Call
from telephony.control.client_frames import TOO_LONG, Appended, event_of, is_long
from telephony.control.client_session import ENCODER, new_id
from telephony.control.dispatch import Dispatch
from telephony.control.outbox import NORMAL, OUR_FAULT, Outbox
from telephony.orders import Attach, Attached, Refused, Said, Say, no_such_call
from telephony.state.bus import Bus
from telephony.state.connection import StateError
from telephony.state.store import Store

log = structlog.get_logger()

LOOK_EVERY_S: Final = 0.5
# The session as it was when the client came is told by whoever attached it.
UNTOLD: Final = (b'{"type":"session.created"', b'{"type":"conversation.created"')


class Feed(Protocol):
    """A call's events on their way to one client."""

    async def run(self, outbox: Outbox) -> None:
        """Deliver until the call ends; then close."""
        ...


class OwnCall:
    """A call of this node (`telephony.audience.Follower`)."""

    def __init__(self, call: Call, *, with_ours: bool = False) -> None:
        """`with_ours`: the client has asked for the events that are ours alone."""
        self._call = call
        self._with_ours = with_ours
        self._outbox: Outbox | None = None
        self._ended = asyncio.Event()

    async def run(self, outbox: Outbox) -> None:
        """Deliver until the call ends; then close."""
        self._outbox = outbox
        for event in self._call.as_it_is():
            outbox.post(ENCODER.encode(event))
        self._call.audience.join(self)
        try:
            await self._ended.wait()
        finally:
            self._call.audience.leave(self)
        outbox.close(NORMAL, "the call has ended")

    def happened(self, event: ServerEvent) -> None:
        """The session emitted an event."""
        if self._outbox is not None and (self._with_ours or not isinstance(event, OurEvent)):
            self._outbox.post(ENCODER.encode(event))

    def call_ended(self) -> None:
        """There will be no more."""
        self._ended.set()


class DistantCall:
    """A call of another node."""

    def __init__(self, call_id: str, attached: Attached, bus: Bus, store: Store, *, with_ours: bool = False) -> None:
        self._untold = UNTOLD if with_ours else (*UNTOLD, b'{"type":"offhook.')
        self._call_id = call_id
        self._attached = attached
        self._position = attached.position
        self._bus = bus
        self._store = store

    async def run(self, outbox: Outbox) -> None:
        """Deliver until the call ends; then close."""
        for event in self._attached.events:
            outbox.post(bytes(event))
        reading = asyncio.create_task(self._read(outbox))
        try:
            lost = await self._over()
            reading.cancel()
            for stored in await self._bus.past_events(self._call_id, self._position):
                self._tell(outbox, stored.event)
            if lost:
                outbox.close(OUR_FAULT, "the call's node is lost")
            else:
                outbox.close(NORMAL, "the call has ended")
        except StateError as error:
            log.warning("sideband_cut_off", problem=str(error))
            outbox.close(OUR_FAULT, "the call cannot be followed any more")
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, outbox: Outbox) -> None:
        async for stored in self._bus.events(self._call_id, self._position):
            self._position = stored.position
            self._tell(outbox, stored.event)

    async def _over(self) -> bool:
        """Wait until the call is over; whether that is only because its node is gone."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            record = await self._store.call(self._call_id)
            if record is None or not record.is_live:
                return record is None or record.state == "lost"

    def _tell(self, outbox: Outbox, event: bytes) -> None:
        if not event.startswith(self._untold):
            outbox.post(event)


class Sideband:
    """One client at one call."""

    def __init__(self, call_id: str, feed: Feed, dispatch: Dispatch) -> None:
        self._call_id = call_id
        self._feed = feed
        self._dispatch = dispatch
        self._deaf = False

    async def run(self, receive: Receive, outbox: Outbox) -> None:
        """Serve the client until it leaves or the call ends."""
        with bound_call(self._call_id):
            await self._serve(receive, outbox)

    async def _serve(self, receive: Receive, outbox: Outbox) -> None:
        sending = asyncio.create_task(outbox.run())
        feeding = asyncio.create_task(self._feed.run(outbox))
        reading = asyncio.create_task(self._read(receive, outbox))
        try:
            await asyncio.wait({sending, reading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (feeding, reading, sending):
                task.cancel()
            await asyncio.gather(feeding, reading, sending, return_exceptions=True)

    async def _read(self, receive: Receive, outbox: Outbox) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            match event_of(message):
                case Refusal(error):
                    self._mistaken(outbox, error)
                case Appended():
                    self._hears_nothing()
                case _ if is_long(message):
                    self._mistaken(outbox, TOO_LONG.error)
                case event:
                    await self._say(message["text"], event.event_id, outbox)

    async def _say(self, text: str, event_id: str | None, outbox: Outbox) -> None:
        match await self._dispatch.order(self._call_id, Say(text)):
            case Said(events):
                for private in events:
                    outbox.post(bytes(private))
            case Refused(code=code, message=message, param=param, status=status):
                kind = "server_error" if status >= 500 else "invalid_request_error"
                self._mistaken(
                    outbox, ErrorDetail(type=kind, code=code, message=message, param=param, event_id=event_id)
                )
            case _:
                pass

    def _mistaken(self, outbox: Outbox, error: ErrorDetail) -> None:
        outbox.post(ENCODER.encode(ErrorEvent(event_id=new_id("event"), error=error)))

    def _hears_nothing(self) -> None:
        if not self._deaf:
            self._deaf = True
            log.info("sideband_audio_ignored")


async def feed_of(
    call_id: str, dispatch: Dispatch, bus: Bus, store: Store, *, with_ours: bool = False
) -> Feed | Refused:
    """The events of a live call, wherever it is; refused when there is none, or nobody talks in it yet."""
    call = dispatch.desk.live(call_id)
    if call is not None:
        return OwnCall(call, with_ours=with_ours)
    match await dispatch.order(call_id, Attach()):
        case Attached() as attached:
            # Its acceptance may have been under way.
            call = dispatch.desk.live(call_id)
            if call is not None:
                return OwnCall(call, with_ours=with_ours)
            return DistantCall(call_id, attached, bus, store, with_ours=with_ours)
        case Refused() as refused:
            return refused
        case _:
            return no_such_call(call_id)
