"""The detectors that are measured, and what each is told. Rule: nothing here is measured against anything."""

from collections.abc import Mapping
from functools import partial
from typing import Literal

from pipeline.realtime.config import SemanticVad
from pipeline.turn import SilenceOnly, TurnDetector
from pipeline.turn_fusion import detector_for
from telephony.bench.turns.playing import RECOGNISED_AFTER_MS, Way, WordsFrom

Eagerness = Literal["low", "medium", "high", "auto"]
EAGERNESS: tuple[Eagerness, ...] = ("low", "medium", "high", "auto")
VENDOR_WORDS_AFTER_MS = 250
"""Vendors' partial transcripts come 200 to 300 ms after the words."""
SILENCES_MS = (*range(100, 1_000, 20), *range(1_000, 2_001, 100))

FUSED = "words and sound"
FUSED_LATE = "words late, and sound"
FUSED_HEARD = "words heard, and sound"
WORDS = "words"
WORDS_LATE = "words late"
SOUND = "sound"
WORDS_OF: Mapping[str, WordsFrom] = {FUSED_HEARD: "recogniser", SOUND: "none"}
KINDS = (FUSED, FUSED_LATE, FUSED_HEARD, WORDS, WORDS_LATE, SOUND)


def semantic(eagerness: Eagerness, kind: str, judged_after_ms: int | None) -> Way:
    """One kind of `semantic_vad`."""
    name, detector = f"{eagerness}, {kind}", partial(_detector, eagerness)
    late_ms = VENDOR_WORDS_AFTER_MS if kind in (FUSED_LATE, WORDS_LATE) else RECOGNISED_AFTER_MS
    judged = None if kind in (WORDS, WORDS_LATE) else judged_after_ms
    return Way(name, detector, WORDS_OF.get(kind, "reference"), late_ms, judged)


def silent(silence_ms: int) -> Way:
    """`server_vad`."""
    return Way(f"silence of {silence_ms} ms", partial(_silence, silence_ms))


def ways(judged_after_ms: int | None) -> list[Way]:
    """All of them; `judged_after_ms` is None without a sound judge."""
    kinds = [kind for kind in KINDS if judged_after_ms is not None or kind in (WORDS, WORDS_LATE)]
    fused = [semantic(eagerness, kind, judged_after_ms) for eagerness in EAGERNESS for kind in kinds]
    return fused + [silent(silence_ms) for silence_ms in SILENCES_MS]


def _detector(eagerness: Eagerness, language: str) -> TurnDetector:
    return detector_for(SemanticVad(eagerness=eagerness), language)[0]


def _silence(silence_ms: int, language: str) -> TurnDetector:
    return SilenceOnly(silence_ms)
