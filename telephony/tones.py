"""Keys heard as the tones they make (ITU-T Q.23), for trunks that report them by no other means. Rule: pure, and cheap.

Each 20 ms is looked at twice, half a frame apart: a key is one tone of each group with little else beside them, for
40 ms. Speech has its harmonics beside any two of them.
"""

from typing import Final

import numpy as np

from pipeline.audio import FRAME_MS, NARROW_HZ, SAMPLE_BYTES, bytes_of

ROWS_HZ: Final = (697, 770, 852, 941)
COLUMNS_HZ: Final = (1_209, 1_336, 1_477, 1_633)
_KEYS: Final = "123A456B789C*0#D"
_SAMPLES: Final = bytes_of(FRAME_MS, NARROW_HZ) // SAMPLE_BYTES
_HALF: Final = _SAMPLES // 2
_LOUD_ENOUGH: Final = 100.0**2  # mean square; some -50 dBFS
_BOTH: Final = 0.65  # share of the power that the two tones have
_EACH: Final = 0.06  # the weaker one's
_LEAST_LOOKS: Final = 3
_GONE_LOOKS: Final = 2


Matrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]

# A window with a broad top: phones are out of tune by up to 1.8 % (ITU-T Q.24).
_WINDOW: Final = np.hanning(_SAMPLES + 2)[1:-1].astype(np.float32)
_ANGLES: Final = 2 * np.pi * np.outer(np.arange(_SAMPLES), [*ROWS_HZ, *COLUMNS_HZ]) / NARROW_HZ
_WAVES: Final = np.hstack((np.cos(_ANGLES), np.sin(_ANGLES))).astype(np.float32) * 2 / _WINDOW.sum()
_WEIGHT: Final = float((_WINDOW**2).sum())


class ToneKeys:
    """Listens to one caller."""

    def __init__(self) -> None:
        self._sound = np.zeros(_HALF + _SAMPLES, np.float32)
        self._looked_at = np.lib.stride_tricks.sliding_window_view(self._sound, _SAMPLES)[::_HALF]
        self._seen: str | None = None
        self._looks = 0
        self._told: str | None = None
        self._gone = 0

    def hear(self, narrow: bytes) -> str | None:
        """One frame, PCM16 at 8 kHz; the key that is recognised with it, once for each press."""
        sound = self._sound
        sound[:_HALF] = sound[_SAMPLES:]
        sound[_HALF:] = np.frombuffer(narrow, "<i2")
        told = None
        for key in _keys(self._looked_at) if sound.dot(sound) >= _LOUD_ENOUGH * _HALF else (None, None):
            told = self._look(key) or told
        return told

    def _look(self, key: str | None) -> str | None:
        self._looks = self._looks + 1 if key == self._seen else 1
        self._seen = key
        if self._told is not None:
            self._gone = 0 if key == self._told else self._gone + 1
            if self._gone >= _GONE_LOOKS:
                self._told, self._gone = None, 0
        if key is None or key == self._told or self._looks < _LEAST_LOOKS:
            return None
        self._told, self._gone = key, 0
        return key


def _keys(looked_at: Matrix) -> list[str | None]:
    windowed = looked_at * _WINDOW
    power = (np.einsum("ij,ij->i", windowed, windowed) / _WEIGHT).tolist()
    waves = windowed @ _WAVES
    tones = ((waves[:, :8] ** 2 + waves[:, 8:] ** 2) / 2).tolist()
    return [_key(rows_and_columns, all_of_it) for rows_and_columns, all_of_it in zip(tones, power, strict=True)]


def _key(tones: list[float], power: float) -> str | None:
    row, column = max(tones[:4]), max(tones[4:])
    if power < _LOUD_ENOUGH or row + column < _BOTH * power or min(row, column) < _EACH * power:
        return None
    return _KEYS[4 * tones.index(row, 0, 4) + tones.index(column, 4) - 4]
