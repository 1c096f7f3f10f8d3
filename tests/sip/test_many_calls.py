"""Many short calls leave nothing behind."""

import asyncio
import gc
import threading
from pathlib import Path

import pytest

from telephony.sip.exchange import Occupancy
from tests.drive.exchange import Office, an_office, rejects
from tests.drive.party import both_end
from tests.drive.tones import a_tone

CALLS, AT_ONCE = 200, 20


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def threads() -> tuple[int, int]:
    """Python's and all."""
    return threading.active_count(), len(list(Path("/proc/self/task").iterdir()))


async def a_short_call(office: Office) -> None:
    caller, callee = await office.a_call()
    caller.leg.audio.play(a_tone(500, 1_000))
    callee.leg.audio.set_recording(True)
    await callee.hears(40)
    callee.leg.hang_up()
    await both_end(caller, callee)


async def settled(office: Office) -> Occupancy:
    """What is held once the far ends have agreed that all is over: the bridge lets go at its next ticks."""
    while (held := await office.endpoint.occupancy()) != Occupancy(0, 0, 1):
        pass
    return held


@pytest.mark.slow
async def test_two_hundred_calls_leave_nothing_behind() -> None:
    async with an_office() as office:
        await a_short_call(office)
        await settled(office)
        before = open_files(), threads()
        for _ in range(CALLS // AT_ONCE):
            await asyncio.gather(*(a_short_call(office) for _ in range(AT_ONCE)))
        held = await settled(office)
        gc.collect()
        after = open_files(), threads()
        legs = office.endpoint.live_legs

    assert (after, held, legs) == (before, Occupancy(0, 0, 1), 0)


async def test_refused_calls_leave_nothing_behind() -> None:
    async with an_office(decide=rejects(403)) as office:
        await (await office.dials()).ends()
        await settled(office)
        before = open_files(), threads()
        for _ in range(50):
            await (await office.dials()).ends()
        held = await settled(office)
        after = open_files(), threads()

    assert (after, held) == (before, Occupancy(0, 0, 1))
