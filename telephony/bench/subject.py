"""The process under test, and what it costs as the kernel counts it. Rule: it is started here and stopped here.

It writes one JSON line when it is ready, one for each line on its stdin, and stops when its stdin ends. CPU is each
thread's time on a core (/proc/PID/task/TID/schedstat, in ns), memory is its resident set (/proc/PID/statm).
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

NS_PER_S = 1_000_000_000
MIB = 1 << 20
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0


class SubjectError(Exception):
    """The process under test did not come up, or did not stop in order; its stderr says why."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A running process under test; `ready` is what it said when it was, `at_last` what it said when it had stopped."""

    process: asyncio.subprocess.Process
    ready: dict[str, Any]
    at_last: dict[str, Any] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        """The kernel's number of it."""
        return self.process.pid

    async def tells(self) -> dict[str, Any]:
        """What it says of itself when it is asked; raises SubjectError when it says nothing."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        async with asyncio.timeout(READY_TIMEOUT_S):
            said = await self.process.stdout.readline()
        if not said:
            raise SubjectError("the process under test is gone")
        return msgspec.json.decode(said, type=dict[str, Any])

    def open_files(self) -> int:
        """Descriptors, sockets among them."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def cpu_ns(self) -> dict[int, int]:
        """CPU time of each living thread so far; the thread numbered like the process is the main one."""
        times = {}
        tasks = Path(f"/proc/{self.pid}/task")
        for task in tasks.iterdir() if tasks.exists() else ():
            with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
                times[int(task.name)] = int((task / "schedstat").read_text().split()[0])
        if self.pid not in times:
            raise SubjectError("the process under test is gone")
        return times

    def rss_mib(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / MIB


@asynccontextmanager
async def running(module: str, *arguments: str, within: tuple[str, ...] = ()) -> AsyncIterator[Subject]:
    """Start `python -m module`, wait until it is ready, stop it at the end; raises SubjectError when it fails.

    `within` is a command that runs the rest of its line elsewhere, in another network for example.
    """
    process = await asyncio.create_subprocess_exec(
        *within,
        *(sys.executable, "-m", module, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            said = await process.stdout.readline()
        if not said:
            raise SubjectError(f"{module} ended with code {await process.wait()} before it was ready")
        subject = Subject(process, msgspec.json.decode(said, type=dict[str, Any]))
        yield subject
    finally:
        process.stdin.close()
        code = await _stopped(process)
    if code:
        raise SubjectError(f"{module} ended with code {code}")
    if said := await process.stdout.read():
        subject.at_last.update(msgspec.json.decode(said, type=dict[str, Any]))


async def _stopped(process: asyncio.subprocess.Process) -> int:
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            return await process.wait()
    except TimeoutError:
        process.kill()
        return await process.wait()


def say(news: dict[str, Any]) -> None:
    """For the process under test itself: one line, when it is ready and when it has been told to stop."""
    sys.stdout.write(msgspec.json.encode(news).decode() + "\n")
    sys.stdout.flush()


async def until_told_to_stop(
    ready: dict[str, Any], tell: Callable[[], Awaitable[dict[str, Any]]] | None = None
) -> None:
    """For the process under test itself: say that it is ready, answer who asks, return when stdin ends."""
    say(ready)
    loop = asyncio.get_running_loop()
    asked = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
    while await asked.readline():
        if tell is not None:
            say(await tell())
    transport.close()


@dataclass(frozen=True, slots=True)
class Spending:
    """Percent of one core over a while: each thread of the process under test, and whatever else ran on the machine."""

    threads: dict[int, float]
    others: float

    @property
    def total(self) -> float:
        """The whole process under test."""
        return sum(self.threads.values())


class Meter:
    """Reads the clocks when made, and again for `spending`."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._threads_ns = subject.cpu_ns()
        self._machine_ns = _machine_busy_ns()
        self._own_ns = time.process_time_ns()
        self._begun_ns = time.monotonic_ns()

    def spending(self) -> Spending:
        """What was spent since."""
        pct_of_ns = 100 / (time.monotonic_ns() - self._begun_ns)
        now = self._subject.cpu_ns()
        spent_ns = {thread: ns - self._threads_ns.get(thread, 0) for thread, ns in now.items()}
        own_ns = time.process_time_ns() - self._own_ns
        others_ns = _machine_busy_ns() - self._machine_ns - own_ns - sum(spent_ns.values())
        return Spending({thread: ns * pct_of_ns for thread, ns in spent_ns.items()}, max(0.0, others_ns * pct_of_ns))


def _machine_busy_ns() -> int:
    """What all cores together did since boot, kernel included, idling and waiting for disks left out."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    user, nice, system, _idle, _wait, *interrupts, _stolen = ticks
    return (user + nice + system + sum(interrupts)) * NS_PER_S // os.sysconf("SC_CLK_TCK")
