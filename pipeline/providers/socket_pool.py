"""Sockets of a vendor that speaks, each serving one recital at a time. Rule: only a clean one serves again.

A recital takes an idle socket to its address, or opens one. Cancelled, it tells the vendor so and gives the socket
back once the vendor has confirmed; where a vendor knows no such thing the socket is closed, which stops it for certain,
and another opened in its place. All of that happens after the caller has gone on.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pipeline.audio import Speech
from pipeline.providers import Access, ProviderError, Reached
from pipeline.providers.socket import Socket, failed, opened

SETTLE_S = 2.0
TEND_S = 10.0
IDLE_S = 300.0
MOST_IDLE = 100
MINUTE_S = 60.0

Message = Mapping[str, object]


class Recital(Protocol):
    """One text being spoken, in a vendor's protocol."""

    @property
    def over(self) -> bool:
        """The vendor has said that no more of it will come."""
        ...

    def begin(self) -> list[Message]:
        """What to send."""
        ...

    def take(self, frame: bytes | dict[str, Any]) -> Iterable[Speech | Reached]:
        """What a frame gives; frames of other recitals give nothing. Raises ProviderError."""
        ...

    def stop(self) -> Message | None:
        """What to send so that the vendor stops, and says so; None where it cannot be told."""
        ...


@dataclass(slots=True, eq=False)
class _Line:
    url: str
    socket: Socket
    used_s: deque[float]
    idle_since_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Habits:
    """What a vendor wants of sockets: a word from idle ones now and then, and not too many recitals a minute."""

    keep_alive: Message | None = None
    a_minute: int | None = None


NO_HABITS: Final = Habits()


class SocketPool:
    """All sockets to one vendor; `close` leaves none open. One event loop uses it."""

    def __init__(self, provider: str, access: Access, headers: Mapping[str, str], habits: Habits) -> None:
        self._provider = provider
        self._connect_s = access.connect_s
        self._headers = headers
        self._habits = habits
        self._idle: dict[str, list[_Line]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._tending: asyncio.Task[None] | None = None
        self._closed = False

    async def warm(self, url: str) -> None:
        """Have an idle socket to this address; never raises."""
        if not self._closed and not any(not line.socket.closed for line in self._idle.get(url, ())):
            with suppress(ProviderError):
                self._rest(await self._open(url))

    async def speak(self, url: str, recital: Callable[[], Recital]) -> AsyncGenerator[Speech | Reached, None]:
        """Speak one; a socket that has died idle is replaced as long as nothing was heard. Raises ProviderError."""
        line = self._taken_from_rest(url)
        heard = False
        if line is not None:
            try:
                async with aclosing(self._speak_on(line, recital())) as pieces:
                    async for piece in pieces:
                        heard = True
                        yield piece
            except ProviderError as error:
                if heard or error.reason in ("limited", "malformed"):
                    raise
            else:
                return
        async with aclosing(self._speak_on(await self._open(url), recital())) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Close every idle socket; those in use are closed by those who use them."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for lines in self._idle.values():
            for line in lines:
                self._hang_up(line)
        self._idle.clear()
        while self._closing:
            await asyncio.gather(*self._closing)

    async def _open(self, url: str) -> _Line:
        socket = await opened(self._provider, url, self._headers, connect_s=self._connect_s)
        return _Line(url, socket, deque(maxlen=self._habits.a_minute))

    async def _speak_on(self, line: _Line, recital: Recital) -> AsyncGenerator[Speech | Reached, None]:
        line.used_s.append(_now_s())
        begun = broken = False
        try:
            for message in recital.begin():
                await line.socket.send_json(message)
            begun = True
            while not recital.over:
                for piece in self._understood(recital, await line.socket.receive()):
                    yield piece
        except ProviderError:
            broken = True
            raise
        finally:
            if recital.over and not broken:
                self._rest(line)
            elif broken or self._closed:
                self._hang_up(line)
            else:
                self._start(self._settle(line, recital if begun else None))

    def _understood(self, recital: Recital, frame: bytes | dict[str, Any]) -> list[Speech | Reached]:
        try:
            return list(recital.take(frame))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise failed(self._provider, "malformed", "not what the protocol says") from None

    async def _settle(self, line: _Line, recital: Recital | None) -> None:
        """Nobody listens any more: the vendor is to stop."""
        clean = False
        try:
            stop = recital.stop() if recital is not None else None
            if recital is not None and stop is not None:
                with suppress(ProviderError, TimeoutError):
                    async with asyncio.timeout(SETTLE_S):
                        await line.socket.send_json(stop)
                        while not recital.over:
                            self._understood(recital, await line.socket.receive())
                        clean = True
        finally:
            if clean:
                self._rest(line)
            else:
                self._hang_up(line)
        if not clean:
            await self.warm(line.url)

    def _taken_from_rest(self, url: str) -> _Line | None:
        """An idle socket that may be used now: the one used last, which is the surest to be alive."""
        idle = self._idle.get(url, [])
        tired = []
        taken = None
        while idle and taken is None:
            line = idle.pop()
            if line.socket.closed:
                continue
            if len(line.used_s) == line.used_s.maxlen and _now_s() - line.used_s[0] < MINUTE_S:
                tired.append(line)
            else:
                taken = line
        idle.extend(reversed(tired))
        return taken

    def _rest(self, line: _Line) -> None:
        idle = self._idle.setdefault(line.url, [])
        if self._closed or len(idle) >= MOST_IDLE:
            self._hang_up(line)
            return
        line.idle_since_s = _now_s()
        idle.append(line)
        if self._tending is None:
            self._tending = self._start(self._tend())

    async def _tend(self) -> None:
        """While there are idle sockets: keep them alive, and close those that nobody has wanted for long."""
        while any(self._idle.values()):
            await asyncio.sleep(TEND_S)
            for line in [line for lines in self._idle.values() for line in lines]:
                idle = self._idle[line.url]
                if line not in idle:
                    continue  # It has been taken while another was tended.
                if line.socket.closed or line.idle_since_s < _now_s() - IDLE_S:
                    idle.remove(line)
                    self._hang_up(line)
                elif self._habits.keep_alive is not None:
                    with suppress(ProviderError):
                        await line.socket.send_json(self._habits.keep_alive)
            self._idle = {url: lines for url, lines in self._idle.items() if lines}
        self._tending = None

    def _hang_up(self, line: _Line) -> None:
        """Close it without waiting; nothing interrupts that, or the far end would never hear of it."""
        task = asyncio.create_task(line.socket.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _now_s() -> float:
    return asyncio.get_running_loop().time()
