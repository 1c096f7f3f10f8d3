"""Calls to tell stories with."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

from telephony.leg import Ending
from telephony.state.record import CallRecord

CALLER_HUNG_UP = Ending("caller", "hung_up", 200)


def a_ringing_call(node: str, number: int = 1) -> CallRecord:
    """The numberth call of this node; each began a second after the one before it."""
    return CallRecord(
        call_id=f"rtc_{number:024x}",
        node=node,
        direction="inbound",
        caller="+493023125012",
        called="1000",
        started_at_ms=number * 1_000,
        changed_at_ms=number * 1_000,
    )


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Wait for something that nobody announces, such as a key that expires; the test's own timeout bounds it."""
    for _ in count():
        if await holds():
            return
        await asyncio.sleep(0.01)
