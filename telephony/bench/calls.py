"""`offhook bench calls`: whole calls against simulated providers. Rule: every figure is the callers' own.

The process under test runs everything but the vendors: SIP and RTP, bridge, real voice activity detection, sessions,
workers, journals. The callers speak real synthesised speech on real RTP. What the cascade adds is

    added latency = voice to voice - nominal
    nominal = silence_duration_ms + STT final + LLM first token + (n - 1) / tokens per second + TTS first chunk

where n is the number of tokens after which the first piece of a reply can be spoken, found by cutting the very reply
with the session's own cutter. Frames, jitter buffer, detection, event loop, resampling and playout are all added.

With `semantic` agents take turns by `semantic_vad`, a simulated recogniser tells words as they are spoken, and callers
also stop to think in mid-sentence, and say "uh huh" and cough while the agent speaks. Whom the agent did not let finish
was cut off.

CPU is all of the process under test while all calls are up; RSS per call is what it grew by since before the first.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO, TypeVar

from pipeline.providers.embedded_tts import EmbeddedVoice
from telephony.bench.conversation import Conversation, Findings
from telephony.bench.lines import Repertoire, repertoire, spoken_lines
from telephony.bench.listeners import Listener, ListenersFindings
from telephony.bench.nominal import SPARE_CALLS
from telephony.bench.report import BenchReport, lines_of, wire_of
from telephony.bench.subject import Meter, Spending, Subject, SubjectError, running
from telephony.bench.vendor_house import settings_for
from telephony.wire.call import Call
from telephony.wire.dialling import RefusedError
from telephony.wire.listening import percentiles
from telephony.wire.phone import Phone

T = TypeVar("T")

SUBJECT = "telephony.bench.service_under_test"
RAMP_SHARE = 0.2
SETTLE_S = 1.0
OVERTIME_S = 60.0

Caller = Callable[[Call, int], Conversation]
"""Who talks on a call, by the call's number."""


async def run_calls(
    calls: int, seconds: float, stream: TextIO, *, vendor_files: bool = False, semantic: bool = False
) -> dict[str, object]:
    """Measure so many concurrent conversations for so long (the ramp included); progress goes to the stream.

    With `vendor_files` the service talks to local servers of the same latencies through the files of real vendors. How
    late those servers are is told as well, and is in the callers' figures: it is none of the files'.
    """
    with EmbeddedVoice() as voice:
        said = repertoire(await spoken_lines(voice), marks=semantic)
    findings = ListenersFindings()
    caller = _listeners(said, findings) if semantic else _talkers(said, findings)
    vendors: dict[str, Any] = {}
    async with _subject(calls, vendors, vendor_files=vendor_files, semantic=semantic) as subject, Phone() as phone:
        idle_mib = subject.rss_mib()
        up, spending, full_mib = await _in_time(seconds, _hold(phone, subject, calls, seconds, caller))
    wire = wire_of(up)
    carried = [call for call in up if call.ended.result().by == "us"]
    nominal_ms = float(subject.ready["nominal_ms"])
    told = [
        f"{len(carried)} of {calls} calls carried to their end",
        *_heard(findings, nominal_ms, vendors),
        *lines_of(wire, spending),
        f"under test: {spending.total:.1f} % of one core, {idle_mib:.0f} MiB idle, {full_mib:.0f} MiB in calls",
    ]
    stream.writelines(f"{line}\n" for line in told)
    if not carried:
        raise SubjectError("not one call was carried")
    report = BenchReport(
        packets_lost=wire.lost,
        gap_error_ms=wire.gap_error_ms,
        cpu_pct_per_call=round(spending.total / calls, 4),
        rss_mib_per_call=round((full_mib - idle_mib) / calls, 3),
        added_latency_ms=percentiles([ms - nominal_ms for ms in findings.voice_to_voice_ms], 50, 95),
        barge_in_stop_ms=percentiles(findings.barge_in_stop_ms, 50, 95),
        calls=len(carried),
        seconds=seconds,
    ).as_object()
    late = {"vendors_late_ms": vendors["late_ms"]} if vendors else {}
    return {**report, **late, **(_manners(findings) if semantic else {})}


def _talkers(said: Repertoire, findings: Findings) -> Caller:
    return lambda call, seed: Conversation(call, said.turns, seed, findings)


def _listeners(said: Repertoire, findings: ListenersFindings) -> Caller:
    return lambda call, seed: Listener(call, said, seed, findings)


def _heard(findings: ListenersFindings, nominal_ms: float, vendors: dict[str, Any]) -> list[str]:
    return [
        f"turns answered {len(findings.voice_to_voice_ms)}, unanswered {findings.unanswered}, "
        f"talked over {findings.talked_over}, cut off {findings.cut_off}",
        f"barge-ins {len(findings.barge_in_stop_ms)}, not yielded to {findings.not_yielded}",
        f"voice to voice ms: nominal {nominal_ms:.0f}, {percentiles(findings.voice_to_voice_ms, 50, 95, 100)}",
        f"callers who only listened {findings.listened}, of whom {findings.stopped} stopped the agent for good",
        *([f"the vendors themselves: {vendors['late_ms']} ms late"] if vendors else []),
    ]


def _manners(findings: ListenersFindings) -> dict[str, object]:
    """How turns were taken: what callers waited for an answer, and who made the agent yield."""
    interrupted = len(findings.barge_in_stop_ms)
    return {
        "voice_to_voice_ms": percentiles(findings.voice_to_voice_ms, 50, 95),
        "answered": len(findings.voice_to_voice_ms),
        "cut_off": findings.cut_off,
        "interruptions": interrupted + findings.not_yielded,
        "yielded_pct": _pct(interrupted, interrupted + findings.not_yielded),
        "listened": findings.listened,
        "stopped_for_good_pct": _pct(findings.stopped, findings.listened),
    }


def _pct(some: int, of_all: int) -> float | None:
    return round(100 * some / of_all, 1) if of_all else None


@asynccontextmanager
async def _subject(
    calls: int, vendors: dict[str, Any], *, vendor_files: bool, semantic: bool
) -> AsyncIterator[Subject]:
    if not vendor_files:
        async with running(SUBJECT, "--calls", str(calls), *["--semantic"] * semantic) as subject:
            yield subject
        return
    with TemporaryDirectory() as folder:
        async with running("telephony.bench.vendor_house") as house:
            config = settings_for(Path(folder), house.ready, calls + SPARE_CALLS)
            async with running("telephony.bench.service_as_set", "--config", str(config)) as subject:
                yield subject
        vendors.update(house.at_last)


async def _in_time(seconds: float, holding: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(seconds + OVERTIME_S):
            return await holding
    except TimeoutError:
        raise SubjectError(f"the calls had not ended {OVERTIME_S:.0f} s after their time") from None


async def _hold(
    phone: Phone, subject: Subject, calls: int, seconds: float, caller: Caller
) -> tuple[list[Call], Spending, float]:
    loop = asyncio.get_running_loop()
    end_s = loop.time() + seconds
    uri = f"sip:100@127.0.0.1:{subject.ready['port']}"
    async with asyncio.TaskGroup() as tasks:
        talking = []
        for seed in range(calls):
            talking.append(tasks.create_task(_talking(phone, uri, seed, caller, tasks)))
            await asyncio.sleep(seconds * RAMP_SHARE / calls)
        up = [call for call in [await task for task in talking] if call is not None]
        await asyncio.sleep(SETTLE_S)
        meter = Meter(subject)
        await asyncio.sleep(max(0.0, end_s - loop.time()))
        spending, full_mib = meter.spending(), subject.rss_mib()
        for call in up:
            tasks.create_task(_left(call))
    return up, spending, full_mib


async def _talking(phone: Phone, uri: str, seed: int, caller: Caller, tasks: asyncio.TaskGroup) -> Call | None:
    """Place a call and let it talk; None when it was refused."""
    try:
        call = await phone.call(uri)
    except RefusedError:
        return None
    tasks.create_task(caller(call, seed).hold())
    return call


async def _left(call: Call) -> None:
    await call.hang_up()
