"""What the caller hears when a provider fails. Rule: never silence, and never the same failure for ever.

A model that fails is excused in the agent's own voice, and so is a recogniser that does not answer; the call goes on.
When that happens again and again, or when the voice or the recogniser is gone, ready-made last words are played, and
the caller is handed over or the call ends.

Where a client plays there is somebody to tell instead: the response fails, the session goes on.
"""

from dataclasses import replace

from pipeline.excuses import excuses
from pipeline.farewell import Farewell
from pipeline.providers import Reason
from pipeline.realtime.config import SessionConfig
from pipeline.signals import EndCall, LastResort, Limits, Output, TransferCall
from pipeline.speaking import Speaking
from pipeline.terms import Terms


class Trouble:
    """Watches progress and counts failures."""

    def __init__(
        self, speaking: Speaking, farewell: Farewell, limits: Limits, last_resort: LastResort, *, client_plays: bool
    ) -> None:
        self._client_plays = client_plays
        self._speaking = speaking
        self._farewell = farewell
        self._limits = limits
        self._last_resort = last_resort
        self._progress_ms = 0
        self._replies_failed = 0
        self._utterances_lost = 0

    def progress(self, now_ms: int) -> None:
        """The model or the voice went on."""
        self._progress_ms = now_ms

    def replied(self) -> None:
        """A reply was made without a failure."""
        self._replies_failed = 0

    def understood(self) -> None:
        """The recogniser answered."""
        self._utterances_lost = 0

    def stalled(self, now_ms: int, config: SessionConfig) -> list[Output]:
        """The open reply was asked for and is late: too long a silence is a failure."""
        reply = self._speaking.reply
        if reply is None or not reply.asked:
            return []
        if self._speaking.audible:
            self._progress_ms = now_ms
            return []
        if now_ms - self._progress_ms <= self._limits.progress_ms:
            return []
        self._progress_ms = now_ms
        return self.voice_failed("stalled", config) if reply.model_done else self.model_failed("stalled", config)

    def model_failed(self, reason: Reason, config: SessionConfig) -> list[Output]:
        """The model broke, or said nothing."""
        return self._excused(f"llm_{reason}", config)

    def nothing_to_hear(self, config: SessionConfig) -> list[Output]:
        """The voice made no sound of the open reply's words: perhaps the words were at fault, so it may try another."""
        assert self._speaking.reply is not None
        if self._speaking.reply.failed:
            return self.voice_failed("malformed", config)
        return self._excused("tts_malformed", config)

    def voice_failed(self, reason: Reason, config: SessionConfig) -> list[Output]:
        """The voice broke: there is nobody left to say so."""
        return self._leave(f"tts_{reason}", config)

    def hearing_failed(self, reason: Reason, config: SessionConfig) -> list[Output]:
        """The recogniser broke for good: the agent is deaf."""
        return self._leave(f"stt_{reason}", config)

    def unheard(self, config: SessionConfig) -> list[Output]:
        """Nobody knows what the open reply is to answer: the agent says so, and no model guesses."""
        return self._speaking.excuse("stt_stalled", excuses(Terms(config).language).unheard)

    def utterance_lost(self, config: SessionConfig) -> list[Output]:
        """No transcript came in time; the agent asks again, but not for ever."""
        self._utterances_lost += 1
        return self.hearing_failed("stalled", config) if self._utterances_lost >= self._limits.failures else []

    def _excused(self, code: str, config: SessionConfig) -> list[Output]:
        if self._client_plays:
            return self._failed(code)
        self._replies_failed += 1
        if self._replies_failed >= self._limits.failures:
            return self._leave(code, config)
        return self._speaking.excuse(code, " " + excuses(Terms(config).language).failed)

    def unrescued(self, config: SessionConfig) -> list[Output]:
        """Whoever was to take the caller over did not: the last words again, and the end."""
        if not self._farewell.leaving:
            return []
        self._last_resort = replace(self._last_resort, target="")
        return self._leave("rescue_failed", config)

    def _leave(self, code: str, config: SessionConfig) -> list[Output]:
        out = self._failed(code)
        if self._client_plays:
            return out
        resort = self._last_resort
        end = TransferCall(resort.target) if resort.target else EndCall("provider", code)
        self._farewell.leave(end, resort.listen_ms)
        terms = Terms(config)
        if resort.pcm and terms.audio:
            out += self._speaking.recite(resort.text, resort.pcm, terms)
        return out

    def _failed(self, code: str) -> list[Output]:
        """The open reply ends as it is."""
        if self._speaking.reply is None:
            return []
        return [*self._speaking.abandon(code), *self._speaking.finish()]
