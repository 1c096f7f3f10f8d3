"""Asterisk in a root of its own, with dialplans/asterisk as its configuration. Rule: what it writes is a test's folder.

The root that `docker/setup asterisk` made is never written to: /etc/asterisk and what Asterisk writes are other
folders, mounted over it for this one process.
"""

import asyncio
import contextlib
import os
import platform
import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from telephony.bench.asterisk import started
from tests.drive.ami import Ami, Event
from tests.drive.certificate import a_certificate
from tests.drive.own_network import listens
from tests.drive.patience import until
from tests.house.source import ROOT

CONFIGURATION = ROOT / "dialplans" / "asterisk"
ADDITIONS = ROOT / "tests" / "interop" / "asterisk"
ASTERISK_ROOT = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "offhook" / "asterisk"
AMI_PORT = 5_038
SIP_PORT = 5_060
UP_WITHIN_S = 30.0
MOUNTS = {
    "etc": "etc/asterisk",
    "lib": "var/lib/asterisk",
    "spool": "var/spool/asterisk",
    "log": "var/log/asterisk",
    "hosts": "etc/hosts",
}


@dataclass
class Pbx:
    """Asterisk, which may be stopped and started in mid-story. `ami` is of the start that is running."""

    folder: Path
    process: Process | None = None
    ami: Ami = field(init=False)

    @property
    def certificate(self) -> Path:
        """What it shows who comes by TLS; its own authority."""
        return self.folder / "etc" / "keys" / "certificate.pem"

    async def start(self) -> None:
        """Up when this returns."""
        with (self.folder / "out").open("ab") as out:
            self.process = await started(ASTERISK_ROOT, self.folder, MOUNTS, out)
        async with asyncio.timeout(UP_WITHIN_S):
            self.ami = await self._login()
            await self.ami.event("FullyBooted")

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """SIGTERM lets it say BYE; SIGKILL does not."""
        if self.process is None:
            return
        await self.ami.close()
        if self.process.returncode is None:
            self.process.send_signal(how)
            await self.process.wait()
        self.process = None

    async def registered(self, endpoint: str) -> Event:
        """Wait until this endpoint can be reached."""
        return await self.ami.event("ContactStatus", EndpointName=endpoint, ContactStatus="NonQualified|Reachable")

    async def _login(self) -> Ami:
        while True:
            with contextlib.suppress(ConnectionError):
                return await Ami.opened("127.0.0.1", AMI_PORT)
            assert self.process is not None
            assert self.process.returncode is None, (self.folder / "out").read_text(errors="replace")[-2_000:]
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def a_pbx(folder: Path) -> AsyncIterator[Pbx]:
    """Asterisk as the README has it, with what tests look at and dial besides."""
    pbx = Pbx(_laid_out(folder, CONFIGURATION, ADDITIONS))
    a_certificate(pbx.folder / "etc" / "keys")
    await pbx.start()
    try:
        yield pbx
    finally:
        await pbx.stop()


@contextlib.asynccontextmanager
async def a_bare_pbx(folder: Path) -> AsyncIterator[None]:
    """Asterisk with the README's files and nothing else; it listens, and nobody sees into it."""
    place = _laid_out(folder, CONFIGURATION)
    with (place / "out").open("wb") as out:
        process = await started(ASTERISK_ROOT, place, MOUNTS, out)
    try:
        await until(lambda: listens(SIP_PORT), lambda: (place / "out").read_text(errors="replace"), UP_WITHIN_S)
        yield
    finally:
        process.terminate()
        await process.wait()


def _laid_out(folder: Path, *sources: Path) -> Path:
    """A folder with these configurations, and room for what Asterisk writes."""
    place = folder / "pbx"
    for name in ("etc", "lib", "spool/monitor", "log"):
        (place / name).mkdir(parents=True)
    # Asterisk looks its own name up, and waits for an answer.
    (place / "hosts").write_text(f"127.0.0.1 localhost {platform.node()}\n")
    for source in sources:
        for file in source.glob("*.conf"):
            shutil.copy(file, place / "etc")
    return place
