"""A recogniser's process as the event loop sees it. Rule: nothing here blocks, and a closed one leaves no process.

The process is a group of its own, so that an interrupt typed at the terminal does not end it before its calls.
"""

import asyncio
import itertools
import sys
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

import msgspec

from pipeline.audio import NARROW_HZ
from pipeline.providers import ProviderError, Reason
from pipeline.providers.sphinx.wire import REPORTS, Close, Report, Request, Unpacker, packed

PROVIDER = "embedded"
MODULE = "pipeline.providers.sphinx.worker"
IMPORT_ROOT = Path(__file__).parents[3]
READ_BYTES = 65_536
MOST_UNREAD_S_PER_CALL = 30
LEAVE_WITHIN_S = 2.0


class Listener(Protocol):
    """Who is told what a process reports of one hearing."""

    def hear(self, report: Report) -> None:
        """The process reported."""
        ...

    def lose(self, error: ProviderError) -> None:
        """Nothing more will be reported."""
        ...


class SphinxProcess:
    """One running worker process and the calls it serves."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("a worker speaks by pipes")
        self._process = process
        self._requests = process.stdin
        self._reports = process.stdout
        self._listeners: dict[int, Listener] = {}
        self._numbers = itertools.count(1)
        self._failure: Reason | None = None
        self._last_sign_s = asyncio.get_running_loop().time()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls) -> Self:
        """Start a worker; raises ProviderError when the machine cannot."""
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", MODULE), stdin=pipe, stdout=pipe, cwd=IMPORT_ROOT, start_new_session=True
            )
        except OSError:
            raise ProviderError(PROVIDER, "unreachable", retryable=True) from None
        return cls(process)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once it has ended or was given up."""
        return self._failure is None

    @property
    def calls(self) -> int:
        """How many hearings it serves."""
        return len(self._listeners)

    @property
    def silent_s(self) -> float:
        """For how long it has reported nothing to anybody: one that is busy still reports to some."""
        return asyncio.get_running_loop().time() - self._last_sign_s

    def join(self, listener: Listener) -> int:
        """Give a hearing its number; its reports go to the listener until `leave`."""
        number = next(self._numbers)
        self._listeners[number] = listener
        return number

    def leave(self, number: int) -> None:
        """The hearing is closed."""
        if self._listeners.pop(number, None) is not None:
            self.send(Close(number))

    def send(self, request: Request) -> None:
        """Pass a request on; a process that no longer reads is given up."""
        if not self.alive:
            return
        self._requests.write(packed(request))
        most_unread_bytes = max(self.calls, 1) * MOST_UNREAD_S_PER_CALL * 2 * NARROW_HZ
        if self._requests.transport.get_write_buffer_size() > most_unread_bytes:
            self.give_up("stalled")

    def give_up(self, reason: Reason) -> None:
        """End the process now; its calls lose their hearing."""
        if not self.alive:
            return
        self._failure = reason
        with suppress(ProcessLookupError):
            self._process.kill()
        for listener in tuple(self._listeners.values()):
            listener.lose(ProviderError(PROVIDER, reason, retryable=True))
        self._listeners.clear()

    async def _read(self) -> None:
        reports = Unpacker(REPORTS)
        with suppress(msgspec.DecodeError, ConnectionError):
            while arrived := await self._reports.read(READ_BYTES):
                self._last_sign_s = asyncio.get_running_loop().time()
                for report in reports.feed(arrived):
                    if listener := self._listeners.get(report.hearing):
                        listener.hear(report)
        self.give_up("internal")

    async def close(self) -> None:
        """Let it finish, end it if it does not, and wait until it is gone."""
        self._requests.close()
        try:
            async with asyncio.timeout(LEAVE_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            self.give_up("stalled")
        finally:
            await self._reading
            await self._process.wait()
