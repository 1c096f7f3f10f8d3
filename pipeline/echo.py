"""The agent's own voice as a caller's telephone sends it back. Rule: it tells what is echo, and decides nothing.

What was played and what comes back are compared as spectra, at every delay up to LONGEST_MS. What is coherent with the
agent's voice is its echo: no caller is coherent with it. So the loudness at which each bin comes back is learnt also
while both speak, within the first tenths of a second of an echo, and on a line without echo nothing is ever learnt.

A loudspeaker that distorts and a room that reverberates add what is coherent with nothing. It follows the coherent part
in time, so an echo is held to be EXCESS times as loud as the coherence explains.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import FRAME_MS, NARROW_HZ, SAMPLE_BYTES, Frame
from pipeline.interruption import VOICE

LONGEST_MS: Final = 700
_LAGS: Final = LONGEST_MS // FRAME_MS
_FRAME: Final = NARROW_HZ * FRAME_MS // 1_000
_WINDOW: Final = 256
_BEFORE_BYTES: Final = (_WINDOW - _FRAME) * SAMPLE_BYTES
_BINS: Final = np.arange(8, 110, 4)  # 250 Hz to 3.4 kHz
_SILENCE: Final = bytes(_FRAME * SAMPLE_BYTES)
_KEPT_BYTES: Final = _BEFORE_BYTES + (_LAGS - 1) * len(_SILENCE)
_WAYS: Final = 8
"""An echo is followed on its so many strongest delays: its own, and its reverberation's."""
_SOUGHT_EVERY: Final = 5
"""Known ways are looked over in each frame of so many, unknown ones are sought in each."""
_FADES: Final = 0.985
_TELLING: Final = 1.75
"""A delay has an echo when all bins together are so many times as coherent as sounds of two speakers are by chance."""
_DIES_AWAY: Final = 0.7
_SPREADS: Final = 0.03
_EXCESS: Final = 10.0
"""An echo is seldom so many times as loud as its coherence explains."""
_SMOOTH: Final = 0.7
_HUSH: Final = 2e4
"""The power of a bin in a line's own noise."""

_Spectra = NDArray[np.complex64]
_Powers = NDArray[np.float32]


@cache
def _analysis() -> NDArray[np.float32]:
    """A window of samples -> its bins, real and imaginary parts in turn."""
    turns = np.exp(-2j * np.pi / _WINDOW * np.outer(np.arange(_WINDOW), _BINS)) * np.hanning(_WINDOW)[:, None]
    parts: NDArray[np.float32] = turns.astype(np.complex64).view(np.float32)
    return parts


class Echo:
    """One call's echo path, of which nothing is known at first. Silence on either side costs next to nothing."""

    def __init__(self) -> None:
        self._silent = _LAGS
        self._line = self._agent = bytes(_BEFORE_BYTES)  # not looked into yet, and what a window has before it
        self._sent: _Spectra = np.zeros((_LAGS - 1, len(_BINS)), dtype=np.complex64)  # the newest last
        self._path = _Path()
        self._echo: _Powers = np.zeros(len(_BINS), dtype=np.float32)
        self._foreign_power = self._power = 1.0

    def foreign(self, frame: Frame, score: float) -> float:
        """The share, 0 to 1, of what the caller's side now brings that is not the agent's own voice.

        All of it where the speech score says that nobody speaks: that is looked into only when somebody does.
        """
        self._silent = 0 if frame.agent else self._silent + 1
        if self._silent > _LAGS:
            return 1.0
        self._line += frame.narrow
        self._agent += frame.agent or _SILENCE
        if score < VOICE:
            self._line, self._agent = self._line[-_KEPT_BYTES:], self._agent[-_KEPT_BYTES:]
            return 1.0
        self._follow()
        return self._foreign_power / self._power

    def _follow(self) -> None:
        heard, sent = _spectra(self._line, self._agent)
        self._line, self._agent = self._line[-_BEFORE_BYTES:], self._agent[-_BEFORE_BYTES:]
        sent = np.concatenate([self._sent, sent])
        self._sent = sent[1 - _LAGS :]
        self._path.learn(heard, sent)
        power = _power(heard[-1])
        echo = self._path.echo(sent)
        echo += _SPREADS * echo.sum()
        self._echo = np.maximum(echo, _DIES_AWAY ** len(heard) * self._echo)
        foreign = np.maximum(power - _EXCESS * self._echo - _HUSH, 0)
        fades = _SMOOTH ** len(heard)
        self._foreign_power = fades * self._foreign_power + float(foreign.sum())
        self._power = fades * self._power + float(power.sum())


class _Path:
    """How loud each bin comes back at each delay, the longest first, as far as it is coherent with what was sent."""

    def __init__(self) -> None:
        self._cross: _Spectra = np.zeros((_LAGS, len(_BINS)), dtype=np.complex64)
        self._sent: _Powers = np.ones((_LAGS, len(_BINS)), dtype=np.float32)
        self._by_chance: _Powers = np.ones((_LAGS, len(_BINS)), dtype=np.float32)
        self._ways = np.arange(_WAYS)
        self._gains: _Powers = np.zeros((_WAYS, len(_BINS)), dtype=np.float32)
        self._known = False
        self._unsought = 0

    def learn(self, heard: _Spectra, sent: _Spectra) -> None:
        """So many ticks; `sent` reaches back from the last of them to the longest delay before the first."""
        for place, now in enumerate(heard):
            then = sent[place : place + _LAGS]
            loudness = _power(then)
            self._cross += now.conj() * then
            self._sent += loudness
            self._by_chance += _power(now) * loudness
        self._unsought += len(heard)
        if self._unsought >= _SOUGHT_EVERY or not self._known:
            self._seek()

    def _seek(self) -> None:
        coherent = _power(self._cross)
        telling = (coherent / self._by_chance).mean(axis=1)
        self._ways = ways = np.argpartition(telling, -_WAYS)[-_WAYS:]
        surely = np.maximum(coherent[ways] - self._by_chance[ways], 0) / self._sent[ways] ** 2
        told = telling[ways] >= _TELLING
        self._gains = surely * told[:, None]
        self._known = bool(told.any())
        fades = _FADES**self._unsought
        self._cross *= fades
        self._sent *= fades
        self._by_chance *= fades * fades
        self._unsought = 0

    def echo(self, sent: _Spectra) -> _Powers:
        """The power in which each bin comes back now, as far as it is known."""
        power: _Powers = (self._gains * _power(sent[-_LAGS:][self._ways])).sum(axis=0)
        return power


def _spectra(line: bytes, agent: bytes) -> tuple[_Spectra, _Spectra]:
    """Of each frame of either, together with what the window has before it."""
    count = (len(line) - _BEFORE_BYTES) // len(_SILENCE)
    shape, strides = (2, count, _WINDOW), (len(line), len(_SILENCE), SAMPLE_BYTES)
    windows = np.ndarray(shape, dtype="<i2", buffer=line + agent, strides=strides)
    spectra: _Spectra = (windows.astype(np.float32).reshape(-1, _WINDOW) @ _analysis()).view(np.complex64)
    return spectra[:count], spectra[count:]


def _power(spectra: _Spectra) -> _Powers:
    power: _Powers = spectra.real**2 + spectra.imag**2
    return power
