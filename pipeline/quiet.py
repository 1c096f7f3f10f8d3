"""A caller who says nothing for too long. Rule: each such silence is told as an item, and some are enough."""

from pipeline.answering import Answering
from pipeline.listening import Listening
from pipeline.realtime.config import ServerVad
from pipeline.signals import Output


class Quiet:
    """Counts silences in which neither side did anything, and how many since the caller was last heard."""

    def __init__(self, answering: Answering, listening: Listening, *, client_plays: bool) -> None:
        self._answering = answering
        self._listening = listening
        self._client_plays = client_plays
        self._since_ms = 0
        self._from_ms = 0
        self.in_a_row = 0

    def broken(self) -> None:
        """Somebody does something."""
        self._since_ms, self._from_ms = self._listening.now_ms, self._listening.audio_ms

    def caller_is_there(self) -> None:
        """The caller does something."""
        self.in_a_row = 0
        self.broken()

    def due(self) -> list[Output]:
        """One frame later: the item of a silence that has become too long, or nothing."""
        limit_ms = self._limit_ms()
        if limit_ms is None or self._listening.now_ms - self._since_ms < limit_ms:
            return []
        out = self._listening.timed_out(self._from_ms)
        self.in_a_row += 1
        self.broken()
        return out

    def _limit_ms(self) -> int | None:
        """How long the caller may be silent; None for ever. A client's caller may say nothing from the start."""
        answering = self._answering
        detection = answering.config.audio.input.turn_detection
        waits = self._client_plays and not answering.speaking.has_spoken
        if not isinstance(detection, ServerVad) or answering.listens_only or waits:
            return None
        return detection.idle_timeout_ms
