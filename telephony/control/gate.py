"""The door of the control API. Rule: nothing behind it is reached without a key; before a WebSocket upgrade too.

Without keys in the settings only this machine is served. An ephemeral key opens WebSocket sessions, and nothing else.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.realtime.config import SessionConfig
from telephony.control.answers import as_error
from telephony.control.auth import EPHEMERAL, Keyring, is_local, offered_keys, refusal
from telephony.orders import Refused
from telephony.state.connection import StateError

log = structlog.get_logger()

PUBLIC_PATHS: Final = frozenset({"/", "/healthz", "/docs", "/openapi.json"})
ADMISSION: Final = "admission"


@dataclass(frozen=True, slots=True)
class Admission:
    """Who came in. With an ephemeral key, the session that it stands for."""

    session: SessionConfig | None = None


class Ephemerals(Protocol):
    """Where ephemeral keys are known."""

    async def session(self, secret: str) -> SessionConfig | None:
        """What it stands for; None when it is no good. Raises StateError."""
        ...


class Gate:
    """ASGI middleware; a route finds the Admission at `scope["state"]["admission"]`."""

    def __init__(self, app: ASGIApp, keyring: Keyring, ephemerals: Ephemerals) -> None:
        self._app = app
        self._keyring = keyring
        self._ephemerals = ephemerals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or answer 401."""
        if scope["type"] in ("http", "websocket") and scope["path"] not in PUBLIC_PATHS:
            admitted = await self._admitted(scope)
            if isinstance(admitted, Refused):
                await as_error(admitted)(scope, receive, send)
                return
            state: dict[str, Any] = scope.setdefault("state", {})
            state[ADMISSION] = admitted
        await self._app(scope, receive, send)

    async def _admitted(self, scope: Scope) -> Admission | Refused:
        fields = scope["headers"]
        offered = offered_keys(fields)
        peer = scope["client"][0] if scope.get("client") else None
        open_here = self._keyring.is_empty and is_local(peer, fields)
        try:
            session = await self._ephemeral(offered)
        except StateError:
            return Refused(status=503, code="server_error", message="Client secrets cannot be looked up at the moment.")
        if self._keyring.opens_for(offered) or open_here:
            return Admission(session)
        if session is not None and not self._keyring.is_empty and scope["type"] == "websocket":
            return Admission(session)
        log.warning(
            "access_denied", path=scope["path"], keys_offered=len(offered), keys_configured=not self._keyring.is_empty
        )
        return refusal(offered)

    async def _ephemeral(self, offered: list[str]) -> SessionConfig | None:
        for key in offered:
            if key.startswith(EPHEMERAL):
                return await self._ephemerals.session(key)
        return None
