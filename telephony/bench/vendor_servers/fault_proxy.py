"""A TCP proxy on loopback that breaks connections as told, for tests and benches. Rule: it knows bytes alone.

Faults that the far end itself would know of (a status, a wrong message) are the simulated vendors' own; here are those
of the way there.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

READ_AHEAD_BYTES: Final = 1 << 20
PIECE_BYTES: Final = 1 << 16
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Pass:
    """No fault."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nobody listens: connections are refused, and those that were open are reset."""


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """Connections are accepted and read from, and nothing comes back; open ones fall silent both ways."""


@dataclass(frozen=True, slots=True)
class StallAfter:
    """Each connection brings the client this many more bytes, and then no more."""

    downstream_bytes: int


@dataclass(frozen=True, slots=True)
class CloseAfter:
    """Each connection brings the client this many more bytes, and is then reset."""

    downstream_bytes: int


@dataclass(frozen=True, slots=True)
class Drip:
    """Each connection brings the client one byte at a time."""

    every_s: float


Fault = Pass | Refuse | HalfOpen | StallAfter | CloseAfter | Drip


class FaultProxy:
    """Passes connections to `upstream_port` until a fault is armed. `async with` it; faults act at once, on all.

    What a silent connection holds back is passed on when the fault is cleared, as after a network's outage.
    """

    def __init__(self, upstream_port: int) -> None:
        self.port = 0
        self.connections = 0
        self._upstream_port = upstream_port
        self._fault: Fault = Pass()
        self._kept: socket.socket | None = None
        self._listening: socket.socket | None = None
        self._lines: dict[_Line, asyncio.Task[None]] = {}

    @property
    def fault(self) -> Fault:
        """What is armed."""
        return self._fault

    def arm(self, fault: Fault) -> None:
        """From now on this fault, and no other."""
        self._fault = fault
        if isinstance(fault, Refuse):
            self._stop_listening()
        else:
            self._listen()
        for line, task in self._lines.items():
            if line.arm(fault):
                task.cancel()

    def clear(self) -> None:
        """Everything passes again."""
        self.arm(Pass())

    async def __aenter__(self) -> Self:
        # A socket that never listens keeps the port ours while nobody is to be there.
        self._kept = _bound(0)
        self.port = self._kept.getsockname()[1]
        self.arm(self._fault)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_listening()
        tasks = list(self._lines.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert self._kept is not None
        self._kept.close()

    def _listen(self) -> None:
        if self._listening is None:
            self._listening = _bound(self.port)
            self._listening.listen(256)
            asyncio.get_running_loop().add_reader(self._listening, self._accept)

    def _stop_listening(self) -> None:
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()
            self._listening = None

    def _accept(self) -> None:
        assert self._listening is not None
        try:
            client, _ = self._listening.accept()
        except OSError:
            return  # The client has gone already.
        client.setblocking(False)
        self.connections += 1
        line = _Line(client, self._fault)
        self._lines[line] = asyncio.create_task(line.run(self._upstream_port))
        self._lines[line].add_done_callback(lambda _: self._lines.pop(line, None))


class _Line:
    """One connection and its other half."""

    def __init__(self, client: socket.socket, fault: Fault) -> None:
        self._client = client
        self._down = _Flow(fault)
        self._up = _Flow(_upstream_part(fault))
        self._open = False
        self._cut = self._down.is_over()

    def arm(self, fault: Fault) -> bool:
        """Go by this fault from now on; is it the end of `run`?"""
        self._down.arm(fault)
        self._up.arm(_upstream_part(fault))
        self._cut = self._cut or isinstance(fault, Refuse) or self._down.is_over()
        return self._cut and self._open

    async def run(self, upstream_port: int) -> None:
        """Pass both ways until both have ended; when one breaks, or on cancellation, the client is reset."""
        from_client, to_client = await asyncio.open_connection(sock=self._client, limit=READ_AHEAD_BYTES)
        writers, broke, self._open = [to_client], True, True
        try:
            if not self._cut:
                await self._up.allowed(1)
                from_far, to_far = await asyncio.open_connection("127.0.0.1", upstream_port, limit=READ_AHEAD_BYTES)
                writers.append(to_far)
                async with asyncio.TaskGroup() as passing:
                    passing.create_task(self._up.pass_on(from_client, to_far))
                    passing.create_task(self._down.pass_on(from_far, to_client))
                broke = False
        except* OSError:
            pass
        finally:
            if broke and self._client.fileno() >= 0:
                self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            for writer in writers:
                (writer.transport.abort if broke else writer.close)()


class _Flow:
    """One direction of a connection, and how much of it a fault lets pass."""

    def __init__(self, fault: Fault) -> None:
        self._changed = asyncio.Event()
        self.arm(fault)

    def arm(self, fault: Fault) -> None:
        """Go by this fault from now on, counted from here."""
        self._fault = fault
        self._left = fault.downstream_bytes if isinstance(fault, StallAfter | CloseAfter) else 0
        self._changed.set()

    def is_over(self) -> bool:
        """Whether all has passed that was to pass before the connection breaks."""
        return isinstance(self._fault, CloseAfter) and not self._left

    async def allowed(self, wanted: int) -> int:
        """How many bytes may pass now; at least one, sooner or later."""
        while True:
            self._changed.clear()
            match self._fault:
                case Pass():
                    return wanted
                case StallAfter() | CloseAfter() if self._left:
                    return min(wanted, self._left)
                case Drip(every_s=every_s) if not await self._changes_within(every_s):
                    return 1
                case Drip():
                    pass
                case _:
                    await self._changed.wait()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass all on up to the reader's end, and that; raises OSError when the connection breaks."""
        writer.transport.set_write_buffer_limits(0)
        while piece := await reader.read(PIECE_BYTES):
            while piece:
                passed = await self.allowed(len(piece))
                writer.write(piece[:passed])
                self._left -= min(passed, self._left)
                piece = piece[passed:]
                await writer.drain()
                if self.is_over():
                    raise ConnectionAbortedError
        await self.allowed(1)
        writer.write_eof()

    async def _changes_within(self, wait_s: float) -> bool:
        try:
            async with asyncio.timeout(wait_s):
                return await self._changed.wait()
        except TimeoutError:
            return False


def _upstream_part(fault: Fault) -> Fault:
    return fault if isinstance(fault, HalfOpen) else Pass()


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.setblocking(False)
    bound.bind(("127.0.0.1", port))
    return bound
