"""Calls come and go, and nothing of them is left. An hour of it is `make soak`."""

import io

import pytest

from telephony.bench.soak import Reading, run_soak, slope


@pytest.mark.slow
@pytest.mark.timeout(450)
async def test_nothing_is_left_of_hundreds_of_calls_that_come_and_go() -> None:
    told = io.StringIO()
    found = await run_soak(at_once=50, per_s=2.0, seconds=180.0, stream=told)

    # A machine that is too slow for so many calls loses some; they must leave as little.
    assert found["grown"] == {}, told.getvalue()
    assert found["calls"] + found["dropped"] + found["refused"] == 360
    assert found["calls"] > 180


def test_memory_that_grows_with_time_is_told_from_memory_that_wavers() -> None:
    wavering = [Reading(second, 100.0 + 3 * (second % 2)) for second in range(100)]
    growing = [Reading(reading.at_s, reading.mib + 0.25 * reading.at_s) for reading in wavering]

    assert abs(slope(wavering)) < 0.001
    assert abs(slope(growing) - 0.25) < 0.001
