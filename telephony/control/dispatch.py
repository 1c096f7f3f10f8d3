"""From any node to the node that has the call. Rule: the owner carries out, and who asked hears what became of it."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from telephony.call import Call
from telephony.control.wishes import CallWish
from telephony.orders import Order, Outcome, Refused, encoded, no_such_call, order_in, outcome_in
from telephony.state.bus import Bus, CallNotLiveError, Command, NoReplyError
from telephony.state.connection import StateError

log = structlog.get_logger()

ORDER_TIMEOUT_S: Final = 8.0


class Desk(Protocol):
    """What this node does with its own calls."""

    def has(self, call_id: str) -> bool:
        """Whether this call is one of this node's."""
        ...

    def live(self, call_id: str) -> Call | None:
        """The call, if it is one of this node's and somebody talks in it."""
        ...

    async def carry_out(self, call_id: str, order: Order) -> Outcome:
        """Do it, or say why not."""
        ...

    async def place(self, wish: CallWish) -> str | Refused:
        """Call out; the call's id once the INVITE has left."""
        ...


class Dispatch:
    """Finds who has a call."""

    def __init__(self, desk: Desk, bus: Bus) -> None:
        self.desk = desk
        self._bus = bus
        self._working: set[asyncio.Task[None]] = set()

    async def order(self, call_id: str, order: Order) -> Outcome:
        """Have it carried out, wherever the call is."""
        if self.desk.has(call_id):
            return await self.desk.carry_out(call_id, order)
        try:
            return outcome_in(await self._bus.ask(call_id, encoded(order), ORDER_TIMEOUT_S))
        except CallNotLiveError:
            return no_such_call(call_id)
        except NoReplyError:
            return Refused(status=504, code="server_error", message="The call's node does not answer.")
        except StateError:
            return Refused(status=503, code="server_error", message="The call cannot be looked up at the moment.")

    async def serve(self, node: str, steer: Callable[[str, bytes], None]) -> None:
        """Carry out what others ask of this node's calls; `steer` takes what is no order but a client event."""
        async for command in self._bus.commands(node):
            order = order_in(command.command)
            if order is None:
                steer(command.call_id, command.command)
                continue
            task = asyncio.create_task(self._carry_out(command, order), name=f"order for {command.call_id}")
            self._working.add(task)
            task.add_done_callback(self._finished)

    async def _carry_out(self, command: Command, order: Order) -> None:
        outcome = await self.desk.carry_out(command.call_id, order)
        try:
            await self._bus.reply(command, encoded(outcome))
        except StateError as error:
            log.warning("order_not_answered", call_id=command.call_id, problem=str(error))

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._working.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("order_failed", exc_info=fault, remedy="this is a fault of the service: please report it")
