"""What the bench found, as figures and as lines for people. Rule: each detector stands beside silence alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.turn import Pause
from pipeline.turn_fusion import PATIENCE, Fusion
from pipeline.turn_words import finished
from telephony.bench.turns.figures import Figures, Played, area_under_curve, figures_of, grouped
from telephony.bench.turns.scenes import TAIL_MS
from telephony.bench.turns.ways import EAGERNESS, FUSED, KINDS, SILENCES_MS, WORDS, semantic, silent
from telephony.bench.turns.working import Heard

Playings = Mapping[str, Sequence[Played]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanFigures:
    """Whole prompts against cut ones: areas under the curve of the text judge, the sound judge and both together.

    The text judge has the embedded recogniser's words; `auc_spoken` is what it would reach with the words as spoken.
    """

    whole: int
    cut: int
    auc_words: float | None
    auc_sound: float | None
    auc_fused: float | None
    auc_spoken: float | None


def turn_figures(played: Playings) -> dict[str, Figures]:
    """Each semantic detector, and for each eagerness the silence whose median wait is nearest to its own."""
    silences = {silence_ms: _figures(played[silent(silence_ms).name]) for silence_ms in SILENCES_MS}
    found: dict[str, Figures] = {}
    for eagerness in EAGERNESS:
        names = [semantic(eagerness, kind, None).name for kind in KINDS]
        found |= {name: _figures(played[name]) for name in names if name in played}
        fused = found.get(names[KINDS.index(FUSED)]) or found[names[KINDS.index(WORDS)]]
        nearest_ms = min(silences, key=lambda silence_ms: _apart(silences[silence_ms], fused))
        found[f"{eagerness}, {silent(nearest_ms).name}"] = silences[nearest_ms]
    return found


def _figures(played: Sequence[Played]) -> Figures:
    return figures_of(played, TAIL_MS)


def _apart(one: Figures, other: Figures) -> float:
    return abs((one.wait_p50_ms or 0) - (other.wait_p50_ms or 0))


def human_figures(heard: Sequence[Heard]) -> HumanFigures:
    """How well each judge tells them apart."""

    def auc(judged: Callable[[Heard], float | None]) -> float | None:
        both = [[judged(each) for each in heard if each.whole == whole] for whole in (True, False)]
        whole, cut = ([given for given in judgements if given is not None] for judgements in both)
        area = area_under_curve(whole, cut)
        return None if area is None else round(area, 3)

    fusion = Fusion(PATIENCE["medium"], "en")
    return HumanFigures(
        whole=sum(each.whole for each in heard),
        cut=sum(not each.whole for each in heard),
        auc_words=auc(lambda each: finished(each.words, "en")),
        auc_sound=auc(lambda each: each.sound),
        auc_fused=auc(lambda each: fusion.finished(Pause(200, 1_000, each.words, each.sound, doubtful=True))),
        auc_spoken=auc(lambda each: finished(each.spoken, "en")),
    )


def lines_of(played: Playings, detectors: Mapping[str, Figures], human: HumanFigures) -> Iterator[str]:
    """The tables for people."""
    yield from _table("eagerness, detector", detectors)
    fused = next(played[name] for kind in (FUSED, WORDS) if (name := semantic("medium", kind, None).name) in played)
    for label, by in LABELS.items():
        yield ""
        yield from _table(f"medium, by {label}", {of: _figures(some) for of, some in grouped(fused, by).items()})
    yield ""
    yield f"human speech: {human.whole} whole prompts against {human.cut} cut ones, area under the curve:"
    yield f"  words as recognised {human.auc_words}, as spoken {human.auc_spoken}"
    yield f"  sound {human.auc_sound}, both together {human.auc_fused}"


LABELS: Mapping[str, Callable[[Played], str]] = {
    "language": lambda each: each.language,
    "noise": lambda each: each.noise,
    "kind": lambda each: f"{each.kind}{', goes on' if each.pauses else ''}",
}


def _table(title: str, rows: Mapping[str, Figures]) -> Iterator[str]:
    yield f"| {title} | scenes | cut off, % of pauses | of all | wait p50 ms | p90 | p95 | never ended |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, row in rows.items():
        cells = (row.scenes, row.cut_pct_of_pauses, row.cut_pct, row.wait_p50_ms, row.wait_p90_ms, row.wait_p95_ms)
        yield f"| {name} | {' | '.join('' if cell is None else f'{cell:g}' for cell in cells)} | {row.unended} |"
