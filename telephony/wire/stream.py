"""One call's RTP socket: a mouth, an ear and who waits for what it hears. Rule: a tick sends one, a look takes one."""

import asyncio
import time
from collections.abc import Callable

from telephony.wire.arrivals import ANCILLARY_BYTES, PACKET_BYTES, open_socket, stamps
from telephony.wire.ear import NS_PER_MS, Ear
from telephony.wire.mouth import Mouth
from telephony.wire.sdp import Description, Law
from telephony.wire.transport import Address

Heard = Callable[[Ear, float], bool]
"""Answers at a moment (ms) whether what was waited for has been heard."""


class CallOverError(Exception):
    """The call ended before what was waited for was heard."""


class Stream:
    """RTP both ways on one port; it sends once `aim` has told where to."""

    def __init__(self, host: str, *, keep_audio: bool) -> None:
        self._socket = open_socket(host)
        self._peer: Address | None = None
        self._waiting: list[tuple[Heard, asyncio.Future[float]]] = []
        self._fileno = self._socket.fileno()
        self.port: int = self._socket.getsockname()[1]
        self.mouth: Mouth | None = None
        self.ear = Ear(keep_audio=keep_audio)
        self.first_sent_ns = 0
        self.last_sent_ns = 0
        self.late_ns = 0
        self.unsent = 0
        self._closed = False

    def fileno(self) -> int:
        """The socket's number, also after it was closed."""
        return self._fileno

    def aim(self, far: Description, law: Law) -> None:
        """Send there from now on, in this law."""
        self._peer = (far.host, far.port)
        self.ear.expect_events(far.events)
        if self.mouth is None:
            self.mouth = Mouth(law, far.events)

    def tick(self, due_ns: int) -> None:
        """Send the packet that is due."""
        if self.mouth is None or self._peer is None:
            return
        now_ns = time.monotonic_ns()
        try:
            self._socket.sendto(self.mouth.packet(now_ns), self._peer)
        except OSError:
            self.unsent += 1
        self.first_sent_ns = self.first_sent_ns or now_ns
        self.last_sent_ns = now_ns
        self.late_ns = max(self.late_ns, now_ns - due_ns)
        if self._waiting:
            self._tell(now_ns / NS_PER_MS)

    def look(self, wall_offset_ns: int) -> bool:
        """Take one waiting packet; False when there is none."""
        try:
            wire, ancillary, _, _ = self._socket.recvmsg(PACKET_BYTES, ANCILLARY_BYTES)
        except BlockingIOError:
            return False
        wall_ns, dropped = stamps(ancillary)
        self.ear.dropped = dropped or self.ear.dropped
        self.ear.hear(wire, wall_ns - wall_offset_ns)
        return True

    async def until(self, heard: Heard) -> float:
        """Wait until this has been heard; returns the moment (ms) it was noticed, or raises CallOverError."""
        if self._closed:
            raise CallOverError()
        seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((heard, seen))
        return await seen

    def close(self) -> None:
        """Close the socket; whoever still waits gets CallOverError."""
        self._closed = True
        self._socket.close()
        if self.mouth is not None:
            self.mouth.hush()
        for _, seen in self._waiting:
            if not seen.done():
                seen.set_exception(CallOverError())
        self._waiting.clear()

    def _tell(self, now_ms: float) -> None:
        still = []
        for heard, seen in self._waiting:
            if seen.done():
                continue
            if heard(self.ear, now_ms):
                seen.set_result(now_ms)
            else:
                still.append((heard, seen))
        self._waiting = still
