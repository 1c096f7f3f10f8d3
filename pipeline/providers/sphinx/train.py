"""`python -m pipeline.providers.sphinx.train` makes narrowband.npz. Rule: from synthetic speech alone, by one seed.

Voices read words drawn from the pronouncing dictionary. Of each reading the log-mels at 16 kHz are the target, and
those at 8 kHz after G.711 and a telephone's band are the input. The hidden layer is drawn at random and the output
layer solved in closed form (an extreme learning machine; Huang, Zhu and Siew, 2006).
"""

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from pipeline.audio import alaw_decoded, alaw_encoded, ulaw_decoded, ulaw_encoded
from pipeline.providers.sphinx.frontend import (
    NARROW_MELS,
    WEIGHTS,
    WIDE_MELS,
    MelStream,
    Regressor,
    Rows,
    cosine_transform,
)
from pipeline.providers.sphinx.recogniser import dictionary_lines
from pipeline.providers.sphinx.voices import Samples, Voice, spoken_by

SEED = 20
WORDS_IN_A_LINE = 6
HIDDEN_UNITS = 300
RIDGE = 30.0
LEVEL_DBFS = (-32.0, -14.0)
VOICES = (
    "flite/rms",
    "flite/awb",
    "flite/kal16",
    *(f"espeak/en-us+{kind}" for kind in ("m1", "m3", "m7", "f1", "f4", "f5")),
    *("espeak/en-gb+m2", "espeak/en-gb-scotland+f3"),
)
Sound = NDArray[np.float64]


def lines_to_read(count: int, rng: np.random.Generator) -> list[str]:
    """Lines of words drawn from the dictionary."""
    words = [line.split(" ", 1)[0] for line in dictionary_lines()]
    plain = [word for word in words if word.isascii() and word.isalpha() and 2 < len(word) < 11]
    return [" ".join(rng.choice(plain, WORDS_IN_A_LINE)) for _ in range(count)]


def pcm16(sound: Sound) -> Samples:
    """Rounded and clipped."""
    clipped: Samples = np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)
    return clipped


def levelled(sound: Sound, dbfs: float) -> Samples:
    """The sound with its speech (what exceeds 2 % of the peak) at a level."""
    loud = np.abs(sound) > 0.02 * np.abs(sound).max()
    gain = 32_768.0 * 10.0 ** (dbfs / 20.0) / np.sqrt(np.mean(np.square(sound[loud])))
    return pcm16(sound * gain)


def telephone(wide: Samples, rng: np.random.Generator) -> Samples:
    """16 kHz -> 8 kHz as a telephone and G.711 pass it on."""
    narrow = resample_poly(wide.astype(np.float64), 1, 2)
    if rng.random() < 0.3:
        narrow = sosfilt(butter(2, rng.uniform(150.0, 300.0), "highpass", fs=8_000, output="sos"), narrow)
    pcm = pcm16(narrow).tobytes()
    heard = ulaw_decoded(ulaw_encoded(pcm)) if rng.random() < 0.5 else alaw_decoded(alaw_encoded(pcm))
    return np.frombuffer(heard, dtype="<i2")


def reading(voice: Voice, line: str, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """One reading as (20 log-mels at 8 kHz, 25 log-mels at 16 kHz)."""
    sound, rate_hz = spoken_by(voice, line)
    wide = levelled(resample_poly(sound.astype(np.float64), 16_000, rate_hz), rng.uniform(*LEVEL_DBFS))
    narrow_mels = MelStream(8_000, NARROW_MELS).feed(telephone(wide, rng))
    wide_mels = MelStream(16_000, WIDE_MELS).feed(wide)
    count = min(len(narrow_mels), len(wide_mels))
    return narrow_mels[:count], wide_mels[:count]


def fitted(narrow: Rows, wide: Rows, rng: np.random.Generator) -> Regressor:
    """The regressor of least squared error with a random hidden layer."""
    hidden = rng.normal(size=(NARROW_MELS, HIDDEN_UNITS)) / np.sqrt(NARROW_MELS) * 1.5
    bias = rng.uniform(-1.5, 1.5, HIDDEN_UNITS)
    size = HIDDEN_UNITS + NARROW_MELS + 1
    draft = Regressor(
        mean=narrow.mean(axis=0),
        scale=narrow.std(axis=0) + np.float32(1e-6),
        hidden=hidden.astype(np.float32),
        bias=bias.astype(np.float32),
        out=np.zeros((size, WIDE_MELS), dtype=np.float32),
        cepstral_mean=(wide @ cosine_transform()).mean(axis=0),
    )
    known = draft.features(narrow).astype(np.float64)
    out = np.linalg.solve(known.T @ known + RIDGE * np.eye(size), known.T @ wide)
    return Regressor(draft.mean, draft.scale, draft.hidden, draft.bias, out.astype(np.float32), draft.cepstral_mean)


def trained(lines_per_voice: int) -> Regressor:
    """Weights from every voice reading so many lines at varied pace and pitch."""
    rng = np.random.default_rng(SEED)
    readings = [
        reading(Voice(name, float(rng.uniform(0.8, 1.3)), int(rng.integers(30, 71))), line, rng)
        for name in VOICES
        for line in lines_to_read(lines_per_voice, rng)
    ]
    narrow, wide = (np.concatenate(mels) for mels in zip(*readings, strict=True))
    return fitted(narrow, wide, rng)


def main() -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=60, help="lines read by each voice")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    chosen = parser.parse_args()
    began = time.monotonic()
    regressor = trained(chosen.lines)
    np.savez_compressed(chosen.out, **{name: getattr(regressor, name) for name in Regressor.__slots__})
    print(f"{chosen.out}: {chosen.out.stat().st_size} bytes in {time.monotonic() - began:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main()
