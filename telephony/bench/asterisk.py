"""Asterisk and its Echo() as a yardstick. Rule: a root that `docker/setup asterisk` made is used and never written to.

Its modules are those of dialplans/asterisk, so a bench with it runs from a checkout; everything else of its
configuration is written here. It takes calls from this machine alone, and echoes all of them.
"""

import asyncio
import os
import socket
from asyncio.subprocess import DEVNULL, STDOUT
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from telephony.bench.subject import Subject
from telephony.wire.dialling import RefusedError
from telephony.wire.phone import Phone

MODULES = Path(__file__).parents[2] / "dialplans" / "asterisk" / "modules.conf"
RTP_PORTS = (30_000, 31_999)
UP_WITHIN_S = 30.0
PLACES = {"etc": "etc/asterisk", "lib": "var/lib/asterisk", "log": "var/log/asterisk", "hosts": "etc/hosts"}
START = """
set -e
here=$1 owned=run/asterisk
cd "$2"
shift 2
mount -t tmpfs tmpfs run
mkdir run/asterisk
for pair; do
    mount --bind "$here/${pair%%:*}" "${pair#*:}"
    [ "${pair%%:*}" = hosts ] || owned="$owned ${pair#*:}"
done
chroot . chown -R asterisk: $owned
exec chroot --userspec=asterisk . /usr/sbin/asterisk -f -C /etc/asterisk/asterisk.conf
"""
FILES = {
    "asterisk.conf": "[options]\nmaxfiles = 65536\nhideconnect = yes\n",
    "rtp.conf": f"[general]\nrtpstart = {RTP_PORTS[0]}\nrtpend = {RTP_PORTS[1]}\n",
    "extensions.conf": "[everybody]\nexten => _.,1,Answer()\n same => n,Echo()\n same => n,Hangup()\n",
    "pjproject.conf": "",
    "logger.conf": "[logfiles]\nconsole => error\n",
}
PJSIP = """
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{port}

[anonymous]
type = endpoint
context = everybody
disallow = all
allow = ulaw
direct_media = no
"""


class NoAsteriskError(Exception):
    """There is none here, or it did not start; the message says why."""


@asynccontextmanager
async def asterisk(root: Path) -> AsyncIterator[Subject]:
    """It runs, and is ready with the port that it answers; raises NoAsteriskError."""
    if os.geteuid() != 0:
        raise NoAsteriskError("a root for Asterisk takes root")
    if not (root / "usr/sbin/asterisk").exists() or not MODULES.exists():
        raise NoAsteriskError("there is no Asterisk: run `docker/setup asterisk` in a checkout")
    with TemporaryDirectory() as folder:
        port = _written(Path(folder))
        process = await started(root, Path(folder), PLACES, DEVNULL)
        try:
            await _answers(process, port)
            yield Subject(process, {"port": port})
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def started(
    root: Path, folder: Path, places: Mapping[str, str], out: int | IO[bytes]
) -> asyncio.subprocess.Process:
    """Asterisk's process, with what lies in this folder in these places of its root; all but the hosts are its own."""
    pairs = [f"{name}:{path}" for name, path in places.items()]
    command = ("unshare", "--mount", "sh", "-c", START, "start", str(folder), str(root), *pairs)
    return await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=out, stderr=STDOUT)


def _written(folder: Path) -> int:
    """Its configuration; returns the port that it will answer."""
    for name in ("etc", "lib", "log"):
        (folder / name).mkdir()
    # Asterisk looks its own name up, and waits for an answer.
    (folder / "hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    for name, text in (*FILES.items(), ("pjsip.conf", PJSIP.format(port=port))):
        (folder / "etc" / name).write_text(text)
    modules = MODULES.read_text() + "\nload = res_pjsip_endpoint_identifier_anonymous.so\n"
    (folder / "etc" / "modules.conf").write_text(modules)
    return port


async def _answers(process: asyncio.subprocess.Process, port: int) -> None:
    loop = asyncio.get_running_loop()
    end_s = loop.time() + UP_WITHIN_S
    async with Phone() as phone:
        while loop.time() < end_s and process.returncode is None:
            try:
                async with asyncio.timeout(UP_WITHIN_S):
                    await (await phone.call(f"sip:600@127.0.0.1:{port}")).hang_up()
            except (RefusedError, TimeoutError):
                await asyncio.sleep(0.2)
            else:
                return
    raise NoAsteriskError(f"Asterisk did not answer (code {process.returncode})")
