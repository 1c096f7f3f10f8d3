"""`offhook bench soak`: calls come and go for a long time. Rule: what a call took it gives back.

The process under test is the whole service with simulated vendors. A first crowd fills what is filled once; then what
the service holds at rest is counted: descriptors, threads, tasks, dialogs, ports, Redis keys, memory given out. Then
the crowd comes for the given time, and when it has gone all of this must be as it was. Records of calls expire, here
soon. Memory given out may differ by little: a table that has grown stays as large.

The resident set is read every second while all places are taken. It grows until the collector has come round a few
times, some hundreds of calls, so it is judged in a long run alone, by its second half: the median slope between
readings (Theil and Sen), times the time, is what it grew by.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np

from pipeline.providers.embedded_tts import EmbeddedVoice
from telephony.bench.crowd import Crowd
from telephony.bench.lines import repertoire, spoken_lines
from telephony.bench.subject import Subject, SubjectError, running

SUBJECT = "telephony.bench.service_under_test"
RECORDS_LAST_S = 10
AT_REST_AFTER_S = 18.0
PAUSE_S = 1.0
TELL_EVERY_S = 60
MOST_GROWN_MIB = 4.0
JUDGED_FROM_S = 1_200
WAVERS = {"heap_kib": 3_072, "python_blocks": 5_000}
MOST_READINGS = 400

Held = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """The resident set at a moment."""

    at_s: float
    mib: float


async def run_soak(at_once: int, per_s: float, seconds: float, stream: TextIO) -> dict[str, Any]:
    """So many calls at once, so many new ones a second, for so long; progress goes to the stream.

    `grown` holds what was not given back and is empty when all is well.
    """
    with EmbeddedVoice() as voice:
        lines = repertoire(await spoken_lines(voice), marks=False).turns
    async with running(SUBJECT, "--calls", str(2 * at_once), "--call-ttl-s", str(RECORDS_LAST_S)) as subject:
        uri = f"sip:100@127.0.0.1:{subject.ready['port']}"
        fill_s = at_once / per_s
        await Crowd(uri, lines, at_once, per_s).come(fill_s)
        before = await _at_rest(subject, None)
        stream.write(f"at rest before: {before}\n")
        crowd = Crowd(uri, lines, at_once, per_s)
        readings = await _watched(subject, crowd, seconds, max(fill_s, seconds / 2), stream)
        after = await _at_rest(subject, before)
        stream.write(f"at rest after:  {after}\n")
    if not crowd.carried:
        raise SubjectError("not one call was carried")
    grown_mib = round(slope(readings) * (readings[-1].at_s - readings[0].at_s), 2)
    grown: Held = {
        name: [before[name], after[name]] for name in before if after[name] > before[name] + WAVERS.get(name, 0)
    }
    if grown_mib > MOST_GROWN_MIB and seconds >= JUDGED_FROM_S:
        grown["memory_mib"] = [readings[0].mib, readings[-1].mib]
    return {
        "grown": grown,
        "memory_grown_mib": grown_mib,
        "memory_mib": [round(readings[0].mib, 1), round(readings[-1].mib, 1)],
        "held_before": before,
        "held": after,
        "calls": crowd.carried,
        "refused": crowd.refused,
        "dropped": crowd.dropped,
        "turns_answered": crowd.answered,
        "turns_unanswered": crowd.unanswered,
        "at_once": at_once,
        "per_s": per_s,
        "seconds": seconds,
    }


def slope(readings: list[Reading]) -> float:
    """MiB per second: the median of the slopes between every two readings, of which many are thinned out first."""
    thinned = readings[:: len(readings) // MOST_READINGS + 1]
    at_s = np.array([reading.at_s for reading in thinned])
    mib = np.array([reading.mib for reading in thinned])
    earlier, later = np.triu_indices(len(thinned), 1)
    return float(np.median((mib[later] - mib[earlier]) / (at_s[later] - at_s[earlier])))


async def _watched(subject: Subject, crowd: Crowd, seconds: float, from_s: float, stream: TextIO) -> list[Reading]:
    """Memory from a moment on until the last caller has come."""
    loop = asyncio.get_running_loop()
    begun_s = told_s = loop.time()
    readings = []
    coming = asyncio.create_task(crowd.come(seconds))
    while not coming.done() and loop.time() < begun_s + seconds:
        await asyncio.wait([coming], timeout=PAUSE_S)
        reading = Reading(loop.time() - begun_s, subject.rss_mib())
        if reading.at_s > from_s:
            readings.append(reading)
        if loop.time() - told_s >= TELL_EVERY_S:
            told_s = loop.time()
            files = subject.open_files()
            stream.write(f"{reading.at_s:.0f} s: {reading.mib:.1f} MiB, {files} files, {crowd.carried} calls carried\n")
            stream.flush()
    await coming
    return readings


async def _at_rest(subject: Subject, like: Held | None) -> Held:
    """What is held a while after the last call: when it is as before, or else when all of it should have gone."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + AT_REST_AFTER_S
    while True:
        held = {"files": subject.open_files(), "threads": len(subject.cpu_ns()), **await subject.tells()}
        if loop.time() > end_s or (
            like is not None and all(held[name] <= like[name] + WAVERS.get(name, 0) for name in like)
        ):
            return held
        await asyncio.sleep(PAUSE_S)
