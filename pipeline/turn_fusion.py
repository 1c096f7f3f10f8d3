"""Words, sound and a vendor's verdict, weighed into one probability that the caller has finished, and that into a wait.

Rule: pure; every number that decides lies in the tables at the top. Probabilities add up as log-odds: each witness
moves the sum by its weight, and one that is not sure, or says nothing, moves it nowhere.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from pipeline.realtime.config import SemanticVad, ServerVad, TurnDetection
from pipeline.turn import Pause, SilenceOnly, TurnDetector, Verdict
from pipeline.turn_words import finished

PRIOR: Final = 0.5
WORDS_WEIGHT: Final = 1.0
SOUND_WEIGHT: Final = 0.6
VERDICTS: Final[dict[Verdict | None, float]] = {"maybe_over": 2.0, "goes_on": -2.0, "over": 0.0, None: 0.0}
OPEN: Final = (0.1, 0.95)
"""Between these the words leave it open; beyond them nobody listens to the sound."""
SUREST: Final = 0.02
BEND: Final = 1.5


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a caller who has surely finished, for one who surely has not, and at the very most."""

    least_ms: int
    most_ms: int
    cap_ms: int


PATIENCE: Final[dict[Literal["low", "medium", "high", "auto"], Patience]] = {
    "low": Patience(300, 3_000, 8_000),
    "medium": Patience(200, 2_200, 4_000),
    "auto": Patience(200, 2_200, 4_000),
    "high": Patience(160, 1_500, 2_000),
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
        unfinished = 1 - (self.finished(pause) if pause.filled is None else pause.filled)
        span_ms = self.patience.most_ms - self.patience.least_ms
        wait_ms = self.patience.least_ms + int(span_ms * math.pow(unfinished, BEND))
        return max(wait_ms, pause.words_due_ms)

    def finished(self, pause: Pause) -> float:
        """The probability that the caller has finished."""
        said = _finished(pause.words, self.language) if pause.words else None
        odds = PRIOR + VERDICTS[pause.verdict]
        if said is not None:
            odds += WORDS_WEIGHT * _log_odds(said)
        if pause.sound is not None and (said is None or OPEN[0] < said < OPEN[1]):
            odds += SOUND_WEIGHT * _log_odds(pause.sound)
        return 1 / (1 + math.exp(-odds))


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
