"""A service without Redis brings its own, and leaves none behind."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError

from telephony.state.connection import connected
from telephony.state.private_redis import RedisServer, RedisServerError, private_redis
from tests.store.calls import until

OWNER = """
import asyncio, pathlib, sys
from telephony.state.private_redis import RedisServer
async def main():
    server = RedisServer(pathlib.Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def ended(pid: int) -> None:
    """Wait until this process, which need not be a child of ours, is gone."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(watched, gone.set)
    await gone.wait()
    asyncio.get_running_loop().remove_reader(watched)
    os.close(watched)


async def test_a_private_server_answers_on_its_socket_and_nowhere_else() -> None:
    async with private_redis() as server, connected(server.url) as redis:
        await redis.set("a", "b")
        kept = await redis.get("a")
        config: Any = await redis.config_get("port", "save", "appendonly")
    await ended(server.pid)

    assert (kept, config, server.socket.parent.exists()) == (
        b"b",
        {"port": "0", "save": "", "appendonly": "no"},
        False,
    )


async def test_a_private_server_that_is_killed_comes_back_on_the_same_socket() -> None:
    async with private_redis() as server:
        killed = server.pid
        os.kill(killed, signal.SIGKILL)
        await ended(killed)
        async with connected(server.url) as redis:

            async def answers() -> bool:
                with suppress(ConnectionError):
                    return bool(await redis.ping())
                return False

            await until(answers)
        assert server.pid != killed


async def test_a_private_server_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert owner.stdout is not None
    pid = int(await owner.stdout.readline())

    owner.kill()
    await owner.wait()

    await ended(pid)


async def test_an_interrupt_at_the_terminal_is_not_for_the_server() -> None:
    """Ctrl-C goes to every process of the terminal's foreground group."""
    async with private_redis() as server:
        assert (os.getsid(server.pid), os.getpgid(server.pid)) == (server.pid, server.pid)


async def test_a_machine_without_redis_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RedisServerError, match="apt-get install redis-server"):
        await RedisServer(tmp_path).start()


async def test_a_server_that_cannot_start_says_its_last_words(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()

    with pytest.raises(RedisServerError, match=r"ended at once: .*path too long"):
        await RedisServer(folder).start()


async def test_a_server_stopped_twice_stays_stopped(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    await server.start()
    await server.stop()

    await server.stop()

    assert not server.is_up
