"""How loud a caller is against voice and line. Rule: it only tells that speech has stopped, never that it began.

Silero goes on hearing speech for 100 ms after the last sound, longer in noise. A frame is a hush at once when it lies
HUSH_DB below the caller's voice, or within NEAR_DB of the line's own noise and QUIETER_DB below the voice; so a turn's
silence counts from where speech really ended. The voice's level follows louder frames quickly and quieter ones slowly;
the noise's is learnt from frames without speech. The last half of a frame speaks for it: where speech ends within a
frame, it ends for us at the nearest of its edges.

Other people's talk is speech to Silero. Where what is heard behind the caller (BEHIND_DB below the voice or louder) is
mostly speech to it, RECENT_FRAMES are a hush when none of them rises above the lower part of the span between the two.
Over babble 10 to 20 dB below the voice, of which no turn would end otherwise, that finds the end of 95 turns of 100, at
p50 100 ms. Where a room only hums or hisses, who lowers their voice by 10 dB is heard as before.
"""

import math
import warnings
from collections import deque

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
BEHIND_DB = 30.0
LOWER_PART = 0.3
RECENT_FRAMES = 8
BEHIND_RISE_DB = 0.06
SAME_VOICE_DB = 12.0
DRIFT = 0.002
TALK_PACE = 0.01
MOSTLY = 0.5
AROUND_DB = 8.0


class Loudness:
    """One caller's voice and the noise behind it, both in dB re one PCM16 step."""

    def __init__(self) -> None:
        self._voice_db: float | None = None
        self._noise_db = 0.0
        self._surroundings = Surroundings()

    def hushed(self, frame: Frame, *, speech: bool) -> bool:
        """Has the caller's voice stopped in this frame? `speech` says that Silero hears, or still hears, some."""
        half = frame.narrow[len(frame.narrow) // 2 :]
        frame_db = 20 * math.log10(max(SILENCE_RMS, audioop.rms(half, SAMPLE_BYTES)))
        self._surroundings.hear(frame_db, speech=speech)
        if not speech:
            self._noise_db += NOISE_PACE * (frame_db - self._noise_db)
        below_db = 0.0 if self._voice_db is None else self._voice_db - frame_db
        if below_db > HUSH_DB or (below_db > QUIETER_DB and frame_db < self._noise_db + NEAR_DB):
            return True
        if speech:
            self._follow(frame_db)
            self._surroundings.follow(frame_db)
        return self._surroundings.are_all()

    def _follow(self, frame_db: float) -> None:
        if self._voice_db is None:
            self._voice_db = frame_db
        else:
            self._voice_db += (RISE if frame_db > self._voice_db else FALL) * (frame_db - self._voice_db)


class Surroundings:
    """What is always heard behind a caller, and how loud the caller is at their loudest, from word to word."""

    def __init__(self) -> None:
        self._recent_db: deque[float] = deque(maxlen=RECENT_FRAMES)
        self._behind_db = math.inf
        self._loudest_db: float | None = None
        self._talk = 0.0

    def hear(self, frame_db: float, *, speech: bool) -> None:
        """Take a frame in; where it is one of what lies behind the caller, it tells whether that is talk."""
        self._recent_db.append(frame_db)
        recent_db = max(self._recent_db)
        self._behind_db = min(recent_db, self._behind_db + BEHIND_RISE_DB)
        if recent_db < self._behind_db + AROUND_DB:
            self._talk += TALK_PACE * (speech - self._talk)

    def follow(self, frame_db: float) -> None:
        """A frame of speech: the caller's, or if it is so much quieter perhaps somebody else's."""
        if self._loudest_db is None:
            self._loudest_db = frame_db
            return
        step_db = frame_db - self._loudest_db
        pace = RISE if step_db > 0 else FALL if step_db > -SAME_VOICE_DB else DRIFT
        self._loudest_db += pace * step_db

    def are_all(self) -> bool:
        """Whether for the last frames only other people's talk was heard."""
        if self._talk < MOSTLY or self._loudest_db is None:
            return False
        span_db = self._loudest_db - self._behind_db
        return span_db < BEHIND_DB and max(self._recent_db) < self._behind_db + LOWER_PART * span_db
