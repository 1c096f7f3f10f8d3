"""Embedded voices that read the corpus. Rule: who goes on sounds like it, as far as a voice can.

What a caller says after a pause to think is read together with what came before it, with a comma between them, and
taken apart in the voice's own pause: so the voice neither falls nor breaks off where the caller stops to think.
"""

import shutil
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.signal import resample_poly

from pipeline.audio import NARROW_HZ
from pipeline.providers.embedded_tts import speakable
from pipeline.providers.sphinx.voices import Voice, spoken_by
from telephony.bench.turns.sound import PER_MS, STEP, Sound, audible, silences_ms, trimmed

ENGLISH = ("flite/rms", "flite/slt", "flite/kal16", "flite/awb")
BY_LANGUAGE = {
    "en": ("espeak/en-us+m3", "espeak/en-gb+f2"),
    "de": ("espeak/de+m3", "espeak/de+f2"),
    "es": ("espeak/es-419+m3", "espeak/es+f2"),
    "fr": ("espeak/fr+m3", "espeak/fr+f2"),
}
SLOWEST, FASTEST = 0.9, 1.15
LEAST_GAP_MS = 30
FARTHEST_MS = 150


@dataclass(frozen=True, slots=True)
class Part:
    """Speech without silence around it, and when each of its words has been said, in ms from its beginning."""

    sound: Sound
    words: tuple[tuple[str, int], ...]

    @property
    def ms(self) -> int:
        """How long it lasts."""
        return len(self.sound) // PER_MS


@cache
def has_espeak() -> bool:
    """Whether the machine has espeak-ng, which alone knows other languages than English."""
    return shutil.which("espeak-ng") is not None


def voices(language: str) -> tuple[str, ...]:
    """Who reads this language here."""
    foreign = BY_LANGUAGE[language] if has_espeak() else ()
    return ENGLISH + foreign if language == "en" else foreign or ENGLISH


def read(voice: Voice, text: str) -> Sound:
    """The voice's reading, at 8 kHz, without silence around it."""
    samples, rate_hz = spoken_by(voice, speakable(text) if voice.name.startswith("flite") else text)
    divisor = int(np.gcd(NARROW_HZ, rate_hz))
    narrow: Sound = resample_poly(samples.astype(np.float64), NARROW_HZ // divisor, rate_hz // divisor)
    return trimmed(narrow)


def parts(voice: Voice, said: tuple[str, ...], then: tuple[str, ...], text: str, rest: str) -> tuple[Part, ...]:
    """A caller's turn as parts with a pause between them: `said` are the words of `text`, `then` those of `rest`."""
    if not rest:
        return (timed(read(voice, text), said),)
    begun = f"{text.rstrip(' .,…')},"
    whole = read(voice, f"{begun} {rest}")
    expected_ms = len(read(voice, begun)) // PER_MS
    begin_ms, end_ms = min(silences_ms(whole, LEAST_GAP_MS), key=lambda gap: abs(gap[0] - expected_ms), default=(0, 0))
    if abs(begin_ms - expected_ms) > FARTHEST_MS:
        return (timed(read(voice, begun), said), timed(read(voice, rest), then))
    return (timed(whole[: begin_ms * PER_MS], said), timed(whole[end_ms * PER_MS :], then))


def timed(sound: Sound, words: tuple[str, ...]) -> Part:
    """The words share the audible time by their letters."""
    sounding = np.cumsum(audible(sound))
    letters = np.cumsum([len(word) + 1 for word in words])
    ends = np.searchsorted(sounding, sounding[-1] * letters / letters[-1]) + 1 if len(sounding) else letters * 0
    return Part(sound, tuple((word, int(end) * STEP // PER_MS) for word, end in zip(words, ends, strict=True)))
