"""The bench of sessions on a small scale: turns are answered and figures are there."""

import io

import pytest

from telephony.bench.realtime import run_realtime


@pytest.mark.slow
async def test_the_bench_of_sessions_measures_answers() -> None:
    told = io.StringIO()
    found = await run_realtime(sessions=3, seconds=12, stream=told)
    added = found["added_latency_ms"]

    assert (found["calls"], found["packets_lost"]) == (3, None)
    assert "3 of 3 sessions connected" in told.getvalue()
    assert isinstance(added, dict)
    assert None not in added.values()
