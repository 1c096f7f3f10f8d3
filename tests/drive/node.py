"""One service process of several that share a Redis. Rule: it is `offhook serve`, and it may be killed."""

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY_WITHIN_S = 60.0


@dataclass
class Node:
    """A running process: where its phone and its API are."""

    process: Process
    sip: str
    api: str

    def uri(self, number: str = "100") -> str:
        return f"sip:{number}@{self.sip}"

    async def stop(self) -> int:
        """As an operator stops it; its exit code."""
        self.process.terminate()
        return await self.process.wait()

    async def die(self) -> None:
        """Without a word: no BYE, no last write."""
        self.process.kill()
        await self.process.wait()


@contextlib.asynccontextmanager
async def a_node(folder: Path, name: str, dialplan: str, redis_url: str, control: str = "") -> AsyncIterator[Node]:
    (folder / "dialplan.toml").write_text(dialplan)
    settings = folder / f"{name}.toml"
    settings.write_text(
        f'node = "{name}"\ndialplan = "dialplan.toml"\n'
        '[sip]\nbind_address = "127.0.0.1"\nudp_port = 0\ntcp_port = "off"\n'
        f'[redis]\nurl = "{redis_url}"\n[log]\nformat = "json"\n[limits]\ndrain_s = 0\n'
        f"[providers]\nrecogniser_processes = 1\n[control]\nport = 0\n{control}\n"
    )
    async with a_served(settings) as node:
        yield node


@contextlib.asynccontextmanager
async def a_served(settings: Path) -> AsyncIterator[Node]:
    """`offhook serve` with this file of settings."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "telephony", "serve", "-c", str(settings)), stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
    )
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            api = (await _logged(process, "control_ready"))["addresses"][0]
            uri = (await _logged(process, "ready"))["uri"]
        reading = asyncio.create_task(_drained(process))
        yield Node(process, uri.removeprefix("sip:"), api)
        reading.cancel()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@contextlib.asynccontextmanager
async def two_nodes(folder: Path, dialplan: str, redis_url: str, control: str = "") -> AsyncIterator[tuple[Node, Node]]:
    """`first` and `second` on one Redis, started side by side."""
    async with contextlib.AsyncExitStack() as stack:
        nodes = [a_node(folder, name, dialplan, redis_url, control) for name in ("first", "second")]
        first, second = await asyncio.gather(*(stack.enter_async_context(node) for node in nodes))
        yield first, second


async def _logged(process: Process, event: str) -> dict[str, Any]:
    assert process.stderr is not None
    async for line in process.stderr:
        found: dict[str, Any] = json.loads(line) if line.startswith(b"{") else {}
        if found.get("event") == event:
            return found
    raise AssertionError(f"the process ended before it said {event}")


async def _drained(process: Process) -> None:
    assert process.stderr is not None
    async for _ in process.stderr:
        pass
