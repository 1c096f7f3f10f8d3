"""`offhook bench media`: real RTP through endpoint and bridge while Python is busy. Rule: callers hear themselves.

`cpu_pct_per_call` is what media and SIP cost: every thread of the process under test but the event loop's and the one
that burns time on purpose. Latency and barge-in have no meaning without an agent and are null.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from telephony.bench.report import BenchReport, lines_of, wire_of
from telephony.bench.subject import NS_PER_S, Subject, running, spent_ns
from telephony.wire.call import Call
from telephony.wire.dialling import RefusedError
from telephony.wire.listening import percentiles
from telephony.wire.mouth import CutShortError
from telephony.wire.phone import Phone
from telephony.wire.speech import Speech, speech_of

SUBJECT = "telephony.bench.media_under_test"
RAMP_SHARE = 0.2
SETTLE_S = 1.0
TONES_HZ = (523, 1_319)


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU over the time when all calls were up, in percent of one core."""

    media_pct: float
    loop_pct: float
    burnt_pct: float


async def run_media(calls: int, busy: float, seconds: float, stream: TextIO) -> dict[str, object]:
    """Measure so many calls for so long (the ramp included); progress goes to the stream."""
    async with running(SUBJECT, "--calls", str(calls), "--busy", str(busy)) as subject, Phone() as phone:
        idle_mib = subject.rss_mib()
        uri = f"sip:echo@127.0.0.1:{subject.ready['port']}"
        up, cost, full_mib = await _hold(phone, uri, calls, seconds, subject)
    wire = wire_of(up)
    carried = [call for call in up if call.ear.talks and call.ended.result().by == "us"]
    told = [f"{len(carried)} of {calls} calls carried and heard back", *lines_of(wire)]
    told.append(
        f"percent of one core: media and SIP {cost.media_pct:.2f}, event loop {cost.loop_pct:.1f},"
        f" burnt on purpose {cost.burnt_pct:.1f}"
    )
    stream.writelines(f"{line}\n" for line in told)
    nobody = percentiles([], 50, 95)
    return BenchReport(
        packets_lost=wire.lost,
        gap_error_ms=wire.gap_error_ms,
        cpu_pct_per_call=round(cost.media_pct / calls, 4),
        rss_mib_per_call=round((full_mib - idle_mib) / calls, 3),
        added_latency_ms=nobody,
        barge_in_stop_ms=nobody,
        calls=len(carried),
        seconds=seconds,
    ).as_object()


async def _hold(phone: Phone, uri: str, calls: int, seconds: float, subject: Subject) -> tuple[list[Call], Cost, float]:
    loop = asyncio.get_running_loop()
    end_s = loop.time() + seconds
    hum = _hum()
    async with asyncio.TaskGroup() as tasks:
        dialled = []
        for _ in range(calls):
            dialled.append(tasks.create_task(_dialled(phone, uri)))
            await asyncio.sleep(seconds * RAMP_SHARE / calls)
        up = [call for call in [await task for task in dialled] if call is not None]
        for call in up:
            tasks.create_task(_sing(call, hum))
        await asyncio.sleep(SETTLE_S)
        before, before_s = subject.cpu_ns(), loop.time()
        await asyncio.sleep(max(0.0, end_s - loop.time()))
        spent, span_s = spent_ns(before, subject.cpu_ns()), loop.time() - before_s
        full_mib = subject.rss_mib()
        for call in up:
            tasks.create_task(_left(call))
    burner = int(subject.ready["burner"])
    pct = {thread: 100 * ns / NS_PER_S / span_s for thread, ns in spent.items()}
    loop_pct, burnt_pct = pct.pop(subject.pid), pct.pop(burner)
    return up, Cost(sum(pct.values()), loop_pct, burnt_pct), full_mib


async def _dialled(phone: Phone, uri: str) -> Call | None:
    try:
        return await phone.call(uri)
    except RefusedError:
        return None


async def _sing(call: Call, hum: Speech) -> None:
    with suppress(CutShortError):
        while not call.ended.done():
            await call.say(hum)


async def _left(call: Call) -> None:
    await call.hang_up()


def _hum() -> Speech:
    moments = np.arange(8_000) / 8_000
    chord = np.sum([np.cos(2 * np.pi * hz * moments) for hz in TONES_HZ], axis=0)
    return speech_of((4_000 * chord).astype("<i2").tobytes())
