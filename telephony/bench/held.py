"""What a service holds at a moment: tasks, calls, ports, records, memory. Rule: what only waits to be collected is not.

Memory is what the C library has given out and not got back (mallinfo2), and how many blocks Python's own allocator has.
"""

import asyncio
import ctypes
import gc
import sys
from typing import Any

from telephony.service import Service
from telephony.state import keys
from telephony.state.connection import connected

GIVEN_OUT = 7
FIELDS = 10
"""Of mallinfo2, all of them size_t: uordblks is the eighth."""


async def held_by(service: Service) -> dict[str, Any]:
    """Counts by what is counted."""
    gc.collect()
    held = await service.endpoint.occupancy()
    async with connected(service.redis_url) as redis:
        stored = {"redis_keys": await redis.dbsize(), "calls_listed": await redis.zcard(keys.CALLS)}
    return {
        "tasks": len(asyncio.all_tasks()),
        "legs": service.endpoint.live_legs,
        "dialogs": held.dialogs,
        "leg_ports": held.leg_ports,
        "bridge_ports": held.bridge_ports,
        **stored,
        "heap_kib": _given_out_bytes() // 1_024,
        "python_blocks": sys.getallocatedblocks(),
    }


def _given_out_bytes() -> int:
    class Mallinfo(ctypes.Structure):
        _fields_ = (("counts", ctypes.c_size_t * FIELDS),)

    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = Mallinfo
    return int(libc.mallinfo2().counts[GIVEN_OUT])
