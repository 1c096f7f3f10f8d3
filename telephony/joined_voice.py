"""Whom a caller was joined to, as a recording of the call has them. Rule: one clock ticks for both legs.

So both recordings have a sample for every sample of the other, and are laid together by counting them.
"""

from typing import Final

import numpy as np

from telephony.leg import LegAudio

_SIDES: Final = 2


class JoinedVoice:
    """The other leg's far end, to be laid over the agent's side."""

    def __init__(self, audio: LegAudio) -> None:
        self._audio = audio
        self._waiting = np.zeros(0, np.int16)

    def set_recording(self, on: bool) -> None:
        """Collect from now on, or no longer; what came before counts no more."""
        self._audio.read_record()
        self._waiting = self._waiting[:0]
        self._audio.set_recording(on)

    def over(self, stereo: bytes) -> bytes:
        """So much more of the caller's recording, read before this, with the other's words on its right."""
        sides = np.frombuffer(stereo, "<i2").reshape(-1, _SIDES).astype(np.int32)
        came = np.frombuffer(self._audio.read_record(), "<i2")[::_SIDES]
        said = np.concatenate((self._waiting, came))
        said, self._waiting = said[: len(sides)], said[len(sides) :]
        if len(said):  # what is missing is missing from its beginning, unless the leg is over
            sides[-len(said) :, 1] += said
        return sides.clip(-(2**15), 2**15 - 1).astype("<i2").tobytes()
