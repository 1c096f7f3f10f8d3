"""`/v1/realtime`: the door of WebSocket sessions and of sidebands. Rule: what is refused is refused before the upgrade.

A model that nobody answers to is the exception, an `error` event and a close as at OpenAI: SDKs hide refused upgrades.
`?call_id=` attaches to a phone call, `?intent=transcription` only listens, everything else is a session of its own,
with the model of `?model=`. Inworld's path does the same. Events of ours come only with `?offhook_events=1`.
"""

import asyncio
import re
from contextlib import suppress
from typing import Final

import structlog
from msgspec.structs import replace
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from pipeline.naming import MODEL_NOT_FOUND
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import ErrorDetail, ErrorEvent
from telephony.control.answers import as_error, error_body
from telephony.control.client_line import Beat
from telephony.control.client_session import ENCODER, ClientSession, new_id
from telephony.control.gate import ADMISSION, Admission
from telephony.control.outbox import GOING_AWAY, NO_SUCH_MODEL, Outbox
from telephony.control.parts import Parts
from telephony.control.sideband import Feed, Sideband, feed_of
from telephony.control.websocket_protocol import ABORT
from telephony.lineup import Lineup
from telephony.orders import Refused, no_such_call
from telephony.state.connection import StateError

log = structlog.get_logger()

PATHS: Final = ("/v1/realtime", "/api/v1/realtime/session")
SUBPROTOCOL: Final = "realtime"
GOODBYE_S: Final = 2.0
CALL_ID: Final = re.compile(r"rtc_[0-9a-f]{24}")
FULL: Final = Refused(status=503, code="server_overloaded", message="There are as many sessions as this node serves.")
CLOSING: Final = Refused(status=503, code="server_overloaded", message="This node is shutting down.")
UNREADABLE: Final = Refused(status=503, code="server_error", message="The state of calls cannot be read right now.")
NO_UPGRADE: Final = Refused(status=426, code="upgrade_required", message="This address is for WebSocket clients.")
EPHEMERAL_SIDEBAND: Final = Refused(
    status=403,
    code="insufficient_permissions",
    message="A client secret opens sessions of its own, and no phone calls.",
)


class Realtime:
    """Every WebSocket connection of this node."""

    def __init__(self, parts: Parts, lineup: Lineup) -> None:
        self._parts = parts
        self._lineup = lineup
        self._beat = Beat()
        self._open: set[Outbox] = set()
        self._closing = False
        self._none_open = asyncio.Event()
        self._none_open.set()
        parts.counters.watch("connections", lambda: len(self._open))

    def routes(self) -> list[BaseRoute]:
        """Where they come in."""
        plain = [Route(path, _not_upgraded, methods=["GET"]) for path in PATHS]
        return [*(WebSocketRoute(path, self) for path in PATHS), *plain]

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._open)

    async def close(self) -> None:
        """Take no more, say goodbye to those that are open, and wait a while for them to go."""
        self._closing = True
        for outbox in tuple(self._open):
            outbox.close(GOING_AWAY, "shutting down")
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._none_open.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its upgrade to its end."""
        if self._closing or len(self._open) >= self._parts.settings.max_sessions:
            await as_error(CLOSING if self._closing else FULL)(scope, receive, send)
            return
        outbox = Outbox(send, scope["state"][ABORT])
        self._open.add(outbox)
        self._none_open.clear()
        try:
            await self._serve(scope, receive, send, outbox)
        finally:
            self._open.remove(outbox)
            if not self._open:
                self._none_open.set()

    async def _serve(self, scope: Scope, receive: Receive, send: Send, outbox: Outbox) -> None:
        query = QueryParams(scope["query_string"])
        admission: Admission = scope["state"][ADMISSION]
        try:
            wanted = await self._wanted(query, admission)
        except StateError:
            wanted = UNREADABLE
        if isinstance(wanted, Refused) and wanted.code != MODEL_NOT_FOUND:
            await as_error(wanted)(scope, receive, send)
            return
        await receive()
        subprotocol = SUBPROTOCOL if SUBPROTOCOL in scope["subprotocols"] else None
        await send({"type": "websocket.accept", "subprotocol": subprotocol})
        if isinstance(wanted, Refused):
            await _turned_away(wanted, outbox)
            return
        counters = self._parts.counters
        if isinstance(wanted, SessionConfig):
            counters.count("connections_opened", kind=wanted.type)
            session = ClientSession(
                wanted,
                self._lineup,
                outbox,
                self._beat,
                counters,
                longest_s=self._parts.settings.session_max_s,
                with_ours=_with_ours(query),
            )
            await session.run(receive)
        else:
            counters.count("connections_opened", kind="sideband")
            await Sideband(query["call_id"], wanted, self._parts.dispatch).run(receive, outbox)

    async def _wanted(self, query: QueryParams, admission: Admission) -> SessionConfig | Feed | Refused:
        call_id = query.get("call_id")
        if call_id is not None:
            if admission.session is not None:
                return EPHEMERAL_SIDEBAND
            if not CALL_ID.fullmatch(call_id):
                return no_such_call(call_id[:40])
            parts = self._parts
            return await feed_of(call_id, parts.dispatch, parts.bus, parts.store, with_ours=_with_ours(query))
        config: SessionConfig | Refused
        if admission.session is not None:
            config = self._parts.wishes.runnable(admission.session)
        else:
            model = query.get("model")
            config = await self._parts.wishes.settled({"model": model} if model else {})
        if isinstance(config, SessionConfig) and query.get("intent") == "transcription":
            return replace(config, type="transcription")
        return config


async def _turned_away(refused: Refused, outbox: Outbox) -> None:
    error = error_body(refused).error
    log.warning("session_refused", problem=refused.message)
    detail = ErrorDetail(type=error.type, code=refused.code, message=error.message, param=error.param)
    outbox.post(ENCODER.encode(ErrorEvent(event_id=new_id("event"), error=detail)))
    outbox.close(NO_SUCH_MODEL, f"{error.type}.{refused.code}")
    await outbox.run()


async def _not_upgraded(_: Request) -> Response:
    answer = as_error(NO_UPGRADE)
    answer.headers["upgrade"] = "websocket"
    return answer


def _with_ours(query: QueryParams) -> bool:
    """Strict clients stumble over events that their SDK has no type for."""
    return query.get("offhook_events", "").lower() in ("1", "true")
