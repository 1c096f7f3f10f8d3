"""What leaves for one WebSocket client, in order. Rule: posting never waits; who does not read is dropped.

A client that falls behind costs memory up to a limit and time up to a limit, and nobody but itself anything.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from starlette.types import Send
from uvicorn.protocols.utils import ClientDisconnected

log = structlog.get_logger()

NORMAL: Final = 1_000
GOING_AWAY: Final = 1_001
TOO_SLOW: Final = 1_008
OUR_FAULT: Final = 1_011
NO_SUCH_MODEL: Final = 4_004

MAX_FRAME_BYTES: Final = (1 << 20) - 1
BEHIND_BYTES: Final = 256 << 10
MAX_WAITING_BYTES: Final = 16 << 20
STALL_S: Final = 30.0
LAST_WORDS_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Farewell:
    """Why we close a connection."""

    code: int
    reason: str


class Outbox:
    """One client's way out. `run` returns when it is closed, from whichever side."""

    def __init__(self, send: Send, abort: Callable[[], None]) -> None:
        """`abort` drops the connection at once."""
        self._send = send
        self._abort = abort
        self._drained: Callable[[], None] | None = None
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._news = asyncio.Event()
        self._sending_since_s: float | None = None
        self.farewell: Farewell | None = None

    @property
    def behind(self) -> bool:
        """Whether the client should be spared what can wait."""
        return self._waiting_bytes > BEHIND_BYTES

    def when_drained(self, drained: Callable[[], None]) -> None:
        """Call this whenever everything posted has been taken."""
        self._drained = drained

    def post(self, frame: bytes) -> None:
        """One event as JSON."""
        if self.farewell is not None:
            return
        if len(frame) > MAX_FRAME_BYTES:
            log.error("event_too_long", frame_bytes=len(frame), remedy="this is a fault of the service: report it")
            return
        self._waiting.append(frame)
        self._waiting_bytes += len(frame)
        self._news.set()
        if self._waiting_bytes > MAX_WAITING_BYTES or self._stalled():
            log.warning("client_too_slow", waiting_bytes=self._waiting_bytes)
            self._waiting.clear()
            self.close(TOO_SLOW, "too slow")

    def close(self, code: int, reason: str) -> None:
        """Close behind what is posted; the first who closes says why."""
        if self.farewell is None:
            self.farewell = Farewell(code, reason)
            self._news.set()
            # A peer that no longer reads would keep the connection for as long as it likes.
            asyncio.get_running_loop().call_later(LAST_WORDS_S, self._abort)

    async def run(self) -> None:
        """Send until closed."""
        with suppress(ClientDisconnected):
            while True:
                await self._news.wait()
                self._news.clear()
                await self._send_waiting()
                if self.farewell is not None:
                    code, reason = self.farewell.code, self.farewell.reason
                    await self._send({"type": "websocket.close", "code": code, "reason": reason})
                    return
                if self._drained is not None:
                    self._drained()

    async def _send_waiting(self) -> None:
        while self._waiting:
            frame = self._waiting.popleft()
            self._sending_since_s = asyncio.get_running_loop().time()
            await self._send({"type": "websocket.send", "text": frame.decode()})
            self._waiting_bytes -= len(frame)
        self._sending_since_s = None

    def _stalled(self) -> bool:
        since_s = self._sending_since_s
        return since_s is not None and asyncio.get_running_loop().time() - since_s > STALL_S
