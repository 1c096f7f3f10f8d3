"""What the control API may do with this node's calls. Rule: an order is carried out here or refused, and never raises.

Orders come from HTTP on this node, or over Redis from another node's.
"""

import asyncio
from collections.abc import Callable

import msgspec
import structlog

from pipeline.call_acts import TransferCall
from pipeline.observe import bound_call
from pipeline.realtime.events import ServerEvent
from telephony.call import Call
from telephony.control.session_wish import SessionWishes
from telephony.control.wishes import CallWish
from telephony.leg import CallRefusedError, Fields
from telephony.offer import Decision, Declined, Offer, Taken
from telephony.orders import (
    Accept,
    Attach,
    Attached,
    Done,
    HangUp,
    Hold,
    Mute,
    Order,
    Outcome,
    Record,
    Refer,
    Refused,
    Reject,
    Resume,
    Said,
    Say,
    SendDigits,
    no_such_call,
)
from telephony.sip.endpoint import Endpoint
from telephony.state.connection import StateError
from telephony.switchboard import Switchboard, Terms

log = structlog.get_logger()

HUNG_UP = "application_hung_up"
REJECTED = "application_rejected"
DECLINE = 603
SAID_WITHIN_S = 5.0


class FrontDesk:
    """Carries out orders for the calls of one switchboard (`telephony.control.desk.Desk`)."""

    def __init__(
        self, switchboard: Switchboard, wishes: SessionWishes, endpoint: Endpoint, position: Callable[[], str]
    ) -> None:
        """`position` tells where the latest event of this node's calls stands in their streams."""
        self._switchboard = switchboard
        self._wishes = wishes
        self._endpoint = endpoint
        self._position = position

    def has(self, call_id: str) -> bool:
        """Whether this call is one of this node's."""
        known = call_id in self._switchboard.offers or call_id in self._switchboard.calls
        return known or self._handing_over_to(call_id) is not None

    def live(self, call_id: str) -> Call | None:
        """The call, if it is one of this node's and somebody talks in it."""
        return self._switchboard.calls.get(call_id)

    async def carry_out(self, call_id: str, order: Order) -> Outcome:
        """Do it, or say why not."""
        offer, call = self._switchboard.offers.get(call_id), self._switchboard.calls.get(call_id)
        with bound_call(call_id):
            log.info("order", order=type(order).__name__.lower())
            if offer is not None:
                return await self._decide(offer, order)
            if call is not None:
                return await self._steer(call, order)
            caller = self._handing_over_to(call_id)
            return no_such_call(call_id) if caller is None else _dismissed(caller, order)

    async def place(self, wish: CallWish) -> str | Refused:
        """Call out as wished; the call's id once the INVITE has left."""
        refused = self._wishes.runnable(wish.session)
        if isinstance(refused, Refused):
            return refused
        try:
            leg = await self._endpoint.call(wish.to, wish.trunk, wish.caller, wish.fields, withheld=wish.withheld)
        except CallRefusedError as error:
            return Refused(code="call_not_placed", message=f"The call cannot be placed: {error}.", param="to")
        terms = Terms(
            ring_timeout_s=wish.ring_timeout_s,
            greet=wish.greet,
            answering_machine=wish.answering_machine,
            follow=wish.follow,
            metadata=wish.metadata,
        )
        return self._switchboard.place(leg, wish.agent, refused, terms).call_id

    def _handing_over_to(self, call_id: str) -> Call | None:
        """The caller's call, where this is the call of whom they are handed over to."""
        return next((call for call in self._switchboard.calls.values() if call.transfers.has(call_id)), None)

    async def _decide(self, offer: Offer, order: Order) -> Outcome:
        match order:
            case Accept(session=session, answer_headers=fields):
                return await self._accept(offer, session, tuple(fields.items()))
            case Reject(status_code=sip_code):
                return _decided(offer, Declined(REJECTED, sip_code))
            case HangUp():
                return _decided(offer, Declined(HUNG_UP, DECLINE))
            case Attach() if offer.is_decided:
                return await self._attached_soon(offer)
            case Refer() | SendDigits() | Hold() | Resume() | Mute() | Record() | Attach() | Say():
                return _not_answered()

    async def _accept(self, offer: Offer, session: dict[str, object], fields: Fields) -> Outcome:
        try:
            config = await self._wishes.settled(session)
        except StateError:
            return Refused(status=503, code="server_error", message="The agent cannot be looked up at the moment.")
        if isinstance(config, Refused):
            return config
        return _decided(offer, Taken(_agent_named(session), config, by_application=True, fields=fields))

    async def _attached_soon(self, offer: Offer) -> Outcome:
        await offer.closed.wait()
        call = self._switchboard.calls.get(offer.call_id)
        return no_such_call(offer.call_id) if call is None else await self._steer(call, Attach())

    async def _steer(self, call: Call, order: Order) -> Outcome:
        match order:
            case Accept() | Reject():
                return _decided_already()
            case HangUp():
                call.hang_up(HUNG_UP)
            case Attach():
                return Attached(_as_json(call.as_it_is()), self._position())
            case Say(event=event):
                return await _said(call, event)
            case _ if not call.is_answered:
                return _not_answered()
            case Refer() if call.transfers.under_way:
                return Refused(code="transfer_in_progress", message="Another transfer of this call is under way.")
            case Refer(target_uri=target, summary=summary):
                call.transfer(TransferCall(target, summary))
            case SendDigits(digits=digits, method=method):
                call.leg.send_digits(digits, method)
            case Mute(who=who, on=on):
                call.leg.mute(who, on)
            case Record(state=state):
                if not call.recorder.turn(state):
                    return Refused(code="recording_not_kept", message="The settings name no media.recordings_dir.")
            case Hold() | Resume():
                if not await call.far_end.hold(isinstance(order, Hold)):
                    return Refused(code="far_end_refused", message="The far end did not agree.")
        return Done()


def _dismissed(caller: Call, order: Order) -> Outcome:
    if isinstance(order, HangUp):
        caller.transfers.dismiss(HUNG_UP)
        return Done()
    message = f"No agent talks in this call: it can only be hung up. All else is for the caller's, {caller.call_id!r}."
    return Refused(status=409, code="call_has_no_agent", message=message)


async def _said(call: Call, event: str) -> Outcome:
    taken: asyncio.Future[list[ServerEvent]] = asyncio.get_running_loop().create_future()
    call.ask(event.encode(), lambda private: None if taken.done() else taken.set_result(private))
    try:
        async with asyncio.timeout(SAID_WITHIN_S):
            return Said(_as_json(await taken))
    except TimeoutError:  # the call has ended
        return no_such_call(call.call_id)


def _as_json(events: list[ServerEvent]) -> tuple[msgspec.Raw, ...]:
    return tuple(msgspec.Raw(msgspec.json.encode(event)) for event in events)


def _agent_named(session: dict[str, object]) -> str:
    model = session.get("model")
    return model if isinstance(model, str) and model.startswith("agent:") else ""


def _decided(offer: Offer, decision: Decision) -> Outcome:
    return Done() if offer.decide(decision) else _decided_already()


def _not_answered() -> Refused:
    return Refused(code="call_not_answered", message="The call has not been answered yet.")


def _decided_already() -> Refused:
    return Refused(code="call_already_decided", message="The call has been accepted, rejected or ended already.")
