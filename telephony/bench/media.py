"""`offhook bench media`: real RTP through endpoint and bridge while Python is busy. Rule: callers hear themselves.

`cpu_pct_per_call` is what media and SIP cost: every thread of the process under test but the event loop's and the one
that burns time on purpose. Latency and barge-in have no meaning without an agent and are null.
"""

import asyncio
from contextlib import suppress
from typing import TextIO

import numpy as np

from telephony.bench.report import BenchReport, lines_of, wire_of
from telephony.bench.subject import Meter, Spending, Subject, SubjectError, running
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


async def run_media(calls: int, busy: float, seconds: float, stream: TextIO) -> dict[str, object]:
    """Measure so many calls for so long (the ramp included); progress goes to the stream."""
    async with running(SUBJECT, "--calls", str(calls), "--busy", str(busy)) as subject, Phone() as phone:
        idle_mib = subject.rss_mib()
        uri = f"sip:echo@127.0.0.1:{subject.ready['port']}"
        up, spending, full_mib = await hold(phone, uri, calls, seconds, subject)
    wire = wire_of(up)
    carried = [call for call in up if call.ear.talks and call.ended.result().by == "us"]
    loop_pct, burnt_pct = spending.threads[subject.pid], spending.threads[int(subject.ready["burner"])]
    media_pct = spending.total - loop_pct - burnt_pct
    told = [
        f"{len(carried)} of {calls} calls carried and heard back",
        *lines_of(wire, spending),
        f"percent of one core: media and SIP {media_pct:.2f}, event loop {loop_pct:.1f}, burnt {burnt_pct:.1f}",
    ]
    stream.writelines(f"{line}\n" for line in told)
    if not carried:
        raise SubjectError("not one call was carried")
    nobody = percentiles([], 50, 95)
    return BenchReport(
        packets_lost=wire.lost,
        gap_error_ms=wire.gap_error_ms,
        cpu_pct_per_call=round(media_pct / calls, 4),
        rss_mib_per_call=round((full_mib - idle_mib) / calls, 3),
        added_latency_ms=nobody,
        barge_in_stop_ms=nobody,
        calls=len(carried),
        seconds=seconds,
    ).as_object()


async def hold(
    phone: Phone, uri: str, calls: int, seconds: float, subject: Subject
) -> tuple[list[Call], Spending, float]:
    """Call whoever echoes so often and hum for so long: the calls, what they cost, and memory in MiB."""
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
        meter = Meter(subject)
        await asyncio.sleep(max(0.0, end_s - loop.time()))
        spending = meter.spending()
        full_mib = subject.rss_mib()
        for call in up:
            tasks.create_task(_left(call))
    return up, spending, full_mib


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
