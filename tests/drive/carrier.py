"""Kamailio as a carrier that trunks register to. Rule: tests/interop/kamailio.cfg says how it answers whom."""

import asyncio
import contextlib
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from pathlib import Path

from telephony.settings import Secret, Trunk
from tests.house.source import ROOT

CONFIGURATION = ROOT / "tests" / "interop" / "kamailio.cfg"
ADDRESS = "sip:127.0.0.1:5080"
UP_WITHIN_S = 20.0


def a_trunk(username: str, name: str = "carrier", password: str = "secret") -> Trunk:
    """A trunk to it; who registers decides how it answers."""
    return Trunk(name=name, registrar=ADDRESS, username=username, password=Secret(password), dial=("*",))


@contextlib.asynccontextmanager
async def a_carrier(folder: Path) -> AsyncIterator[None]:
    """It runs, and answers OPTIONS."""
    command = ("kamailio", "-DD", "-E", "-f", str(CONFIGURATION), "-Y", str(folder), "-m", "32", "-M", "4")
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
    try:
        async with asyncio.timeout(UP_WITHIN_S):
            while not _listens():
                assert process.returncode is None, "Kamailio ended"
                await asyncio.sleep(0.1)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


def _listens() -> bool:
    """Whether somebody has the port, told without asking for it."""
    return any(":13D8 " in line for line in Path("/proc/net/udp").read_text().splitlines())
