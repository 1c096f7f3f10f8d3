"""Kamailio as a carrier that trunks register to. Rule: tests/interop/kamailio.cfg says how it answers whom."""

import asyncio
import contextlib
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from pathlib import Path

from telephony.settings import Secret, Trunk
from tests.drive.own_network import listens
from tests.house.source import ROOT

CONFIGURATION = ROOT / "tests" / "interop" / "kamailio.cfg"
PORT = 5_080
HOST = f"127.0.0.1:{PORT}"
ADDRESS = f"sip:{HOST}"
UP_WITHIN_S = 20.0


def a_trunk(username: str, name: str = "carrier", password: str = "secret", transport: str = "udp") -> Trunk:
    """A trunk to it; who registers decides how it answers."""
    registrar = f"{ADDRESS};transport={transport}"
    return Trunk(name=name, registrar=registrar, username=username, password=Secret(password), dial=("*",))


@contextlib.asynccontextmanager
async def a_carrier(folder: Path) -> AsyncIterator[None]:
    """It runs, and answers OPTIONS."""
    command = ("kamailio", "-DD", "-E", "-f", str(CONFIGURATION), "-Y", str(folder), "-m", "32", "-M", "4")
    with (folder / "kamailio.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=log)
    try:
        async with asyncio.timeout(UP_WITHIN_S):
            while not listens(PORT):
                assert process.returncode is None, (folder / "kamailio.log").read_text()
                await asyncio.sleep(0.1)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
