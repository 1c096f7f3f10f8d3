"""`/v1/agents`: who can talk. Rule: the dialplan's agents are read here; those in Redis can also be written.

Each change of a kept agent has a higher version, which is its ETag: with `If-Match`, or `version` in the body, only
what was read is replaced.
"""

import re
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.realtime.config import SessionConfig
from telephony.control.answers import ApiError, as_json, empty
from telephony.control.parts import Parts
from telephony.control.reading import body_of
from telephony.orders import NOT_FOUND, Refused
from telephony.state.store import StoredSession, VersionConflictError

CONFLICT: Final = 409
PRECONDITION_FAILED: Final = 412
# Python's $ stands before a last line break too.
AGENT_NAME: Final = r"^[A-Za-z0-9._-]{1,64}$(?!\n)"
_ETAG: Final = re.compile(r'(?:W/)?"(?P<version>[0-9]+)"')


class NewAgent(Struct, frozen=True, forbid_unknown_fields=True):
    """An agent that is not there yet."""

    name: Annotated[str, Meta(pattern=AGENT_NAME)]
    session: dict[str, Any]


class AgentChange(Struct, frozen=True, forbid_unknown_fields=True):
    """An agent's whole session; `version` is that of the one it replaces, 0 when there is to be none."""

    session: dict[str, Any]
    version: int | None = None


class AgentObject(Struct, frozen=True, kw_only=True):
    """An agent; one of the dialplan has version 0 and cannot be changed here."""

    name: str
    version: int
    source: Literal["dialplan", "redis"]
    session: SessionConfig
    object: Literal["agent"] = "agent"


class AgentList(Struct, frozen=True):
    """Agents by name."""

    agents: list[AgentObject] = field(name="data")
    object: Literal["list"] = "list"


class AgentBook:
    """The endpoints."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/v1/agents", self.list, methods=["GET"]),
            Route("/v1/agents", self.create, methods=["POST"]),
            Route("/v1/agents/{name}", self.get, methods=["GET"]),
            Route("/v1/agents/{name}", self.put, methods=["PUT"]),
            Route("/v1/agents/{name}", self.delete, methods=["DELETE"]),
        ]

    async def list(self, _: Request) -> Response:
        """All agents; a kept one that bears the name of one in the dialplan is never asked and not listed."""
        written = [_of_dialplan(name, session) for name, session in self._parts.agents.items()]
        kept = [_of_redis(stored) for stored in await self._parts.store.sessions()]
        found = {agent.name: agent for agent in (*kept, *written)}
        return as_json(AgentList([found[name] for name in sorted(found)]))

    async def create(self, request: Request) -> Response:
        """A new one."""
        new = await body_of(request, NewAgent)
        self._check_name(new.name)
        try:
            agent = await self._put(new.name, new.session, expected=0)
        except VersionConflictError:
            message = f"There is an agent {new.name!r} already: PUT /v1/agents/{new.name} replaces it."
            raise ApiError(Refused(status=CONFLICT, code="agent_exists", message=message, param="name")) from None
        return _answer(agent, 201)

    async def get(self, request: Request) -> Response:
        """One."""
        name = request.path_params["name"]
        if name in self._parts.agents:
            return as_json(_of_dialplan(name, self._parts.agents[name]))
        return _answer(_of_redis(await self._stored(name)))

    async def put(self, request: Request) -> Response:
        """Replace one, or make it."""
        name = request.path_params["name"]
        self._check_name(name)
        change = await body_of(request, AgentChange)
        expected = _expected(request)
        try:
            agent = await self._put(name, change.session, change.version if expected is None else expected)
        except VersionConflictError as error:
            raise _changed(name, error.version) from None
        return _answer(agent)

    async def delete(self, request: Request) -> Response:
        """Forget one; calls that it talks in go on."""
        name = request.path_params["name"]
        self._check_name(name)
        stored = await self._stored(name)
        expected = _expected(request)
        if expected is not None and expected != stored.version:
            raise _changed(name, stored.version)
        await self._parts.store.delete_session(name)
        return empty()

    async def _put(self, name: str, session: dict[str, Any], expected: int | None) -> AgentObject:
        config = self._parts.wishes.exact(session, "session")
        if isinstance(config, Refused):
            raise ApiError(config)
        version = await self._parts.store.put_session(name, config, expected)
        return _of_redis(StoredSession(name, version, config))

    async def _stored(self, name: str) -> StoredSession:
        stored = await self._parts.store.session(name) if re.fullmatch(AGENT_NAME, name) else None
        if stored is None:
            message = f"There is no agent {name[:64]!r}."
            raise ApiError(Refused(status=NOT_FOUND, code="agent_not_found", message=message, param="name"))
        return stored

    def _check_name(self, name: str) -> None:
        if not re.fullmatch(AGENT_NAME, name):
            message = "Invalid value: 'name': expected letters, digits, dots, dashes and underscores, at most 64."
            raise ApiError(Refused(code="invalid_value", message=message, param="name"))
        if name in self._parts.agents:
            message = f"The agent {name!r} stands in the dialplan: change it there."
            raise ApiError(Refused(status=CONFLICT, code="agent_in_dialplan", message=message, param="name"))


def _expected(request: Request) -> int | None:
    """The version that the request's conditions ask for; None when any will do."""
    if request.headers.get("if-none-match", "").strip() == "*":
        return 0
    words = request.headers.get("if-match", "*").strip()
    if words == "*":
        return None
    found = _ETAG.fullmatch(words)
    # A tag that is none of ours matches nothing.
    return int(found["version"]) if found else -1


def _changed(name: str, version: int) -> ApiError:
    message = f"The agent {name!r} has version {version} now."
    return ApiError(Refused(status=PRECONDITION_FAILED, code="version_conflict", message=message, param="version"))


def _of_dialplan(name: str, session: SessionConfig) -> AgentObject:
    return AgentObject(name=name, version=0, source="dialplan", session=session)


def _of_redis(stored: StoredSession) -> AgentObject:
    return AgentObject(name=stored.name, version=stored.version, source="redis", session=stored.config)


def _answer(agent: AgentObject, status: int = 200) -> Response:
    return as_json(agent, status, {"etag": f'"{agent.version}"'})
