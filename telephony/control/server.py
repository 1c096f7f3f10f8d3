"""The listeners of the control API: uvicorn inside our event loop. Rule: it takes no signals and prints nothing.

The sockets are bound here, so that a port that is taken is named before anything else happens.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Any, Final, Self

import structlog
import uvicorn
from starlette.types import ASGIApp

from telephony.control.websocket_protocol import WebSocketProtocol
from telephony.settings import ControlSettings

log = structlog.get_logger()

MAX_FRAME_BYTES: Final = (24 << 20) + (64 << 10)  # 24 MiB of base64, and the event around it
BACKLOG: Final = 1_024
FAREWELL_S: Final = 2


class _Listener(uvicorn.Server):
    """Signals are the service's own affair."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ControlServer:
    """`async with` listens; leaving closes what is open. It listens on nothing when the settings say so."""

    def __init__(self, app: ASGIApp, settings: ControlSettings) -> None:
        self._app = app
        self._settings = settings
        self._sockets: dict[str, socket.socket] = {}
        self._listeners: list[tuple[_Listener, socket.socket, asyncio.Task[None]]] = []

    async def __aenter__(self) -> Self:
        settings = self._settings
        try:
            for scheme, port in (("http", settings.port), ("https", settings.tls_port)):
                if port is not None:
                    self._sockets[scheme] = _bound(settings.bind_address, port)
            for scheme, bound in self._sockets.items():
                await self._listen(scheme, bound)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    def port(self, scheme: str) -> int:
        """The port that "http" or "https" listens on; KeyError when it does not."""
        return int(self._sockets[scheme].getsockname()[1])

    @property
    def addresses(self) -> list[str]:
        """Where it listens, as base URLs."""
        host = self._settings.bind_address
        host = f"[{host}]" if ":" in host else host
        return [f"{scheme}://{host}:{self.port(scheme)}" for scheme in self._sockets]

    async def _listen(self, scheme: str, bound: socket.socket) -> None:
        tls: dict[str, Any] = {}
        if scheme == "https":
            tls = {"ssl_certfile": self._settings.tls_certificate, "ssl_keyfile": self._settings.tls_key}
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            log_config=None,
            # What it says of each connection is ours to say; a refused upgrade is an error to it, and none to us.
            log_level="critical",
            access_log=False,
            server_header=False,
            forwarded_allow_ips="127.0.0.1",
            ws=WebSocketProtocol,
            ws_max_size=MAX_FRAME_BYTES,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=FAREWELL_S,
            **tls,
        )
        config.load()
        listener = _Listener(config)
        listener.lifespan = config.lifespan_class(config)
        await listener.startup(sockets=[bound])
        self._listeners.append((listener, bound, asyncio.create_task(listener.main_loop(), name=scheme)))

    async def _close(self) -> None:
        for listener, bound, running in self._listeners:
            listener.should_exit = True
            await running
            await listener.shutdown(sockets=[bound])
        self._listeners.clear()
        for bound in self._sockets.values():
            bound.close()


def _bound(address: str, port: int) -> socket.socket:
    """A listening socket; OSError names the address when it cannot be had."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=BACKLOG)
    except OSError as error:
        code = error.errno or 0
        raise OSError(code, f"the control API on {address}:{port}: {os.strerror(code)}") from None
