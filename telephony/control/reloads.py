"""The dialplan over HTTP: have it read anew. Rule: faults are told with their lines, and change nothing."""

from typing import Literal

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telephony.control.answers import ApiError, as_json
from telephony.control.parts import Parts
from telephony.orders import Refused

UNPROCESSABLE = 422


class DialplanObject(Struct, frozen=True, kw_only=True):
    """The dialplan that holds for new calls, by its agents, and what is other than before."""

    agents: tuple[str, ...]
    changes: tuple[str, ...]
    object: Literal["dialplan"] = "dialplan"


class Reloads:
    """The endpoint."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """Where it is."""
        return [Route("/v1/dialplan/reload", self.reload, methods=["POST"])]

    async def reload(self, _: Request) -> Response:
        """Read it anew, on this node."""
        reloaded = await self._parts.reload()
        if faults := reloaded.faults:
            message = "The dialplan has faults; the one before stays in force.\n" + "\n".join(map(str, faults))
            raise ApiError(Refused(status=UNPROCESSABLE, code="dialplan_faults", message=message))
        return as_json(DialplanObject(agents=tuple(self._parts.agents), changes=reloaded.changes))
