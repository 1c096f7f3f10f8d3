"""uvicorn's WebSocket protocol, kind to everybody else on the event loop. Rule: no peer makes the others wait.

A peer that reads nothing is let go of, not waited for; a message that is long is never copied as a whole.
"""

from asyncio.transports import BaseTransport
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from telephony.control.frame_splitter import FrameSplitter

ABORT: Final = "abort"
"""Where an endpoint finds in `scope["state"]` what drops the connection at once."""

PIECES: Final = "pieces"
"""Where `websocket.receive` has a text of more than LONG_BYTES, instead of at `text`: a list of bytes in UTF-8."""

LONG_BYTES: Final = 1 << 20


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """To be named as uvicorn's `ws`."""

    def connection_made(self, transport: BaseTransport) -> None:
        """The connection is there, before any request."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, ABORT: self.transport.abort}
        self._splitter = FrameSplitter(self.config.ws_max_size)

    def data_received(self, data: bytes) -> None:
        """The upgrade's request first, then frames."""
        super().data_received(self._splitter.split(data) if self.handshake_initiated else data)

    def send_receive_event_to_app(self) -> None:
        """A message is complete."""
        long = len(self.frames) > 1 and sum(map(len, self.frames)) > LONG_BYTES
        if not long or self.curr_msg_data_type != "text" or self.close_sent:
            super().send_receive_event_to_app()
            return
        pieces, self.frames = self.frames, []
        self.queue.put_nowait({"type": "websocket.receive", PIECES: pieces})  # type: ignore[arg-type]
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def keepalive_timeout(self) -> None:
        """A ping was not answered: closing in order would wait for what the peer does not read."""
        super().keepalive_timeout()
        self.transport.abort()
