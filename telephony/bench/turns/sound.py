"""Speech as a telephone carries it: levels, noise, G.711. Rule: pure functions of samples and a seeded generator.

Samples are float64 in steps of PCM16, at 8 kHz.
"""

import hashlib
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import NARROW_HZ, ulaw_decoded, ulaw_encoded

Sound = NDArray[np.float64]
Noise = Literal["pink", "white", "babble"]

STEP_MS = 10
STEP = NARROW_HZ * STEP_MS // 1_000
PER_MS = NARROW_HZ // 1_000
AUDIBLE_DB = -38.0
"""Re the loudest 10 ms: below it speech is silent."""
LINE_NOISE_RMS = 3.0


def generator(*of: str) -> np.random.Generator:
    """The random generator that belongs to these words: the same on every run and machine."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256("|".join(of).encode()).digest()[:8], "big"))


def audible(sound: Sound) -> NDArray[np.bool_]:
    """For each 10 ms, whether anything is to be heard."""
    steps = sound[: len(sound) // STEP * STEP].reshape(-1, STEP)
    levels = np.sqrt(np.mean(np.square(steps), axis=1))
    loud: NDArray[np.bool_] = levels > max(1.0, levels.max(initial=0.0) * 10 ** (AUDIBLE_DB / 20))
    return loud


def trimmed(sound: Sound) -> Sound:
    """Without the silence around it."""
    loud = np.flatnonzero(audible(sound))
    return sound[loud[0] * STEP : (loud[-1] + 1) * STEP] if len(loud) else sound[:0]


def silences_ms(sound: Sound, least_ms: int) -> list[tuple[int, int]]:
    """Where speech is silent inside, for so long at least: begin and end of each."""
    loud = np.flatnonzero(audible(sound))
    gaps = [(int(a + 1) * STEP_MS, int(b) * STEP_MS) for a, b in pairwise(loud) if b > a + 1]
    return [(begin, end) for begin, end in gaps if end - begin >= least_ms]


def silence(ms: int) -> Sound:
    """Nothing, for so long."""
    return np.zeros(ms * PER_MS)


def speech_rms(sound: Sound) -> float:
    """The level of what is audible of it."""
    loud = np.repeat(audible(sound), STEP)
    return float(np.sqrt(np.mean(np.square(sound[: len(loud)][loud]))))


def levelled(sound: Sound, dbfs: float) -> Sound:
    """The same with its speech at this level."""
    return sound * (32_768 * 10 ** (dbfs / 20) / speech_rms(sound))


def coloured(kind: Literal["pink", "white"], samples: int, rng: np.random.Generator) -> Sound:
    """Noise with an RMS of 1."""
    spectrum = np.fft.rfft(rng.normal(size=samples))
    if kind == "pink":
        spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    noise: Sound = np.fft.irfft(spectrum, samples)
    noise /= np.sqrt(np.mean(np.square(noise)))
    return noise


def over_the_telephone(sound: Sound, noise: Sound | None, snr_db: float, rng: np.random.Generator) -> bytes:
    """PCM16 after G.711, with noise (of RMS 1) so far below the speech, and a line that is never quite silent."""
    heard = sound + rng.normal(size=len(sound)) * LINE_NOISE_RMS
    if noise is not None:
        heard = heard + noise * (speech_rms(sound) * 10 ** (-snr_db / 20))
    return ulaw_decoded(ulaw_encoded(np.clip(np.rint(heard), -32_768, 32_767).astype("<i2").tobytes()))
