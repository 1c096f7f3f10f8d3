"""What a received stream tells: who spoke when, what was lost, how even it came. Rule: arrival times come as arguments.

An agent's talk is a run of audible packets whose pauses are shorter than the hangover. Loss is counted by sequence
number within one source; a stream that falls silent before its call ends, or never begins, is loss too. The gap error
is |gap - 20 ms| between packets in the order they came, so a lost packet is also a gap error of 20 ms.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telephony.wire.rtp import PACKET_MS
from telephony.wire.speech import AUDIBLE_LEVEL

HANGOVER_MS = 250.0
NS_PER_MS = 1_000_000
HALF_SEQUENCE = 0x8000


@dataclass(frozen=True, slots=True)
class Talk:
    """One run of speech: arrival of its first and last audible packet."""

    first_ms: float
    last_ms: float


class TalkSpotter:
    """Turns packets, as they arrive, into talks."""

    def __init__(self, hangover_ms: float = HANGOVER_MS) -> None:
        self._hangover_ms = hangover_ms
        self.talks: list[Talk] = []

    def hear(self, arrival_ms: float, level: int) -> None:
        """One packet; level as in telephony.wire.speech.level_of."""
        if level < AUDIBLE_LEVEL:
            return
        if self.speaking(arrival_ms):
            self.talks[-1] = Talk(self.talks[-1].first_ms, arrival_ms)
        else:
            self.talks.append(Talk(arrival_ms, arrival_ms))

    def speaking(self, at_ms: float) -> bool:
        """True from a talk's first audible packet until the hangover after its last."""
        return bool(self.talks) and at_ms - self.talks[-1].last_ms <= self._hangover_ms

    def silent_ms(self, at_ms: float, since_ms: float) -> float:
        """How long nothing audible has come, counted from `since_ms` when that is later."""
        heard_ms = self.talks[-1].last_ms if self.talks else since_ms
        return at_ms - max(heard_ms, since_ms)


def first_audible(talks: Iterable[Talk], after_ms: float) -> float | None:
    """When the first talk that began after this moment began; None when there is none."""
    return next((talk.first_ms for talk in talks if talk.first_ms >= after_ms), None)


def last_audible(talks: Iterable[Talk], at_ms: float) -> float | None:
    """When the talk that was going on at this moment ended; None when nobody spoke."""
    return next((talk.last_ms for talk in talks if talk.first_ms <= at_ms <= talk.last_ms), None)


def lost_packets(sequences: Sequence[int], ssrcs: Sequence[int]) -> int:
    """Sequence numbers that never came, between the first and the last of each source."""
    heard: dict[int, set[int]] = {}
    newest: dict[int, int] = {}
    for sequence, ssrc in zip(sequences, ssrcs, strict=True):
        before = newest.setdefault(ssrc, sequence)
        step = (sequence - before + HALF_SEQUENCE) % (2 * HALF_SEQUENCE) - HALF_SEQUENCE
        heard.setdefault(ssrc, set()).add(before + step)
        newest[ssrc] = max(before, before + step)
    return sum(max(numbers) - min(numbers) + 1 - len(numbers) for numbers in heard.values())


def missing_packets(arrivals_ns: Sequence[int], begin_ns: int, end_ns: int, grace_ms: int = 500) -> int:
    """Packets that a stream owes at its ends: it should begin and stop within the grace of its call."""
    first, last = (arrivals_ns[0], arrivals_ns[-1]) if len(arrivals_ns) else (end_ns, end_ns)
    owed_ms = [(first - begin_ns) // NS_PER_MS, (end_ns - last) // NS_PER_MS]
    return sum(owed // PACKET_MS for owed in owed_ms if owed > grace_ms)


def gap_errors_ms(arrivals_ns: Sequence[int]) -> NDArray[np.float64]:
    """|gap - 20 ms| of one stream."""
    times = np.asarray(arrivals_ns, dtype=np.int64)
    return np.abs(np.diff(times) / NS_PER_MS - PACKET_MS)


def percentiles(figures: Sequence[float] | NDArray[np.float64], *ranks: float) -> dict[str, float | None]:
    """`{"p50": ..., "p99_9": ..., "max": ...}`; rank 100 is `max`; None for each when there are no figures."""
    names = ["max" if rank == 100 else f"p{rank:g}".replace(".", "_") for rank in ranks]
    if not len(figures):
        return dict.fromkeys(names)
    found = np.percentile(np.asarray(figures, dtype=np.float64), ranks)
    return {name: round(float(figure), 3) for name, figure in zip(names, found, strict=True)}
