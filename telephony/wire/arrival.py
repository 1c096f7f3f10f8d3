"""A call that comes in, until we answer it. Rule: the INVITE gets exactly one final answer."""

import asyncio

from telephony.wire import sdp
from telephony.wire.call import Call
from telephony.wire.desk import Desk
from telephony.wire.dialog import Dialog
from telephony.wire.message import Request, Response
from telephony.wire.transport import Link


class Arrival:
    """A ringing phone; `cancelled` is set when the caller gives up first."""

    def __init__(self, desk: Desk, call: Call, invite: Request, link: Link) -> None:
        self._desk = desk
        self._call = call
        self._link = link
        self._open = True
        self.invite = invite
        self.cancelled = asyncio.Event()
        desk.seat(call.dialog.call_id, self)

    @property
    def dialog(self) -> Dialog:
        """As it is once it rings here."""
        return self._call.dialog

    def ring(self) -> None:
        """Tell the caller that it rings here."""
        self._respond(self.invite, 180, "Ringing")

    def answer(self) -> Call:
        """Take the call; raises NoCommonAudioError, and then the caller has got 488."""
        self._open = False
        self._desk.seat(self._call.dialog.call_id, self._call)
        try:
            far = sdp.read(self.invite.body)
            self._call.accept(self.invite, far, self._link)
        except sdp.NoCommonAudioError:
            self.reject(488, "Not Acceptable Here")
            raise
        return self._call

    def reject(self, sip_code: int, reason: str = "Refused") -> None:
        """Do not take the call."""
        self._open = False
        self._respond(self.invite, sip_code, reason)
        self._call.finish("us", "refusal", sip_code)

    def receive(self, request: Request, link: Link) -> None:
        """CANCEL, before we answered."""
        if request.method == "CANCEL":
            self._respond(request, 200, "OK")
            if self._open:
                self._open = False
                self._respond(self.invite, 487, "Request Terminated")
                self._call.finish("far", "cancel", 487)
                self.cancelled.set()

    def receive_again(self, response: Response) -> None:
        """Nothing of ours is open yet."""

    def _respond(self, request: Request, code: int, reason: str) -> None:
        response = self._call.dialog.response(request, code, reason)
        self._desk.transactions.respond(request, response, self._link)
