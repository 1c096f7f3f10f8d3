"""The bench beside Asterisk on a small scale: all three carry their calls. What they cost is told by the bench."""

import io

import pytest

from telephony.bench.capacity import run_capacity
from tests.drive.pbx import ASTERISK_ROOT

pytestmark = pytest.mark.interop


async def test_asterisk_and_the_service_carry_the_same_calls() -> None:
    found = await run_capacity(ASTERISK_ROOT, calls=3, seconds=6.0, stream=io.StringIO())
    sides = ("asterisk_echo", "offhook_echo", "offhook_agent")

    assert {name: found[name]["calls"] for name in sides} == dict.fromkeys(sides, 3)
    assert all(found[name]["cpu_pct_per_call"] > 0 for name in sides)
