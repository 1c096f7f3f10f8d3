"""A caller's turn on the line: silence, speech, perhaps a pause to think and more speech, silence. Rule: seeded.

Every utterance is played in two of the four conditions, by two voices; its pause, its pace, its level, its noise and
its voice belong to it and are the same on every run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from pipeline.providers.sphinx.voices import Voice
from telephony.bench.turns.corpus import LISTENING_KINDS, Half, Utterance, as_recognised, utterances
from telephony.bench.turns.sound import (
    PER_MS,
    Noise,
    Sound,
    coloured,
    generator,
    levelled,
    over_the_telephone,
    silence,
    trimmed,
)
from telephony.bench.turns.speakers import FASTEST, SLOWEST, parts, read, voices

CLEAN = 99
CONDITIONS = (CLEAN, 20, 10, 5)
"""Noise so many dB below the speech."""
NOISES: tuple[Noise, ...] = ("pink", "white", "babble")
LEAD_MS = 2_500
"""Of the line before the caller speaks, while the agent does: voice activity learns its noise from it."""
TAIL_MS = 9_000
THINKS_MS = (400, 1_800)
LEVEL_DBFS = (-30.0, -18.0)
BABBLERS = 5
BABBLE_MS = 12_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """One playing of an utterance: in which noise, and by whom."""

    utterance: Utterance
    snr_db: int
    noise: Noise | None
    voice: str

    @property
    def line(self) -> str:
        """The condition in words."""
        return "clean" if self.noise is None else f"{self.snr_db:2} dB, {self.noise}"


@dataclass(frozen=True, slots=True)
class Scene:
    """What is on the line, PCM16 at 8 kHz. `words` are said by the ms beside them, the caller has finished at `end_ms`.

    `pause_ms` is where a pause to think begins and ends.
    """

    wanted: Wanted
    pcm: bytes
    words: tuple[tuple[str, int], ...]
    end_ms: int
    pause_ms: tuple[int, int] | None


def wanted(half: Half, every: int = 1) -> Iterator[Wanted]:
    """What is played of one half of the corpus: every so-manieth utterance."""
    turns = [each for each in utterances(half) if each.kind not in LISTENING_KINDS]
    for place, utterance in enumerate(turns[::every]):
        readers = voices(utterance.language)
        for nth, snr_db in enumerate(CONDITIONS[place % 2 :: 2]):
            noise = None if snr_db == CLEAN else NOISES[place // 2 % len(NOISES)]
            yield Wanted(utterance, snr_db, noise, readers[(place // 2 + nth) % len(readers)])


def scene(wanted: Wanted) -> Scene:
    """Have it spoken, and put on the line."""
    utterance = wanted.utterance
    rng = generator(utterance.whole, wanted.voice, str(wanted.snr_db))
    voice = Voice(wanted.voice, float(rng.uniform(SLOWEST, FASTEST)))
    said, then = (tuple(as_recognised(text).split()) for text in (utterance.text, utterance.then))
    thinks_ms = int(rng.integers(*THINKS_MS))
    sound, pause_ms = silence(LEAD_MS), None
    words: list[tuple[str, int]] = []
    for part in parts(voice, said, then, utterance.text, utterance.then):
        if words:
            pause_ms = (len(sound) // PER_MS, len(sound) // PER_MS + thinks_ms)
            sound = np.concatenate((sound, silence(thinks_ms)))
        words += [(word, len(sound) // PER_MS + end_ms) for word, end_ms in part.words]
        sound = np.concatenate((sound, part.sound))
    line = np.concatenate((levelled(sound, rng.uniform(*LEVEL_DBFS)), silence(TAIL_MS)))
    noise = None if wanted.noise is None else _noise(wanted.noise, len(line), rng)
    pcm = over_the_telephone(line, noise, wanted.snr_db, rng)
    return Scene(wanted, pcm, tuple(words), len(sound) // PER_MS, pause_ms)


def _noise(kind: Noise, samples: int, rng: np.random.Generator) -> Sound:
    if kind != "babble":
        return coloured(kind, samples, rng)
    start = rng.integers(BABBLE_MS * PER_MS)
    return np.resize(np.roll(_babble(), -start), samples)


@cache
def _babble() -> Sound:
    """A room in which several people talk, none of them to us; with an RMS of 1."""
    rng = generator("babble")
    texts = [each.text for each in utterances("tuning") if each.language == "en" and each.finished]
    talks = [_talk(voice, [str(text) for text in rng.permutation(texts)]) for voice in voices("en")[:BABBLERS]]
    room: Sound = np.sum([talk * rng.uniform(0.5, 1.0) for talk in talks], axis=0)
    room /= np.sqrt(np.mean(np.square(room)))
    return room


def _talk(voice: str, texts: Sequence[str]) -> Sound:
    """One person who talks without end."""
    said, samples = [], 0
    for text in texts:
        said.append(levelled(trimmed(read(Voice(voice), text)), -20.0))
        samples += len(said[-1])
        if samples >= BABBLE_MS * PER_MS:
            break
    return np.resize(np.concatenate(said), BABBLE_MS * PER_MS)
