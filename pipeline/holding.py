"""What the caller hears while an answer is late. Rule: a voice is heard in time, whoever is to blame.

The wait counts from the moment the caller has finished, or from the last of the agent's words, for as long as the agent
has something to say. It is filled again when another such wait has passed since what filled it was over.
"""

from pipeline.audio import speech_ms
from pipeline.listening import Listening
from pipeline.signals import Hold, Output
from pipeline.speaking import Speaking


class Holding:
    """Watches the open reply from frame to frame of a call."""

    def __init__(self, speaking: Speaking, listening: Listening, hold: Hold) -> None:
        self._speaking = speaking
        self._listening = listening
        self._hold = hold
        self._since_ms = 0

    def due(self) -> list[Output]:
        """One frame later: nothing, or what fills the silence."""
        reply, now_ms = self._speaking.reply, self._listening.now_ms
        if reply is None or not reply.audio or self._listening.busy or self._speaking.audible:
            self._since_ms = now_ms
            return []
        if now_ms - self._since_ms < self._hold.after_ms or not self._hold.pcm:
            return []
        self._since_ms = now_ms + int(speech_ms(self._hold.pcm))
        return self._speaking.hold(self._hold.pcm)
