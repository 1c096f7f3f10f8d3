"""How loud a caller is against voice and line. Rule: it only tells that speech has stopped, never that it began.

Silero goes on hearing speech for 100 ms after the last sound, longer in noise. A frame is a hush at once when it lies
HUSH_DB below the caller's voice, or within NEAR_DB of the line's own noise and QUIETER_DB below the voice; so a turn's
silence counts from where speech really ended. The voice's level follows louder frames quickly and quieter ones slowly;
the noise's is learnt from frames without speech. The last half of a frame speaks for it: where speech ends within a
frame, it ends for us at the nearest of its edges.
"""

import math
import warnings

from pipeline.audio import SAMPLE_BYTES, Frame

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

HUSH_DB = 33.0
NEAR_DB = 3.0
QUIETER_DB = 9.0
RISE = 0.3
FALL = 0.02
NOISE_PACE = 0.05
SILENCE_RMS = 1.0


class Loudness:
    """One caller's voice and the noise behind it, both in dB re one PCM16 step."""

    def __init__(self) -> None:
        self._voice_db: float | None = None
        self._noise_db = 0.0

    def hushed(self, frame: Frame, *, speech: bool) -> bool:
        """Has the caller's voice stopped in this frame? `speech` says that Silero hears, or still hears, some."""
        half = frame.narrow[len(frame.narrow) // 2 :]
        frame_db = 20 * math.log10(max(SILENCE_RMS, audioop.rms(half, SAMPLE_BYTES)))
        if not speech:
            self._noise_db += NOISE_PACE * (frame_db - self._noise_db)
        below_db = 0.0 if self._voice_db is None else self._voice_db - frame_db
        if below_db > HUSH_DB or (below_db > QUIETER_DB and frame_db < self._noise_db + NEAR_DB):
            return True
        if speech:
            self._follow(frame_db)
        return False

    def _follow(self, frame_db: float) -> None:
        if self._voice_db is None:
            self._voice_db = frame_db
        else:
            self._voice_db += (RISE if frame_db > self._voice_db else FALL) * (frame_db - self._voice_db)
