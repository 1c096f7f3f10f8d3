"""The dialplan is read anew while calls go on. Rule: all of it holds for new calls, or nothing of it.

Calls that are under way keep the one that they began with.
"""

import asyncio
from collections.abc import Callable

import structlog

from telephony.agents import Agents
from telephony.check import read_dialplan
from telephony.dialplan import Dialplan, DialplanError
from telephony.plan_changes import Reloaded, changes
from telephony.settings import Settings
from telephony.switchboard import Switchboard
from telephony.vendors import Vendors

log = structlog.get_logger()


class Reloading:
    """Puts a new dialplan into force everywhere; `told` hears of it last."""

    def __init__(
        self,
        settings: Settings,
        agents: Agents,
        vendors: Vendors,
        switchboard: Switchboard,
        told: Callable[[Dialplan], None],
        dialplan: Dialplan,
    ) -> None:
        """`dialplan` holds so far."""
        self._dialplan = dialplan
        self._settings = settings
        self._agents = agents
        self._vendors = vendors
        self._switchboard = switchboard
        self._told = told
        self._turn = asyncio.Lock()
        self._begun: set[asyncio.Task[Reloaded]] = set()

    def begin(self) -> None:
        """Reload, and tell the log alone what comes of it."""
        task = asyncio.create_task(self.reload())
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    async def reload(self) -> Reloaded:
        """Read the file that the settings name; for its faults the dialplan stays as it was."""
        async with self._turn:
            try:
                dialplan = await asyncio.to_thread(read_dialplan, self._settings)
            except DialplanError as error:
                for fault in error.faults:
                    log.error("dialplan_fault", at=fault.place, problem=fault.problem, remedy=fault.remedy)
                log.error("dialplan_kept", faults=len(error.faults), remedy="mend the faults and reload again")
                return Reloaded(faults=error.faults)
            await self._vendors.adopt(dialplan.agents, dialplan.flows, dialplan.phrases())
            self._agents.adopt(dialplan.agents)
            self._switchboard.adopt(dialplan)
            self._told(dialplan)
            changed, self._dialplan = changes(self._dialplan, dialplan), dialplan
            log.info("dialplan_reloaded", file=dialplan.written.file, routes=len(dialplan.routes), changes=changed)
            return Reloaded(changed)
