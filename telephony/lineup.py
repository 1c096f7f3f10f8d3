"""Who can run sessions on this node, and who runs one. Rule: a change never leaves it without any."""

from dataclasses import replace
from typing import Protocol

from pipeline.naming import Misnamed, Named
from pipeline.providers import VoiceActivity
from pipeline.realtime.config import SessionConfig
from pipeline.worker import Cascade


class Lineup(Protocol):
    """Who can be asked to run sessions."""

    def ready_made(self, text: str) -> bytes:
        """Words of the service's own that need no provider, PCM16 at 24 kHz; nothing for words it does not know."""
        ...

    def cascade(self, config: SessionConfig, /, *, narrow: bool = False) -> Cascade:
        """The providers of one session that has no problem; with `narrow`, for a narrow-band line."""
        ...

    def settled(self, asked: SessionConfig, before: SessionConfig, /) -> Named | Misnamed:
        """Who is meant by a session as it is asked for, and after it as it was meant until now."""
        ...

    def named(self, config: SessionConfig) -> SessionConfig:
        """The config with the defaults' own names where it names nobody."""
        ...


class Engaged:
    """The providers of one session."""

    def __init__(self, lineup: Lineup, config: SessionConfig, cascade: Cascade, *, narrow: bool = False) -> None:
        self._lineup = lineup
        self._narrow = narrow
        self._config = config
        self.cascade = cascade

    def scored_by(self, activity: VoiceActivity) -> None:
        """Let this detector stand in front of the session's own."""
        self.cascade = replace(self.cascade, voice_activity=activity)

    def follow(self, config: SessionConfig) -> Cascade:
        """Those that a changed session goes on with: what it leaves as it was stays connected."""
        fresh, before = self._lineup.cascade(config, narrow=self._narrow), self.cascade
        recognisers = before.recognisers if _hears_alike(self._config, config) else fresh.recognisers
        self.cascade = replace(fresh, voice_activity=before.voice_activity, recognisers=recognisers)
        self._config = config
        return self.cascade


def _hears_alike(before: SessionConfig, now: SessionConfig) -> bool:
    """Whether the same recogniser is to listen for the same words, which a scripted model may bring."""
    return (before.audio.input.transcription, before.model) == (now.audio.input.transcription, now.model)
