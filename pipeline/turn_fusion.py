"""Words, sound and a vendor's verdict, weighed into one probability that the caller has finished, and that into a wait.

Rule: pure; every number that decides lies in the tables at the top. Probabilities add up as log-odds: each witness
moves the sum by its weight, and one that is not sure, or says nothing, moves it nowhere. The tables were learned by
`python -m tests.turns.fuse`, which says from what.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from pipeline.realtime.config import SemanticVad, ServerVad, TurnDetection
from pipeline.turn import Pause, SilenceOnly, TurnDetector, Verdict
from pipeline.turn_words import finished

VERDICTS: Final[dict[Verdict | None, float]] = {"maybe_over": 2.0, "goes_on": -2.0, "over": 0.0, None: 0.0}
SUREST: Final = 0.02
STEEP: Final = 8.0


@dataclass(frozen=True, slots=True)
class Weights:
    """What the log-odds are made of."""

    prior: float
    words: float
    sound: float

    def odds(self, said: float | None, sound: float | None) -> float:
        """That the caller has finished: what the words say of it, and what the sound, as probabilities."""
        witnesses = ((self.words, said), (self.sound, sound))
        return self.prior + sum(weight * _log_odds(says) for weight, says in witnesses if says is not None)


RELIABLE: Final = Weights(0.0, 1.0, 0.1)
DOUBTFUL: Final = Weights(1.65, 0.2, 1.1)
"""For words that are often wrong, and for none."""
UNJUDGED: Final = Weights(1.35, 0.2, 0.0)
"""For the same before anybody has judged the sound: nobody can be surer by so little."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a caller who has surely finished, for one who surely has not, and at the very most.

    Half of the time between the first two is given to who has finished with log-odds of `sure`.
    """

    least_ms: int
    most_ms: int
    cap_ms: int
    sure: float

    def wait_ms(self, odds: float) -> int:
        """For a caller who has finished with these log-odds."""
        return self.share_ms(_probability(STEEP * (self.sure - odds)))

    def share_ms(self, unfinished: float) -> int:
        """So much of the time between the least and the most."""
        return self.least_ms + int((self.most_ms - self.least_ms) * unfinished)


PATIENCE: Final[dict[Literal["low", "medium", "high", "auto"], Patience]] = {
    "low": Patience(400, 3_000, 8_000, 1.3),
    "medium": Patience(180, 2_200, 4_000, 1.05),
    "auto": Patience(180, 2_200, 4_000, 1.05),
    "high": Patience(160, 1_700, 2_000, 0.5),
}
"""By eagerness; the caps are those that OpenAI documents for it."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """Realtime's `semantic_vad`. `language` is that of the words, None when it is not known."""

    patience: Patience
    language: str | None = None

    def wait_ms(self, pause: Pause) -> int:
        """Short after words that are complete, long after a thought that is not; no wait at all for a vendor's "over".

        Where the agent waits for something, and part of it was said, that alone decides: until it is all there, more
        will come, whatever a vendor makes of a pause between two figures.
        """
        if pause.filled == 0:
            return self.patience.cap_ms
        if pause.verdict == "over":
            return 0
        if pause.filled is None:
            wait_ms = self.patience.wait_ms(self._odds(pause))
        else:
            wait_ms = self.patience.share_ms(1 - pause.filled)
        return max(wait_ms, pause.words_due_ms)

    def finished(self, pause: Pause) -> float:
        """The probability that the caller has finished."""
        return _probability(self._odds(pause))

    def _odds(self, pause: Pause) -> float:
        doubtful = UNJUDGED if pause.sound is None else DOUBTFUL
        weights = RELIABLE if pause.words and not pause.doubtful else doubtful
        said = _finished(pause.words, self.language) if pause.words else None
        return VERDICTS[pause.verdict] + weights.odds(said, pause.sound)


def detector_for(detection: TurnDetection, language: str | None) -> tuple[TurnDetector, float]:
    """Who tells when a turn is over, and from which speech score on the caller speaks."""
    match detection:
        case ServerVad(threshold=threshold, silence_duration_ms=silence_ms):
            return SilenceOnly(silence_ms), threshold
        case SemanticVad(eagerness=eagerness):
            return Fusion(PATIENCE[eagerness], language), ServerVad().threshold


_finished = lru_cache(maxsize=64)(finished)
"""A pause is looked at from several sides in a row, and its words say the same to all."""


def _log_odds(probability: float) -> float:
    sure = min(max(probability, SUREST), 1 - SUREST)
    return math.log(sure / (1 - sure))


def _probability(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
