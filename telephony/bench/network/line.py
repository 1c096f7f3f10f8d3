"""Two networks of their own and the one way between them. Rule: harm is done between them, not in them.

This process moves to the near network, for good; a process that is started by `line.far` lives in the far one. Each
has a TUN device, and what goes into one comes out of the other as the damage has it: SIP, RTP and RTCP alike. Linux'
own netem would do it too, but many kernels lack it, and TUN they have. It takes root and the program `ip`.
"""

import asyncio
import ctypes
import fcntl
import os
import random
import shutil
import struct
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from telephony.bench.network.damage import CLEAN, Damage

NEAR = "192.0.2.1"
FAR = "192.0.2.2"
NEW_NETWORK = 0x4000_0000  # CLONE_NEWNET of unshare(2)
TUNNEL = Path("/dev/net/tun")
MAKE_DEVICE = 0x4004_54CA  # TUNSETIFF
IP_ALONE = 0x1001  # IFF_TUN | IFF_NO_PI
LARGEST_BYTES = 2_048
IPV4 = 4
HOLD = "ip link set lo up && echo up && exec cat"


class NoNetworkError(Exception):
    """No networks of one's own can be had here; the message says what is missing."""


class Line:
    """The way between; `damage` and `is_up` may be changed at any moment."""

    def __init__(self, far_pid: int, seed: int) -> None:
        self.damage: Damage = CLEAN
        self.is_up = True
        self.passed = 0
        self.lost = 0
        self.far = ("nsenter", f"--net=/proc/{far_pid}/ns/net")
        self._chance = random.Random(seed)

    def carry(self, came: int, goes: int) -> None:
        """Take a packet from one device, and give it to the other when its time has come."""
        packet = os.read(came, LARGEST_BYTES)
        if packet[0] >> 4 != IPV4:
            return
        late_ms = self.damage.late_ms(self._chance) if self.is_up else None
        if late_ms is None:
            self.lost += 1
            return
        self.passed += 1
        asyncio.get_running_loop().call_later(late_ms / 1_000, os.write, goes, packet)


@asynccontextmanager
async def line(seed: int) -> AsyncIterator[Line]:
    """Both networks and the way, until it is left; raises NoNetworkError."""
    _enter_near()
    far = await asyncio.create_subprocess_exec("unshare", "--net", "sh", "-c", HOLD, stdin=PIPE, stdout=PIPE)
    assert far.stdin is not None
    assert far.stdout is not None
    loop = asyncio.get_running_loop()
    near_end, far_end = _device("near"), _device("far")
    try:
        if not await far.stdout.readline():
            raise NoNetworkError("the kernel gives no second network")
        between = Line(far.pid, seed)
        await _run("ip", "link", "set", "far", "netns", str(far.pid))
        for place, address, device in (((), NEAR, "near"), (between.far, FAR, "far")):
            await _run(*place, "ip", "address", "add", f"{address}/24", "dev", device)
            await _run(*place, "ip", "link", "set", device, "up")
        loop.add_reader(near_end, between.carry, near_end, far_end)
        loop.add_reader(far_end, between.carry, far_end, near_end)
        yield between
    finally:
        for end in (near_end, far_end):
            loop.remove_reader(end)
        far.stdin.close()
        await far.wait()


def _enter_near() -> None:
    if os.geteuid() != 0:
        raise NoNetworkError("networks of one's own take root")
    if shutil.which("ip") is None:
        raise NoNetworkError("there is no program `ip`: install iproute2")
    if not TUNNEL.exists():
        raise NoNetworkError(f"the kernel has no {TUNNEL}")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_NETWORK) != 0:
        raise NoNetworkError(f"the kernel gives no network of its own: {os.strerror(ctypes.get_errno())}")


def _device(name: str) -> int:
    end = os.open(TUNNEL, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(end, MAKE_DEVICE, struct.pack("16sH22x", name.encode(), IP_ALONE))
    return end


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise NoNetworkError(f"{' '.join(command)} failed with code {process.returncode}")
