"""The benches on a small scale: calls are carried and figures are there. How good they are is told by `make bench`."""

import io

import pytest

from telephony.bench.calls import run_calls
from telephony.bench.media import run_media
from telephony.bench.subject import SubjectError, running

KEYS = [
    "packets_lost",
    "gap_error_ms",
    "cpu_pct_per_call",
    "rss_mib_per_call",
    "added_latency_ms",
    "barge_in_stop_ms",
    "calls",
    "seconds",
]
TURN_KEYS = [
    "voice_to_voice_ms",
    "answered",
    "cut_off",
    "interruptions",
    "yielded_pct",
    "listened",
    "stopped_for_good_pct",
]


@pytest.mark.slow
async def test_the_media_bench_hears_every_caller_back() -> None:
    told = io.StringIO()
    found = await run_media(calls=3, busy=0.5, seconds=4, stream=told)

    assert (list(found), found["calls"], found["seconds"]) == (KEYS, 3, 4)
    assert "3 of 3 calls carried and heard back" in told.getvalue()
    assert found["added_latency_ms"] == {"p50": None, "p95": None}


@pytest.mark.slow
async def test_the_bench_of_calls_measures_answers_and_barge_ins() -> None:
    found = await run_calls(calls=6, seconds=24, stream=io.StringIO())
    gaps, added, stop = found["gap_error_ms"], found["added_latency_ms"], found["barge_in_stop_ms"]

    assert (list(found), found["calls"]) == (KEYS, 6)
    assert isinstance(gaps, dict)
    assert isinstance(added, dict)
    assert isinstance(stop, dict)
    assert list(gaps) == ["p50", "p99", "p99_9", "max"]
    assert None not in {*gaps.values(), *added.values(), *stop.values()}


@pytest.mark.slow
async def test_the_bench_of_semantic_turns_hears_who_yields_and_who_goes_on() -> None:
    found = await run_calls(calls=6, seconds=30, stream=io.StringIO(), semantic=True)

    assert list(found) == [*KEYS, *TURN_KEYS]
    assert (found["calls"], found["voice_to_voice_ms"] is not None) == (6, True)
    assert found["interruptions"]
    assert found["listened"]


async def test_a_process_that_does_not_come_up_is_named() -> None:
    with pytest.raises(SubjectError, match="no_such_module ended with code 1"):
        async with running("telephony.bench.no_such_module"):
            pass
