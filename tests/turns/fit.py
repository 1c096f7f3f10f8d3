"""The weights of the judge of words, learned from the tuning half and from practice; the held-back half is not read.

`python -m tests.turns.fit` writes pipeline/turn_words/weights.txt anew: logistic regression with a quadratic penalty,
both outcomes of equal weight in each language.
"""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from pipeline.turn_words import WEIGHTS, features_of
from telephony.bench.turns.corpus import LISTENING_KINDS, as_recognised, utterances
from tests.turns.practice import Example, practice

PENALTY = 3.0
RAREST = 6
SMALLEST = 0.02

Vector = NDArray[np.float64]


def main() -> None:
    names, weights = fit(list(learned()))
    lines = sorted(
        f"{name}\t{weight:.2f}" for name, weight in zip(names, weights, strict=True) if abs(weight) > SMALLEST
    )
    WEIGHTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def learned() -> Iterator[Example]:
    """Everything that may be learned from."""
    for each in utterances("tuning"):
        if not each.asked and each.kind not in LISTENING_KINDS:
            yield Example(each.text, each.language, each.finished)
    yield from practice()


def fit(examples: list[Example]) -> tuple[list[str], Vector]:
    """The features that occur often enough, and their weights."""
    rows = [
        (each, each.weight * weight, features_of(text, each.language))
        for each in examples
        for text, weight in _ways(each)
    ]
    counts = Counter(name for each in examples for name in features_of(as_recognised(each.text), each.language))
    names = sorted(name for name, count in counts.items() if count >= RAREST)
    names += sorted({name for _, _, found in rows for name in found if name.startswith("mark ")} - set(names))
    place = {name: at for at, name in enumerate(names)}
    cells = [
        (amount, row, place[name])
        for row, (_, _, found) in enumerate(rows)
        for name, amount in found.items()
        if name in place
    ]
    amounts, at, names_at = zip(*cells, strict=True)
    matrix = csr_matrix((amounts, (at, names_at)), shape=(len(rows), len(names)))
    finished = np.array([each.finished for each, _, _ in rows], float)
    return names, _regression(matrix, finished, _balanced(rows))


def _ways(each: Example) -> Iterator[tuple[str, float]]:
    """The ways a recogniser may write it, with the weight of each: bare, as written, and with what marks it likes."""
    yield as_recognised(each.text), 1.0
    plain = re.sub(r"[ ,.?!]+$", "", each.text)
    if each.finished:
        yield from ((each.text, 0.5), (plain, 0.3), (f"{plain}.", 0.2))
    else:
        yield from ((plain, 0.4), (f"{plain}.", 0.3), (f"{plain}...", 0.15), (f"{plain},", 0.15))


def _balanced(rows: list[tuple[Example, float, dict[str, float]]]) -> Vector:
    sums: Counter[tuple[str, bool]] = Counter()
    for each, weight, _ in rows:
        sums[each.language, each.finished] += weight  # type: ignore[assignment]
    return np.array(
        [
            weight if each.finished else weight * sums[each.language, True] / sums[each.language, False]
            for each, weight, _ in rows
        ]
    )


def _regression(matrix: csr_matrix, finished: Vector, weight: Vector) -> Vector:
    def loss(weights: Vector) -> tuple[float, Vector]:
        margin = matrix @ weights
        error = 1 / (1 + np.exp(-margin)) - finished
        value = weight @ np.logaddexp(0, margin * (1 - 2 * finished)) + PENALTY * (weights @ weights) / 2
        return float(value), matrix.T @ (weight * error) + PENALTY * weights

    return np.asarray(minimize(loss, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B").x)


if __name__ == "__main__":
    main()
