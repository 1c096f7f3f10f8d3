"""A conversation survives a bad network. How well it is understood there is told by `offhook bench network`."""

import asyncio
import json
import os
import random
import sys
from itertools import pairwise

import pytest

from telephony.bench.network.damage import BAD
from telephony.bench.network.playout import Packet, played, unwrapped
from telephony.bench.network.understood import word_errors

FRAME = b"\x10\x00" * 160


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="networks of one's own take root")
async def test_callers_are_answered_on_a_bad_line_and_after_it_was_away() -> None:
    # In a process of its own: whoever enters another network stays there.
    command = (sys.executable, "-m", "telephony", "bench", "network", "--turns", "2", "--json")
    bench = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await bench.communicate()
    found = json.loads(said.splitlines()[-1])

    assert {name: found[name]["turns"] for name in ("clean", "damaged", "outage")} == {
        "clean": 4,
        "damaged": 4,
        "outage": 4,
    }
    assert (found["clean"]["answered"], found["clean"]["caller_wer_pct"], found["clean"]["agent_wer_pct"]) == (4, 0, 0)
    assert found["damaged"]["answered"] == 4
    assert found["outage"]["answered"] == 4
    assert found["damaged"]["service_hears"]["mos"] < found["clean"]["service_hears"]["mos"]
    assert found["damaged"]["callers_hear"]["loss_pct"] > 0


def test_the_bad_line_loses_delays_and_reorders() -> None:
    chance = random.Random(1)
    late_ms = [BAD.late_ms(chance) for _ in range(10_000)]
    came_ms = [20 * number + late for number, late in enumerate(late_ms) if late is not None]

    assert 0.04 < late_ms.count(None) / len(late_ms) < 0.06
    assert all(late is None or 10 <= late <= 110 for late in late_ms)
    assert sum(later < earlier for earlier, later in pairwise(came_ms)) > 1_000


def test_what_comes_too_late_is_not_heard_and_what_is_missing_is_heard_softer_and_then_not_at_all() -> None:
    packets = [Packet(20.0 * number, 160 * number, FRAME) for number in range(20) if number not in {5, 10, 11, 12, 13}]
    packets[3] = Packet(60 + 101.0, 480, FRAME)

    heard = played(packets, buffer_ms=100.0)
    levels = [heard.pcm[320 * number] for number in range(20)]

    assert (heard.packets, heard.lost, heard.from_ms) == (20, 6, 100.0)
    assert levels == [16, 16, 16, 8, 16, 8, 16, 16, 16, 16, 8, 4, 2, 0, 16, 16, 16, 16, 16, 16]
    assert heard.between(140, 180) == heard.pcm[640:1_280]


def test_packets_are_put_in_order_where_the_timestamp_wraps() -> None:
    assert unwrapped([0xFFFF_FFF0, 0x90, 0x130, 0x90]) == [0xFFFF_FFF0, 0x1_0000_0090, 0x1_0000_0130, 0x1_0000_0090]


def test_word_errors_are_substitutions_deletions_and_insertions() -> None:
    assert word_errors("We open at nine.", "we open at nine") == 0
    assert word_errors("We open at nine.", "they open nine o'clock") == 3
