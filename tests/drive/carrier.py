"""Kamailio as a carrier that trunks register to. Rule: tests/interop/kamailio.cfg says how it answers whom."""

import asyncio
import contextlib
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from pathlib import Path

from telephony.settings import Secret, Trunk
from tests.drive.own_network import listens
from tests.house.source import ROOT

CONFIGURATION = ROOT / "tests" / "interop" / "kamailio.cfg"
PORT = 5_080
ADDRESS = f"sip:127.0.0.1:{PORT}"
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
            while not listens(PORT):
                assert process.returncode is None, "Kamailio ended"
                await asyncio.sleep(0.1)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
