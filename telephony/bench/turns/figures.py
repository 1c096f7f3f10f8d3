"""What came of the playings. Rule: a share says of how many; a figure that was not measured is None."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from telephony.bench.turns.playing import Outcome


@dataclass(frozen=True, slots=True)
class Played:
    """One playing of one scene: its labels, and what came of it."""

    language: str
    noise: str
    kind: str
    pauses: bool
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one detector: turns ended too early, in % of those with a pause to think and of all, and waits after others.

    A turn that never ended counts with the silence that it was given; `unended` counts them.
    """

    scenes: int
    cut_pct_of_pauses: float | None
    cut_pct: float | None
    wait_p50_ms: float | None
    wait_p90_ms: float | None
    wait_p95_ms: float | None
    unended: int


def figures_of(played: Iterable[Played], longest_ms: int) -> Figures:
    """Put them together; `longest_ms` stands for a wait without end."""
    all_of_them = list(played)
    waits_ms = [longest_ms if each.outcome.wait_ms is None else each.outcome.wait_ms for each in all_of_them]
    p50, p90, p95 = np.percentile(waits_ms, (50, 90, 95)).round().tolist() if waits_ms else (None, None, None)
    return Figures(
        scenes=len(all_of_them),
        cut_pct_of_pauses=_cut_pct([each for each in all_of_them if each.pauses]),
        cut_pct=_cut_pct(all_of_them),
        wait_p50_ms=p50,
        wait_p90_ms=p90,
        wait_p95_ms=p95,
        unended=sum(each.outcome.wait_ms is None for each in all_of_them),
    )


def _cut_pct(played: Sequence[Played]) -> float | None:
    if not played:
        return None
    return round(100 * sum(each.outcome.cut for each in played) / len(played), 1)


def grouped(played: Iterable[Played], by: Callable[[Played], str]) -> dict[str, list[Played]]:
    """Together what has the same label, in the order of the labels."""
    groups: dict[str, list[Played]] = {}
    for each in played:
        groups.setdefault(by(each), []).append(each)
    return dict(sorted(groups.items()))


def area_under_curve(finished: Sequence[float], unfinished: Sequence[float]) -> float | None:
    """How often a finished one is judged likelier to be finished than an unfinished one; a tie counts half."""
    if not finished or not unfinished:
        return None
    above = np.subtract.outer(np.asarray(finished), np.asarray(unfinished))
    return float(np.mean((above > 0) + 0.5 * (above == 0)))
