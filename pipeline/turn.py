"""Endpointing: speech scores -> where a caller's turn begins and ends. Rule: it never decides who may speak.

Silence alone decides here, as in Realtime's `server_vad`. A detector that also weighs words and sound takes the same
inputs and gives the same edges.
"""

from dataclasses import dataclass
from typing import Literal

from pipeline.realtime.config import SemanticVad, ServerVad, TurnDetection

ONSET_MS = 60
RELEASE = 0.15
LEAST_RELEASE = 0.01

_SILENCE_BY_EAGERNESS_MS = {"low": 900, "medium": 500, "high": 300, "auto": 500}


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The caller speaks; `at_ms` is where the speech itself began."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The caller finished: speech ended at `speech_end_ms`, which was known at `at_ms`."""

    at_ms: int
    speech_end_ms: int
    speech_ms: int


Edge = SpeechBegan | TurnEnded


class Endpointer:
    """Follows one caller. Speech shorter than ONSET_MS is a false start; a release margin keeps it from flickering."""

    def __init__(self, detection: TurnDetection, line_delay_ms: int = 0) -> None:
        """`line_delay_ms` is how old caller audio is when it arrives: its silence has lasted that much longer."""
        self.change(detection)
        self._line_delay_ms = line_delay_ms
        self.speaking = False
        self._began_ms = 0
        self._voiced_ms = 0
        self._last_voice_ms = 0
        self._over = False

    def change(self, detection: TurnDetection) -> None:
        """Take new settings from the next frame on; an open utterance stays open."""
        self.threshold, self.silence_ms = _limits(detection)
        self._semantic = isinstance(detection, SemanticVad)

    def hear(self, score: float, end_ms: int, frame_ms: int) -> Edge | None:
        """One frame that ends at `end_ms` of caller audio."""
        if self.speaking:
            return self._in_speech(score, end_ms, frame_ms)
        if score < self.threshold:
            self._voiced_ms = 0
            return None
        if not self._voiced_ms:
            self._began_ms = end_ms - frame_ms
        self._voiced_ms += frame_ms
        self._last_voice_ms = end_ms
        if self._voiced_ms < ONSET_MS:
            return None
        self.speaking = True
        return SpeechBegan(self._began_ms)

    def judged(self, verdict: Literal["maybe_over", "goes_on", "over"]) -> None:
        """A recogniser that judges turns itself says so; `semantic_vad` believes it once the caller is silent."""
        if self.speaking and self._semantic:
            self._over = verdict == "over"

    def stop(self, at_ms: int) -> TurnEnded | None:
        """End an open utterance here."""
        if not self.speaking:
            return None
        ended = TurnEnded(at_ms, self._last_voice_ms, self._voiced_ms)
        self.speaking = self._over = False
        self._voiced_ms = 0
        return ended

    def _in_speech(self, score: float, end_ms: int, frame_ms: int) -> Edge | None:
        if score >= max(self.threshold - RELEASE, LEAST_RELEASE):
            self._last_voice_ms = end_ms
            self._voiced_ms += frame_ms
            self._over = False
            return None
        if not self._over and end_ms + self._line_delay_ms - self._last_voice_ms < self.silence_ms:
            return None
        return self.stop(end_ms)


def _limits(detection: TurnDetection) -> tuple[float, int]:
    match detection:
        case ServerVad(threshold=threshold, silence_duration_ms=silence_ms):
            return threshold, silence_ms
        case SemanticVad(eagerness=eagerness):
            return ServerVad().threshold, _SILENCE_BY_EAGERNESS_MS[eagerness]
