"""`/v1/trunks`: how this node's trunks do. Rule: read only; what is in force comes from the settings."""

from msgspec import Struct, field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telephony.control.answers import as_json
from telephony.control.parts import Parts
from telephony.control.trunk_object import TrunkObject


class TrunkList(Struct, frozen=True):
    """The trunks of this node, in the order of its settings."""

    trunks: list[TrunkObject] = field(name="data")
    object: str = "list"


class TrunkBook:
    """The route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """What is served."""
        return [Route("/v1/trunks", self._list, methods=["GET"])]

    async def _list(self, _: Request) -> Response:
        return as_json(TrunkList(self._parts.trunk_states()))
