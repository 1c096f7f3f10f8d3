"""The agent's own voice as a caller's telephone sends it back. Rule: it tells what is echo, and decides nothing.

What was played and what comes back are compared as spectra, at every delay up to LONGEST_MS. What is coherent with the
agent's voice is its echo: no caller is coherent with it. So the loudness at which each bin comes back is learnt also
while both speak, within the first tenths of a second of an echo, and on a line without echo nothing is ever learnt.

A loudspeaker that distorts and a room that reverberates add what is coherent with nothing. It follows the coherent part
in time, so for each bin it is learnt by how much an echo exceeds what the coherence explains.

A jitter buffer changes the delay, and coherence comes back slowly then; but how loud each bin comes back is the room's
and the telephone's, and is remembered.
"""

from collections import deque
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import FRAME_MS, NARROW_HZ, SAMPLE_BYTES, Frame

LONGEST_MS: Final = 700
_LAGS: Final = LONGEST_MS // FRAME_MS
_FRAME: Final = NARROW_HZ * FRAME_MS // 1_000
_WINDOW: Final = 256
_BINS: Final = np.arange(8, 110, 4)  # 250 Hz to 3.4 kHz
_MAYBE_SPEECH: Final = 0.1
_BATCH: Final = 5
_SILENCE: Final = bytes(_FRAME * SAMPLE_BYTES)
_WAYS: Final = 8
"""An echo is followed on its so many strongest delays: its own, and its reverberation's."""
_FADES: Final = 0.985
_TELLING: Final = 1.6
"""A delay has an echo when all bins together are so many times as coherent as sounds of two speakers are by chance."""
_REMEMBERS: Final = 0.998
_DIES_AWAY: Final = 0.7
_SPREADS: Final = 0.03
_LEAST_EXCESS, _MOST_EXCESS = 4.0, 40.0
_EXCEEDED: Final = 0.1
_LEARNS: Final = 0.05
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
    """One call's echo path, of which nothing is known at first. Silence on the caller's side costs next to nothing."""

    def __init__(self) -> None:
        self._coming: deque[Frame] = deque(maxlen=_LAGS)
        self._silent = _LAGS
        self._past = np.zeros((2, _WINDOW), dtype=np.float32)
        self._sent: _Spectra = np.zeros((_LAGS + _BATCH - 1, len(_BINS)), dtype=np.complex64)  # the newest last
        self._heard: _Spectra = np.zeros((_BATCH, len(_BINS)), dtype=np.complex64)
        self._unlearnt = 0
        self._path = _Path()
        self._echo: _Powers = np.zeros(len(_BINS), dtype=np.float32)
        self._excess: _Powers = np.full(len(_BINS), _LEAST_EXCESS, dtype=np.float32)
        self._foreign_power = self._power = 1.0

    def foreign(self, frame: Frame, score: float) -> float:
        """The share, 0 to 1, of what the caller's side now brings that is not the agent's own voice.

        All of it where the speech score says that nobody speaks: then it is not looked into.
        """
        self._silent = 0 if frame.agent else self._silent + 1
        self._coming.append(frame)
        if score < _MAYBE_SPEECH or self._silent > _LAGS:
            return 1.0
        while self._coming:
            self._follow(self._coming.popleft())
        return self._foreign_power / self._power

    def _follow(self, frame: Frame) -> None:
        heard = self._take(frame)
        power = heard.real**2 + heard.imag**2
        echo = self._path.echo(self._sent)
        echo += _SPREADS * echo.sum()
        self._echo = np.maximum(echo, _DIES_AWAY * self._echo)
        foreign = np.maximum(power - self._excess * self._echo - _HUSH, 0)
        self._learn_excess(foreign)
        self._foreign_power = _SMOOTH * self._foreign_power + float(foreign.sum())
        self._power = _SMOOTH * self._power + float(power.sum())

    def _take(self, frame: Frame) -> _Spectra:
        past = self._past
        past[:, :-_FRAME] = past[:, _FRAME:]
        past[0, -_FRAME:] = np.frombuffer(frame.narrow, dtype="<i2")
        past[1, -_FRAME:] = np.frombuffer(frame.agent or _SILENCE, dtype="<i2")
        heard, sent = (past @ _analysis()).view(np.complex64)
        self._sent[:-1] = self._sent[1:]
        self._sent[-1] = sent
        self._heard[self._unlearnt] = heard
        self._unlearnt += 1
        if self._unlearnt == _BATCH:
            self._unlearnt = 0
            self._path.learn(self._heard, self._sent)
        found: _Spectra = heard
        return found

    def _learn_excess(self, foreign: _Powers) -> None:
        """Where an echo is louder than noise, all but a few of its frames are to lie below the excess."""
        steps = np.where(foreign > 0, 1 + _LEARNS * (1 - _EXCEEDED), 1 - _LEARNS * _EXCEEDED)
        learnt = np.clip(self._excess * steps, _LEAST_EXCESS, _MOST_EXCESS)
        self._excess = np.where(self._echo > _HUSH, learnt, self._excess)


class _Path:
    """How loud each bin comes back at each delay, the longest first, as far as it is coherent with what was sent."""

    def __init__(self) -> None:
        self._cross: _Spectra = np.zeros((_LAGS, len(_BINS)), dtype=np.complex64)
        self._sent: _Powers = np.ones((_LAGS, len(_BINS)), dtype=np.float32)
        self._by_chance: _Powers = np.ones((_LAGS, len(_BINS)), dtype=np.float32)
        self._ways = np.arange(_WAYS)
        self._gains: _Powers = np.zeros((_WAYS, len(_BINS)), dtype=np.float32)
        self._loudness: _Powers = np.zeros(len(_BINS), dtype=np.float32)

    def learn(self, heard: _Spectra, sent: _Spectra) -> None:
        """One batch; `sent` reaches back from the last frame of it to the longest delay before the first."""
        fades = _FADES**_BATCH
        self._cross *= fades
        self._sent *= fades
        self._by_chance *= fades * fades
        conjugates, loudness, powers = heard.conj(), _power(heard), _power(sent)
        for place in range(_BATCH):
            self._cross += conjugates[place] * sent[place : place + _LAGS]
            self._sent += powers[place : place + _LAGS]
            self._by_chance += loudness[place] * powers[place : place + _LAGS]
        coherent = _power(self._cross)
        telling = (coherent / self._by_chance).mean(axis=1)
        self._ways = np.argpartition(telling, -_WAYS)[-_WAYS:]
        ways = self._ways
        surely = np.maximum(coherent[ways] - self._by_chance[ways], 0) / self._sent[ways] ** 2
        gains: _Powers = np.where(telling[ways, None] >= _TELLING, surely, 0)
        known: _Powers = gains.sum(axis=0)
        self._loudness = np.maximum(known, _REMEMBERS * self._loudness)
        self._gains = gains * np.divide(self._loudness, known, out=np.ones_like(known), where=known > 0)

    def echo(self, sent: _Spectra) -> _Powers:
        """The power in which each bin comes back now, as far as it is known."""
        power: _Powers = np.einsum("wb,wb->b", self._gains, _power(sent[_BATCH - 1 + self._ways]))
        return power


def _power(spectra: _Spectra) -> _Powers:
    power: _Powers = spectra.real**2 + spectra.imag**2
    return power
