"""`offhook bench realtime`: WebSocket sessions against simulated providers. Rule: figures are the applications' own.

The process under test runs the control API with everything behind it but the vendors; the applications speak real
synthesised speech in real time (`telephony.bench.client`). What the cascade adds is told as in `telephony.bench.calls`,
CPU and memory too, per session; what RTP would tell is not measured.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import TextIO

from pipeline.providers.embedded_tts import EmbeddedVoice
from telephony.bench.calls import RAMP_SHARE, SETTLE_S, SUBJECT
from telephony.bench.client import Client, Line, line_of
from telephony.bench.conversation import Findings
from telephony.bench.lines import TURNS
from telephony.bench.report import BUSY_PCT, LATE_MS, BenchReport
from telephony.bench.subject import Meter, Spending, Subject, SubjectError, running
from telephony.wire.listening import percentiles


async def run_realtime(sessions: int, seconds: float, stream: TextIO) -> dict[str, object]:
    """Measure so many concurrent conversations for so long (the ramp included); progress goes to the stream."""
    with EmbeddedVoice() as voice:
        lines = [await _line(voice, line.speaker, line.text) for line in TURNS]
    findings = Findings()
    async with running(SUBJECT, "--calls", str(sessions)) as subject:
        idle_mib = subject.rss_mib()
        clients, spending, full_mib = await _hold(subject, sessions, seconds, lines, findings)
    nominal_ms = float(subject.ready["nominal_ms"])
    added_ms = [ms - nominal_ms for ms in findings.voice_to_voice_ms]
    up = sum(client.up.is_set() for client in clients)
    late_ms = max(client.late_ms for client in clients)
    told = [
        f"{up} of {sessions} sessions connected",
        f"turns answered {len(added_ms)}, unanswered {findings.unanswered}, talked over {findings.talked_over}",
        f"barge-ins {len(findings.barge_in_stop_ms)}, not yielded to {findings.not_yielded}",
        f"voice to voice ms: nominal {nominal_ms:.0f}, {percentiles(findings.voice_to_voice_ms, 50, 95, 100)}",
        f"the applications themselves: latest frame {late_ms:.1f} ms late",
        f"everything else on this machine: {spending.others:.0f} % of a core",
        f"under test: {spending.total:.1f} % of one core, {idle_mib:.0f} MiB idle, {full_mib:.0f} MiB in sessions",
    ]
    if late_ms > LATE_MS or spending.others > BUSY_PCT:
        told.append(
            "NOTE: the machine was busy with other things, or the applications were held up: times are too long"
        )
    stream.writelines(f"{line}\n" for line in told)
    if not added_ms:
        raise SubjectError("not one turn was answered")
    return BenchReport(
        packets_lost=None,
        gap_error_ms=percentiles([], 50, 99, 99.9, 100),
        cpu_pct_per_call=round(spending.total / sessions, 4),
        rss_mib_per_call=round((full_mib - idle_mib) / sessions, 3),
        added_latency_ms=percentiles(added_ms, 50, 95),
        barge_in_stop_ms=percentiles(findings.barge_in_stop_ms, 50, 95),
        calls=up,
        seconds=seconds,
    ).as_object()


async def _hold(
    subject: Subject, sessions: int, seconds: float, lines: Sequence[Line], findings: Findings
) -> tuple[list[Client], Spending, float]:
    loop = asyncio.get_running_loop()
    end_s = loop.time() + seconds
    url = f"{subject.ready['url'].replace('http', 'ws', 1)}/v1/realtime?model=simulated"
    clients = [Client(url, lines, seed, findings) for seed in range(sessions)]
    async with asyncio.TaskGroup() as tasks:
        talking = []
        for client in clients:
            talking.append(tasks.create_task(client.hold()))
            await asyncio.sleep(seconds * RAMP_SHARE / sessions)
        await asyncio.sleep(SETTLE_S)
        meter = Meter(subject)
        await asyncio.sleep(max(0.0, end_s - loop.time()))
        spending, full_mib = meter.spending(), subject.rss_mib()
        for task in talking:
            task.cancel()
    return clients, spending, full_mib


async def _line(voice: EmbeddedVoice, speaker: str, text: str) -> Line:
    async with aclosing(voice.speak(text, speaker, 1.0)) as chunks:
        return line_of(b"".join([chunk async for chunk in chunks]))
