"""uvicorn's WebSocket protocol with a way out. Rule: a peer that reads nothing is let go of, not waited for."""

from asyncio.transports import BaseTransport
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ABORT: Final = "abort"
"""Where an endpoint finds in `scope["state"]` what drops the connection at once."""


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """To be named as uvicorn's `ws`."""

    def connection_made(self, transport: BaseTransport) -> None:
        """The connection is there, before any request."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, ABORT: self.transport.abort}

    def keepalive_timeout(self) -> None:
        """A ping was not answered: closing in order would wait for what the peer does not read."""
        super().keepalive_timeout()
        self.transport.abort()
