"""The tables of the fusion of words and sound, learned from the tuning half as it sounds and half of the human prompts.

`python -m tests.turns.fuse` prints what to write into pipeline/turn_fusion.py; it takes some minutes, and keeps what it
has heard. The held-back halves are not read. Words are judged by weights that were learned without the utterance in
question. Synthetic voices sound the same whether they have finished or not, so beside reliable words the sound weighs
as much as it may without a loss of area under the curve. What weighs how much beside doubtful words is learned
from the human prompts alone, as the embedded recogniser hears them. A caller is given so long that no more turns are
cut off while they think than TARGETS says.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.turn_fusion import PATIENCE, RELIABLE, SUREST, Patience, Weights
from pipeline.turn_words import features_of, finished
from telephony.bench.turns.corpus import LISTENING_KINDS, as_recognised, utterances
from telephony.bench.turns.figures import area_under_curve
from telephony.bench.turns.prompts import taken
from telephony.bench.turns.run import calls_of, pool
from telephony.bench.turns.scenes import wanted
from tests.drive.models import model
from tests.turns.fit import fit
from tests.turns.moments import Moment, of_prompt, of_scenes
from tests.turns.practice import Example, practice

TARGETS = {"low": 0.0075, "medium": 0.016, "auto": 0.016, "high": 0.059}
FOLDS = 3
GRID = np.arange(0.0, 4.0, 0.1).round(1).tolist()

Vector = NDArray[np.float64]
Judge = Callable[[str, str], float]


def main() -> None:
    models = model("silero_vad.onnx").parent
    folder = models.parent / "turns"
    scenes, prompts = _gathered(models, folder)
    judge = _judge_of_words()
    free = [(judge(each.words, each.language), each) for each in scenes if each.filled is None]
    sound = max(weight for weight in GRID if _lost(free, weight) <= 0)
    reliable = replace(RELIABLE, sound=sound)
    print(f"RELIABLE {reliable}\nDOUBTFUL {_from_prompts(prompts)}")
    for eagerness, patience in PATIENCE.items():
        cut = {sure: _cut(scenes, judge, reliable, replace(patience, sure=sure)) for sure in GRID}
        print(eagerness, min(sure for sure in GRID if cut[sure] <= TARGETS[eagerness]))


def _gathered(models: Path, folder: Path) -> tuple[list[Moment], list[Moment]]:
    with pool(models, folder) as workers:
        heard = workers.map(of_prompt, [each for each in taken(folder / "prompts") if each.half == "tuning"])
        played = workers.map(of_scenes, calls_of(list(wanted("tuning"))))
        return [one for call in played for one in call], [one for prompt in heard for one in prompt]


def _judge_of_words() -> Judge:
    """Judges words by weights that were learned without them."""
    turns = [each for each in utterances("tuning") if each.kind not in LISTENING_KINDS]
    fold_of = {
        (each.language, as_recognised(text)): place % FOLDS
        for place, each in enumerate(turns)
        for text in (each.text, each.whole)
    }
    learned = []
    for fold in range(FOLDS):
        others = [
            Example(each.text, each.language, each.finished)
            for place, each in enumerate(turns)
            if not each.asked and place % FOLDS != fold
        ]
        names, weights = fit([*others, *practice()])
        learned.append(dict(zip(names, weights, strict=True)))

    def judge(words: str, language: str) -> float:
        weights = learned[fold_of[language, words]]
        amounts = features_of(words, language).items()
        return float(1 / (1 + np.exp(-sum(weights.get(name, 0.0) * amount for name, amount in amounts))))

    return judge


def _lost(free: Sequence[tuple[float, Moment]], sound: float) -> float:
    """How much of the area under the curve is lost to so great a weight of the sound."""
    areas = []
    for weights in (replace(RELIABLE, sound=0.0), replace(RELIABLE, sound=sound)):
        whole, cut = (
            [weights.odds(said, each.sound) for said, each in free if each.finished == is_whole]
            for is_whole in (True, False)
        )
        areas.append(area_under_curve(whole, cut) or 0.0)
    return areas[0] - areas[1]


def _from_prompts(prompts: Sequence[Moment]) -> Weights:
    """By logistic regression, both outcomes of equal weight."""
    rows = np.array([(1.0, _log_odds(finished(each.heard or "", "en")), _log_odds(each.sound)) for each in prompts])
    whole = np.array([each.finished for each in prompts], float)
    weight = np.where(whole == 1, 1 / whole.sum(), 1 / (1 - whole).sum())
    learned = np.zeros(rows.shape[1])
    for _ in range(50):
        given = 1 / (1 + np.exp(-rows @ learned))
        slope = (rows * (weight * given * (1 - given))[:, np.newaxis]).T @ rows
        learned += np.linalg.solve(slope, rows.T @ (weight * (whole - given)))
    return Weights(*learned.round(1).tolist())


def _log_odds(probability: float) -> float:
    sure = min(max(probability, SUREST), 1 - SUREST)
    return float(np.log(sure / (1 - sure)))


def _cut(scenes: Sequence[Moment], judge: Judge, weights: Weights, patience: Patience) -> float:
    """The share of turns that would be cut off in their pause."""
    cuts = sum(
        each.pause_ms is not None and _wait_ms(each, judge, weights, patience) < each.pause_ms for each in scenes
    )
    return round(cuts / sum(each.finished for each in scenes), 3)


def _wait_ms(moment: Moment, judge: Judge, weights: Weights, patience: Patience) -> int:
    if moment.filled == 0:
        return patience.cap_ms
    if moment.filled is not None:
        return patience.share_ms(1 - moment.filled)
    return patience.wait_ms(weights.odds(judge(moment.words, moment.language), moment.sound))


if __name__ == "__main__":
    main()
