"""A redis-server of our own where none is configured. Rule: it keeps nothing and ends with us.

It listens on a unix socket in a temporary folder and on no port. The server is started through a few lines of Python
that ask the kernel to end it when its parent dies (prctl(2), PR_SET_PDEATHSIG), so that even a SIGKILL leaves no server
behind. It has a session of its own: an interrupt typed at the terminal must not end it before the last records are in.
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from telephony.state.connection import StateError, connected, our_errors

log = structlog.get_logger()

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
RESTART_PAUSE_S = 0.5
SOCKET_PATH_BYTES = 100  # sun_path holds 108

# PR_SET_PDEATHSIG is 1. A parent that died before prctl leaves us to init, so that is looked at afterwards.
_LAUNCHER = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != parent:
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


class RedisServerError(Exception):
    """The private server cannot be had; the message says why and what to do."""


class RedisServer:
    """One redis-server process on `FOLDER/redis.sock`; it can be started again after it has ended."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._log = folder / "redis.log"
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The running server's process id."""
        assert self._process is not None, "the server was never started"
        return self._process.pid

    @property
    def is_up(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the server and wait until it answers; raises RedisServerError."""
        program = shutil.which("redis-server")
        if program is None:
            raise RedisServerError(
                "redis-server is not installed (apt-get install redis-server, or set OFFHOOK_REDIS_URL)"
            )
        self.socket.unlink(missing_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), program, *self._options(),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._until_it_answers(self._process)
        except TimeoutError:
            await self.stop()
            raise RedisServerError(
                f"redis-server does not answer after {START_TIMEOUT_S:.0f} s: {self._last_words()}"
            ) from None

    async def ended(self) -> int:
        """Wait until the server has ended, by whatever cause; its exit code."""
        assert self._process is not None, "the server was never started"
        return await self._process.wait()

    async def stop(self) -> None:
        """End the server in order; kill it when it does not listen."""
        if self._process is None or not self.is_up:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _until_it_answers(self, process: asyncio.subprocess.Process) -> None:
        ending = asyncio.ensure_future(process.wait())
        try:
            while not await _answers(self.url):
                done, _ = await asyncio.wait({ending}, timeout=0.01)
                if done:
                    raise RedisServerError(f"redis-server ended at once: {self._last_words()}")
        finally:
            ending.cancel()

    def _options(self) -> list[str]:
        return [
            "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
            "--save", "", "--appendonly", "no", "--daemonize", "no",
            "--dir", str(self._folder), "--logfile", str(self._log),
        ]  # fmt: skip

    def _last_words(self) -> str:
        try:
            lines = self._log.read_text(errors="replace").splitlines()
        except OSError:
            return "it left no log"
        return lines[-1] if lines else "it left no log"


@asynccontextmanager
async def private_redis() -> AsyncIterator[RedisServer]:
    """A private server as long as the block lasts; when it dies it is started again, empty, on the same socket."""
    folder = _folder()
    server = RedisServer(folder)
    try:
        await server.start()
        watch = asyncio.create_task(_kept_running(server))
        try:
            yield server
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            await server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _kept_running(server: RedisServer) -> None:
    while True:
        code = await server.ended()
        log.error("private_redis_ended", exit_code=code, remedy="it is started again; calls go on")
        await asyncio.sleep(RESTART_PAUSE_S)
        try:
            await server.start()
        except RedisServerError as error:
            log.error("private_redis_not_started", problem=str(error))


async def _answers(url: str) -> bool:
    try:
        with our_errors():
            async with connected(url) as redis:
                return bool(await redis.ping())
    except StateError:
        return False


def _folder() -> Path:
    """A new folder for the socket, at a path short enough for one."""
    folder = Path(tempfile.mkdtemp(prefix="offhook-redis-"))
    if len(os.fsencode(folder / "redis.sock")) > SOCKET_PATH_BYTES:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="offhook-redis-", dir="/tmp"))
    return folder
