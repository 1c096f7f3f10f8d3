"""What the caller hears while words are late. Rule: a voice is heard in time, whoever is to blame.

The wait counts from the end of the caller's speech, or from the last of the agent's words, for as long as the agent has
something to say: a reply that is being made, or what somebody looks up for it. When a turn was long in doubt, half of
the wait is left for the answer. After another such wait the silence is filled again, unless a sound goes on.
"""

from pipeline.answering import Answering
from pipeline.listening import Listening
from pipeline.signals import Hold, Output


class Holding:
    """Watches a call from frame to frame."""

    def __init__(self, answering: Answering, listening: Listening, hold: Hold, line_delay_ms: int) -> None:
        """`line_delay_ms` is how old caller audio is when it arrives."""
        self._answering = answering
        self._speaking = answering.speaking
        self._listening = listening
        self._hold = hold
        self._line_delay_ms = line_delay_ms
        self._since_ms = 0
        self._turn_ms = 0
        self._begun = False

    def due(self, *, interrupted: bool) -> list[Output]:
        """One frame later: nothing, or what fills the silence, or its end.

        A caller who `interrupted` the agent is answered, even if it was by a mere noise.
        """
        if self._answering.farewell.over:
            return []
        now_ms, speaking, busy = self._listening.now_ms, self._speaking, self._listening.busy
        if busy or speaking.audible or not self._awaited(interrupted):
            self._begun, self._turn_ms = False, now_ms
            if speaking.audible or not (busy or self._listening.waiting):
                self._since_ms = now_ms
            return speaking.unfill() if busy else []
        if speaking.filling:
            self._since_ms = now_ms
            return []
        return self._filled(now_ms)

    def _filled(self, now_ms: int) -> list[Output]:
        hold = self._hold
        if self._begun and hold.sound:
            return self._speaking.fill(hold.sound)
        waited_ms = now_ms - max(self._since_ms, self._listening.quiet_since_ms - self._line_delay_ms)
        if waited_ms < hold.after_ms or now_ms - self._turn_ms < hold.after_ms // 2 or not (hold.pcm or hold.sound):
            return []
        self._begun = True
        return self._speaking.fill(hold.pcm or hold.sound)

    def _awaited(self, interrupted: bool) -> bool:
        """Whether the agent is sure to have words: a noise that nobody has judged yet may come to nothing."""
        reply, answering = self._speaking.reply, self._answering
        if reply is None:
            silent = answering.farewell.silences or "audio" not in answering.config.output_modalities
            return answering.calling.pending and not silent
        unsure = self._listening.waiting and not (reply.asked or interrupted or self._listening.awaiting.spoken)
        return reply.audio and not unsure
