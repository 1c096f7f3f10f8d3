"""Simulated speech whose words can be told apart on a telephone. Rule: a word always sounds the same.

A word is two tones, one of 16 between 400 and 1,450 Hz and one of 16 between 1,650 and 3,300 Hz, chosen by a hash of
its letters: whoever says a part of a text, from wherever, says its words alike. So a reader can tell which words of
the text arrived, in which order, and which came twice, whatever was lost, cut or repeated on the way.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import NARROW_HZ, WIDE_HZ

LOW_HZ = tuple(400 + 70 * nth for nth in range(16))
HIGH_HZ = tuple(1_650 + 110 * nth for nth in range(16))
CODES = len(LOW_HZ) * len(HIGH_HZ)
PEAK = 6_000
GAP_MS = 30
FADE_MS = 4

WINDOW_MS = 40
HOP_MS = 10
QUIETEST = 200.0
PUREST = 0.55
SHORTEST_MS = 30

LOST, TWICE, STRANGE, FARTHER = 1.0, 1.2, 3.0, 0.02

Floats = NDArray[np.float64]


def words_of(text: str) -> list[str]:
    """What is spoken of a text: runs between white space that hold a letter or a digit."""
    return [word for word in text.split() if any(letter.isalnum() for letter in word)]


def code_of(word: str) -> int:
    """The word's own two tones, whatever its case and punctuation: 0 to CODES - 1."""
    return _hash(word) % CODES


def word_ms(word: str, speed: float = 1.0) -> int:
    """How long a word takes with the gap behind it: longer words longer, 320 ms in the middle, 20 % more or less."""
    letters = len(_bare(word))
    jitter = 0.8 + 0.4 * (_hash(word) // CODES % 1_000) / 999
    return max(100, round((160 + 34 * min(letters, 14)) * jitter / speed))


def speech(text: str, speed: float = 1.0) -> list[bytes]:
    """Each word of the text as PCM16 LE mono at 24 kHz, in order."""
    return [_sound(code_of(word), word_ms(word, speed)) for word in words_of(text)]


def heard_words(pcm_8k: bytes, text: str, *, share: float = 0.5, speed: float = 1.0) -> list[int]:
    """Which words of the text are audible in PCM16 LE at 8 kHz, in the order heard; one said twice is there twice.

    A word counts when at least `share` of its tones is heard.
    """
    words = words_of(text)
    places: dict[int, list[int]] = {}
    for place, word in enumerate(words):
        places.setdefault(code_of(word), []).append(place)
    tones_ms = [word_ms(word, speed) - GAP_MS for word in words]
    longest_ms = {code: max(tones_ms[place] for place in known) for code, known in places.items()}
    runs = [run for run in _runs(pcm_8k) if run.code in places]
    heard: list[list[int]] = []
    for run in _whole(runs, longest_ms):
        for piece_ms in _pieces(run.tone_ms, longest_ms[run.code], share):
            candidates = [place for place in places[run.code] if piece_ms >= share * tones_ms[place]]
            if candidates:
                heard.append(candidates)
    return _likeliest(heard)


@dataclass(frozen=True, slots=True)
class _Run:
    """The same two tones for a while."""

    code: int
    start_ms: float
    end_ms: float
    tone_ms: float


def _bare(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _hash(word: str) -> int:
    return zlib.crc32(_bare(word).encode())


@cache
def _sound(code: int, length_ms: int) -> bytes:
    low, high = LOW_HZ[code // len(HIGH_HZ)], HIGH_HZ[code % len(HIGH_HZ)]
    samples = (length_ms - GAP_MS) * WIDE_HZ // 1_000
    time_s = np.arange(samples) / WIDE_HZ
    tones = PEAK * (np.sin(2 * np.pi * low * time_s) + np.sin(2 * np.pi * high * time_s))
    fade = FADE_MS * WIDE_HZ // 1_000
    edge = np.minimum(np.arange(samples), np.arange(samples)[::-1]) / fade
    gap = np.zeros(GAP_MS * WIDE_HZ // 1_000)
    return np.concatenate((tones * np.clip(edge, 0, 1), gap)).astype("<i2").tobytes()


@cache
def _probes() -> tuple[Floats, NDArray[np.complex128]]:
    """A window, and the tones to look for in it."""
    size = WINDOW_MS * NARROW_HZ // 1_000
    window = np.hanning(size + 1)[:-1]
    turns = np.outer(np.arange(size) / NARROW_HZ, np.array(LOW_HZ + HIGH_HZ))
    return window, np.exp(-2j * np.pi * turns) * (window / window.sum() * 2)[:, None]


def _runs(pcm_8k: bytes) -> list[_Run]:
    """Where which two tones sound alone."""
    window, probes = _probes()
    margin = np.zeros(len(window) // 2)
    samples = np.frombuffer(pcm_8k[: len(pcm_8k) // 2 * 2], dtype="<i2").astype(np.float64)
    line = np.concatenate((margin, samples, margin))
    if len(line) < len(window):
        return []
    frames = np.lib.stride_tricks.sliding_window_view(line, len(window))[:: HOP_MS * NARROW_HZ // 1_000]
    level = np.abs(frames @ probes)
    low, high = level[:, : len(LOW_HZ)], level[:, len(LOW_HZ) :]
    code = low.argmax(axis=1) * len(HIGH_HZ) + high.argmax(axis=1)
    tones = low.max(axis=1) ** 2 + high.max(axis=1) ** 2
    # What the window lets through of two pure tones of this level, against all that is there.
    all_of_it = ((frames * window) ** 2).sum(axis=1) / (window**2).sum() * 2
    quieter = np.minimum(low.max(axis=1), high.max(axis=1))
    clear = (quieter > QUIETEST) & (tones > PUREST * all_of_it)
    return _joined(np.where(clear, code, -1), np.sqrt(tones))


def _joined(codes: NDArray[np.int64], levels: Floats) -> list[_Run]:
    """Neighbouring frames of one code; a frame counts when the tones fill more than half of it."""
    edges = np.flatnonzero(np.diff(codes)) + 1
    starts = np.concatenate(([0], edges))
    ends = np.concatenate((edges, [len(codes)]))
    runs = []
    for start, end in zip(starts, ends, strict=True):
        if codes[start] >= 0:
            level = levels[start:end]
            full = int((level >= level.max() / 2).sum())
            runs.append(_Run(int(codes[start]), float(start) * HOP_MS, float(end) * HOP_MS, float(full) * HOP_MS))
    return [run for run in runs if run.tone_ms >= SHORTEST_MS]


def _whole(runs: Sequence[_Run], longest_ms: dict[int, int]) -> list[_Run]:
    """Pieces that a pause in the playout cut a word into are one, as long as they make no more than the word."""
    whole: list[_Run] = []
    for run in runs:
        last = whole[-1] if whole else None
        if last and last.code == run.code and last.tone_ms + run.tone_ms <= 1.2 * longest_ms[run.code]:
            whole[-1] = _Run(run.code, last.start_ms, run.end_ms, last.tone_ms + run.tone_ms)
        else:
            whole.append(run)
    return whole


def _pieces(tone_ms: float, word_tone_ms: int, share: float) -> list[float]:
    """A run longer than its word holds the word again: a cut one had no gap behind it."""
    if tone_ms < (1 + share) * word_tone_ms:
        return [tone_ms]
    return [float(word_tone_ms), *_pieces(tone_ms - word_tone_ms, word_tone_ms, share)]


def _likeliest(heard: Sequence[Sequence[int]]) -> list[int]:
    """One place in the text for each thing heard, so that as little as possible was lost, repeated or strange."""
    best: dict[int, tuple[float, list[int]]] = {-1: (0.0, [])}
    for candidates in heard:
        ahead = {place: (cost + STRANGE, path) for place, (cost, path) in best.items()}
        for place in candidates:
            cost, path = min(
                ((cost + _step(before, place), path) for before, (cost, path) in best.items()), key=lambda way: way[0]
            )
            if place not in ahead or cost < ahead[place][0]:
                ahead[place] = (cost, [*path, place])
        best = ahead
    return min(best.values(), key=lambda way: way[0])[1]


def _step(before: int, place: int) -> float:
    if place == before + 1:
        return 0.0
    far = abs(place - before) * FARTHER
    return far + (LOST if place > before else TWICE)
