"""What a bench found, as one JSON object and as lines for people. Rule: a figure that was not measured is null.

`packets_lost` counts sequence numbers that never came, and what a stream owed at its ends; `gap_error_ms` is
|gap - 20 ms| between all packets of all calls by kernel time stamp; `calls` are those carried from answer to our BYE.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from telephony.bench.subject import Spending
from telephony.wire.call import Call
from telephony.wire.ear import NS_PER_MS
from telephony.wire.listening import gap_errors_ms, lost_packets, missing_packets, percentiles

LATE_MS = 50.0
BUSY_PCT = 25.0

Percentiles = dict[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    """The last line of a bench."""

    packets_lost: int | None
    gap_error_ms: Percentiles
    cpu_pct_per_call: float
    rss_mib_per_call: float
    added_latency_ms: Percentiles
    barge_in_stop_ms: Percentiles
    calls: int
    seconds: float

    def as_object(self) -> dict[str, object]:
        """The JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Wire:
    """What the callers' sockets saw, all calls together; `own_late_ms` and `own_dropped` are their own faults."""

    packets: int
    lost: int
    gap_error_ms: Percentiles
    own_late_ms: float
    own_dropped: int


def wire_of(calls: Sequence[Call]) -> Wire:
    """Put the ears of ended calls together."""
    gaps = [gap_errors_ms(call.ear.arrivals_ns) for call in calls]
    lost = sum(lost_packets(call.ear.sequences, call.ear.ssrcs) + _owed(call) for call in calls)
    return Wire(
        sum(len(call.ear.arrivals_ns) for call in calls),
        lost,
        percentiles(np.concatenate(gaps) if gaps else [], 50, 99, 99.9, 100),
        max((call.stream.late_ns / NS_PER_MS for call in calls), default=0.0),
        sum(call.ear.dropped for call in calls),
    )


def lines_of(wire: Wire, spending: Spending) -> list[str]:
    """The wire in words, and what to think of the figures."""
    gaps = ", ".join(f"{name} {figure}" for name, figure in wire.gap_error_ms.items())
    lines = [
        f"packets received {wire.packets}, lost {wire.lost}",
        f"gap error ms: {gaps}",
        f"the callers themselves: latest packet {wire.own_late_ms:.1f} ms late, {wire.own_dropped} unread",
        f"everything else on this machine: {spending.others:.0f} % of a core",
    ]
    if wire.own_late_ms > LATE_MS or spending.others > BUSY_PCT or wire.own_dropped:
        lines.append("NOTE: the machine was busy with other things, or the callers were held up: times are too long")
    return lines


def _owed(call: Call) -> int:
    end = call.ended.result()
    return missing_packets(call.ear.arrivals_ns, int(call.answered_ms * NS_PER_MS), int(end.at_ms * NS_PER_MS))
