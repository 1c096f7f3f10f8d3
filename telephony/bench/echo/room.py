"""A speakerphone in a room: what it is sent comes back, later and softer. Rule: 20 ms in, 20 ms out, seeded.

Samples are float64 in steps of PCM16, at 8 kHz.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from scipy.signal import firwin

from pipeline.audio import FRAME_MS, NARROW_HZ, ulaw_decoded, ulaw_encoded
from telephony.bench.turns.sound import LINE_NOISE_RMS, PER_MS, Sound, generator

FRAME = FRAME_MS * PER_MS
DIRECT_SHARE = 0.5
"""So much of the echo's energy comes straight from the loudspeaker."""
BAND_HZ = (300.0, 3_400.0)
BAND_TAPS = 65
STAYS_TICKS = 100
OVERDRIVE_DBFS = -22.0
"""A loudspeaker that distorts bends what is louder than this."""


@dataclass(frozen=True, slots=True)
class Speakerphone:
    """A far end without an echo canceller.

    Its echo comes `delay_ms` after what it is the echo of, there and back, and its speech is `return_loss_db` softer.
    Every two seconds the echo comes up to `wanders_ms` later than that, as a jitter buffer makes it.
    """

    delay_ms: int
    return_loss_db: float
    distorts: bool = False
    reverberation_ms: int = 250
    wanders_ms: int = 0

    @property
    def name(self) -> str:
        """As figures name it."""
        more = (", distorts" if self.distorts else "") + (f", wanders {self.wanders_ms} ms" if self.wanders_ms else "")
        return f"{self.delay_ms} ms, {self.return_loss_db:g} dB{more}"


class Room:
    """One speakerphone for the length of a call: what comes back of what the agent says, frame by frame."""

    def __init__(self, phone: Speakerphone, seed: str) -> None:
        rng = generator("room", phone.name, seed)
        response = _response(phone.reverberation_ms, rng) * 10 ** (-phone.return_loss_db / 20)
        self._response = np.concatenate([np.zeros(phone.delay_ms * PER_MS), response])
        self._distorts = phone.distorts
        self._rng = rng
        self._rest = np.zeros(len(self._response) - 1 + FRAME)
        self._waiting = deque([np.zeros(FRAME)] * (phone.wanders_ms // FRAME_MS), phone.wanders_ms // FRAME_MS + 1)
        self._ticks = self._late = 0

    def frame(self, agent: Sound, caller: Sound) -> bytes:
        """What the line brings in the tick that takes this from the agent: PCM16 after G.711 both ways."""
        sent = as_sent(self._delayed(agent))
        if self._distorts:
            bend = 32_768 * 10 ** (OVERDRIVE_DBFS / 20) * np.sqrt(2)
            sent = bend * np.tanh(sent / bend)
        self._rest[: len(self._response) - 1 + len(sent)] += np.convolve(sent, self._response)
        echo = self._rest[:FRAME].copy()
        self._rest = np.concatenate([self._rest[FRAME:], np.zeros(FRAME)])
        return _coded(echo + caller + self._rng.normal(size=FRAME) * LINE_NOISE_RMS)

    def _delayed(self, agent: Sound) -> Sound:
        self._waiting.append(agent)
        self._ticks += 1
        if self._ticks % STAYS_TICKS == 0:
            self._late = int(self._rng.integers(len(self._waiting)))
        return self._waiting[-1 - self._late]


def as_sent(agent: Sound) -> Sound:
    """What G.711 leaves of it."""
    return np.frombuffer(_coded(agent), dtype="<i2").astype(np.float64)


def _coded(sound: Sound) -> bytes:
    return ulaw_decoded(ulaw_encoded(np.clip(np.rint(sound), -32_768, 32_767).astype("<i2").tobytes()))


def _response(reverberation_ms: int, rng: np.random.Generator) -> Sound:
    """Loudspeaker, room and microphone: a direct sound and a decaying tail in the telephone's band, of energy 1."""
    samples = reverberation_ms * PER_MS
    tail = rng.normal(size=samples) * 10 ** (-3 * np.arange(samples) / samples)
    tail *= np.sqrt((1 - DIRECT_SHARE) / np.sum(np.square(tail)))
    tail[0] += np.sqrt(DIRECT_SHARE)
    shaped: Sound = np.convolve(tail, firwin(BAND_TAPS, BAND_HZ, pass_zero=False, fs=NARROW_HZ))
    shaped /= np.sqrt(np.sum(np.square(shaped)))
    return shaped
