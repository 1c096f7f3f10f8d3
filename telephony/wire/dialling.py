"""A call that we place, until it is answered or not. Rule: exactly one outcome, also when CANCEL and answer cross."""

import asyncio

from telephony.wire import sdp
from telephony.wire.call import Call, offer
from telephony.wire.desk import Desk
from telephony.wire.message import Fields, Response, value
from telephony.wire.message import Request as SipRequest
from telephony.wire.transport import Link

KEPT_BY_CANCEL = {"Via", "From", "To", "Call-ID", "Max-Forwards", "Route"}


class RefusedError(Exception):
    """The call was not answered; `sip_code` says how."""

    def __init__(self, sip_code: int, reason: str) -> None:
        super().__init__(f"{sip_code} {reason}")
        self.sip_code = sip_code


class Dialling:
    """An INVITE on its way."""

    def __init__(self, desk: Desk, call: Call, link: Link, fields: Fields, body: bytes | None) -> None:
        self._desk = desk
        self._call = call
        self._link = link
        kind, offered = offer(call, body)
        self._invite = call.dialog.request("INVITE", link, (*kind, *fields), offered)
        self._proceeding = asyncio.Event()
        self.ringing = asyncio.Event()
        self._exchange = desk.transactions.begin(self._invite, link)
        self._outcome = asyncio.create_task(self._run())
        call.ended.add_done_callback(lambda _: self._proceeding.set())

    async def answered(self) -> Call:
        """The call, once it is up; raises RefusedError."""
        outcome = await asyncio.shield(self._outcome)
        if isinstance(outcome, RefusedError):
            raise outcome
        return outcome

    async def cancel(self) -> None:
        """Give up: CANCEL as soon as that is allowed, BYE if the answer was faster."""
        await self._proceeding.wait()
        if not self._outcome.done():
            self._desk.transactions.begin(self._cancellation(), self._link)
        outcome = await asyncio.shield(self._outcome)
        if isinstance(outcome, Call):
            await outcome.hang_up()

    def close(self) -> None:
        """Wait no longer."""
        self._outcome.cancel()

    async def _run(self) -> Call | RefusedError:
        async for response in self._exchange.responses():
            self._proceeding.set()
            if response.code in {180, 183}:
                self.ringing.set()
            if response.code >= 300:
                if response.code == 487:
                    self._call.finish("us", "cancel", 487)
                else:
                    self._call.finish("far", "refusal", response.code)
                return RefusedError(response.code, response.reason)
            if response.code >= 200:
                return await self._up(response)
        raise AssertionError("responses() ends with a final response")

    async def _up(self, response: Response) -> Call | RefusedError:
        call = self._call
        call.dialog.adopt(response)
        call.acknowledge(await self._desk.link_to(call.dialog.next_hop))
        try:
            call.connect(sdp.read(response.body))
        except sdp.NoCommonAudioError as missing:
            await call.hang_up()
            return RefusedError(488, str(missing))
        return call

    def _cancellation(self) -> SipRequest:
        kept = tuple(field for field in self._invite.fields if field[0] in KEPT_BY_CANCEL)
        number = value(self._invite, "cseq").partition(" ")[0]
        return SipRequest("CANCEL", self._invite.uri, (*kept, ("CSeq", f"{number} CANCEL")))
