"""One call that is up: what is said, heard and pressed, and its end. Rule: it ends once and keeps nothing open."""

import asyncio
import time
from dataclasses import dataclass
from typing import Literal

from telephony.wire import sdp
from telephony.wire.desk import Desk
from telephony.wire.dialog import SDP_TYPE, Dialog, answer
from telephony.wire.ear import NS_PER_MS, Ear
from telephony.wire.message import Fields, Request, Response, bare_uri, text_of, value
from telephony.wire.mouth import Mouth, Spoken
from telephony.wire.sdp import Description, Law
from telephony.wire.speech import Speech
from telephony.wire.stream import CallOverError, Heard, Stream
from telephony.wire.transactions import GIVE_UP_S, T1_S, T2_S
from telephony.wire.transport import Link

Side = Literal["us", "far"]
How = Literal["bye", "cancel", "refusal"]

BAD_REQUEST = 400
SIPFRAG: Fields = (("Event", "refer"), ("Content-Type", "message/sipfrag"))


@dataclass(frozen=True, slots=True)
class End:
    """Who ended a call and how."""

    by: Side
    how: How
    sip_code: int
    at_ms: float


class Call:
    """One dialog and its stream. `ended` resolves once, whoever ends the call.

    `refers` is what a REFER is answered, and what is told of the target then; `notices` are the NOTIFYs for our own.
    """

    def __init__(self, desk: Desk, dialog: Dialog, stream: Stream, link: Link) -> None:
        self._desk = desk
        self._stream = stream
        self._link = link
        self._last_ack = b""
        self._acknowledged = False
        self.dialog = dialog
        self.laws: tuple[Law, ...] = ("ulaw", "alaw")
        self.events: int | None = sdp.EVENTS_PAYLOAD_TYPE
        self.law: Law | None = None
        self.answered_ms = 0.0
        self.referral: Request | None = None
        self.refers = (202, 200)
        self.notices: asyncio.Queue[Request] = asyncio.Queue()
        self.ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        desk.seat(dialog.call_id, self)
        desk.metronome.add(stream)

    @property
    def referred_to(self) -> str | None:
        """Where the far end wanted us to call."""
        return bare_uri(value(self.referral, "refer-to")) if self.referral is not None else None

    @property
    def ear(self) -> Ear:
        """What was heard, packet by packet."""
        return self._stream.ear

    @property
    def stream(self) -> Stream:
        """The socket's own figures."""
        return self._stream

    def say(self, speech: Speech) -> asyncio.Future[Spoken]:
        """Say this behind what is being said; resolves when its last packet is sent, or raises CutShortError."""
        return self._mouth.say(speech)

    def press(self, digit: str) -> asyncio.Future[Spoken]:
        """Press one key (RFC 4733) behind what is being said."""
        return self._mouth.press(digit)

    def hush(self) -> None:
        """Stop saying what is being said."""
        self._mouth.hush()

    async def until(self, heard: Heard) -> float:
        """Wait until the ear has heard this; raises CallOverError when the call ends first."""
        return await self._stream.until(heard)

    async def hang_up(self) -> End:
        """Say BYE, unless the call is over."""
        if not self.ended.done():
            link = await self._desk.link_to(self.dialog.next_hop)
            exchange = self._desk.transactions.begin(self.dialog.request("BYE", link), link)
            self.finish("us", "bye", 0)
            await exchange.final()
        return self.ended.result()

    async def refer(self, target: str) -> int:
        """Ask the far end to call this instead (RFC 3515); what it says to that."""
        link = await self._desk.link_to(self.dialog.next_hop)
        request = self.dialog.request("REFER", link, (("Refer-To", f"<{target}>"),))
        return (await self._desk.transactions.begin(request, link).final()).code

    def description(self) -> Description:
        """Where this call wants its audio."""
        return Description(self._desk.host, self._stream.port, self.laws, self.events)

    def connect(self, far: Description) -> Description:
        """Talk to this address from now on; returns our side of the agreement. Raises NoCommonAudioError."""
        shared = tuple(law for law in far.laws if law in self.laws)
        if not shared:
            raise sdp.NoCommonAudioError("no law that both sides allow")
        self.law = self.law or shared[0]
        self.answered_ms = self.answered_ms or time.monotonic_ns() / NS_PER_MS
        self._stream.aim(far, self.law)
        own = self.description()
        return Description(own.host, own.port, (self.law,), self.events and far.events, sdp.MIRRORED[far.direction])

    def acknowledge(self, link: Link) -> None:
        """Confirm the answer to our INVITE."""
        self._link = link
        self._last_ack = text_of(self.dialog.request("ACK", link))
        link.send(self._last_ack)

    def receive_again(self, response: Response) -> None:
        """The answer came again: our ACK was lost."""
        if self._last_ack:
            self._link.send(self._last_ack)

    def receive(self, request: Request, link: Link) -> None:
        """A request within the dialog."""
        match request.method:
            case "ACK":
                self._acknowledged = True
            case "INVITE":
                self._renegotiate(request, link)
            case "BYE":
                self._respond(request, 200, "OK", link)
                self.finish("far", "bye", 0)
            case "REFER":
                self._refer(request, link)
            case "OPTIONS" | "INFO" | "UPDATE" | "NOTIFY":
                self._respond(request, 200, "OK", link)
                if request.method == "NOTIFY":
                    self.notices.put_nowait(request)
            case _:
                self._respond(request, 405, "Method Not Allowed", link)

    def accept(self, invite: Request, far: Description, link: Link) -> None:
        """Answer an INVITE, again and again until the ACK comes (RFC 3261 13.3.1.4)."""
        body = sdp.text_of(self.connect(far))
        self._acknowledged = False
        response = self.dialog.response(invite, 200, "OK", body=body)
        wire = self._desk.transactions.respond(invite, response, link)
        self._insist(wire, link, T1_S, GIVE_UP_S)

    def finish(self, by: Side, how: How, sip_code: int) -> None:
        """The call is over: close its socket and forget it."""
        if self.ended.done():
            return
        self._desk.metronome.remove(self._stream)
        self._stream.close()
        self._desk.unseat(self.dialog.call_id)
        self.ended.set_result(End(by, how, sip_code, time.monotonic_ns() / NS_PER_MS))

    @property
    def _mouth(self) -> Mouth:
        if self.ended.done():
            raise CallOverError("the call is over")
        if self._stream.mouth is None:
            raise RuntimeError("the call is not up")
        return self._stream.mouth

    def _renegotiate(self, invite: Request, link: Link) -> None:
        try:
            far = sdp.read(invite.body) if invite.body else self.description()
            self.accept(invite, far, link)
        except sdp.NoCommonAudioError:
            self._respond(invite, 488, "Not Acceptable Here", link)

    def _refer(self, request: Request, link: Link) -> None:
        """Answer as `refers` says, and tell what came of it (RFC 3515); nobody is called."""
        self.referral = request
        answered, told = self.refers
        self._respond(request, answered, "Accepted" if answered < BAD_REQUEST else "Refused", link)
        if answered < BAD_REQUEST:
            for state, code in (("active", 100), ("active", 180), ("terminated;reason=noresource", told)):
                fields = (*SIPFRAG, ("Subscription-State", state))
                notify = self.dialog.request("NOTIFY", link, fields, f"SIP/2.0 {code} Told\r\n".encode())
                self._desk.transactions.begin(notify, link)

    def _respond(self, request: Request, code: int, reason: str, link: Link) -> None:
        self._desk.transactions.respond(request, answer(request, code, reason), link)

    def _insist(self, wire: bytes, link: Link, wait_s: float, left_s: float) -> None:
        if self._acknowledged or self.ended.done() or left_s <= 0:
            return
        loop = asyncio.get_running_loop()
        loop.call_later(wait_s, self._insist_again, wire, link, wait_s, left_s - wait_s)

    def _insist_again(self, wire: bytes, link: Link, wait_s: float, left_s: float) -> None:
        if not (self._acknowledged or self.ended.done()):
            link.send(wire)
            self._insist(wire, link, min(2 * wait_s, T2_S), left_s)


def offer(call: Call, body: bytes | None) -> tuple[Fields, bytes]:
    """The header fields and the body of an INVITE; `body` replaces our own offer, empty means none."""
    offered = sdp.text_of(call.description()) if body is None else body
    return ((("Content-Type", SDP_TYPE),) if offered else ()), offered
