"""Which provider answers to which name, layer by layer. Rule: a table; it says who, and `telephony.vendors` makes them.

A provider's name stands alone (`embedded`) or with a model behind a slash (`openai/MODEL`, `scripted/FLOW`). An empty
name means the service's default for that layer.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from msgspec.structs import replace

from pipeline.realtime.config import SessionConfig
from telephony.faults import did_you_mean
from telephony.toml_text import KeyPath

EMBEDDED: Final = "embedded"
OPENAI: Final = "openai"
SCRIPTED: Final = "scripted"


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider of one layer. The first voice is its default one; a language is known in all its countries."""

    maker: str
    behind_slash: Literal["nothing", "any model", "a flow"] = "nothing"
    voices: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def answers(self, name: str, flows: Collection[str]) -> bool:
        """Whether this is the provider of that name."""
        maker, slash, model = name.partition("/")
        if maker != self.maker:
            return False
        known = {"nothing": not slash, "any model": bool(model), "a flow": model in flows}
        return known[self.behind_slash]

    def names(self, flows: Collection[str]) -> list[str]:
        """The names it answers to, as a person may be told them."""
        known = {"nothing": [""], "any model": ["/MODEL"], "a flow": [f"/{flow}" for flow in flows]}
        return [f"{self.maker}{behind}" for behind in known[self.behind_slash]]

    def knows(self, language: str) -> bool:
        """Whether it understands this language, e.g. "en" or "en-GB"."""
        return language.lower().partition("-")[0] in self.languages


HEARS: Final = (Entry(EMBEDDED, languages=("en",)),)
THINKS: Final = (Entry(OPENAI, "any model"), Entry(SCRIPTED, "a flow"))
SPEAKS: Final = (Entry(EMBEDDED, voices=("rms", "slt", "kal16")),)


class Defaults(Protocol):
    """The service's own name for each layer."""

    @property
    def stt(self) -> str:
        """Who hears."""
        ...

    @property
    def llm(self) -> str:
        """Who thinks."""
        ...

    @property
    def tts(self) -> str:
        """Who speaks."""
        ...


def is_by(entry: Entry | None, maker: str) -> bool:
    """Whether somebody was found, and it is this one."""
    return entry is not None and entry.maker == maker


def flow_of(model: str) -> str | None:
    """The flow that a language model of this name speaks from; None when it is no scripted one."""
    maker, slash, flow = model.partition("/")
    return flow if slash and maker == SCRIPTED else None


class ProviderTable:
    """Who answers to the names in a session, with these defaults and flows."""

    def __init__(self, defaults: Defaults, flows: Collection[str] = ()) -> None:
        self._defaults = defaults
        self._flows = flows

    def hearing_name(self, config: SessionConfig) -> str:
        """The recogniser's name, the session's or the default one."""
        transcription = config.audio.input.transcription
        return (transcription.model if transcription else None) or self._defaults.stt

    def model_name(self, config: SessionConfig) -> str:
        """The language model's name, the session's or the default one."""
        return config.model or self._defaults.llm

    def speaking_name(self, config: SessionConfig) -> str:
        """The name of who speaks, the session's or the default one."""
        return config.audio.output.model or self._defaults.tts

    def hearing(self, config: SessionConfig) -> Entry | None:
        """Who hears; None when the name means nothing."""
        return self._found(HEARS, self.hearing_name(config))

    def thinking(self, config: SessionConfig) -> Entry | None:
        """Who thinks; None when the name means nothing."""
        return self._found(THINKS, self.model_name(config))

    def speaking(self, config: SessionConfig) -> Entry | None:
        """Who speaks; None when the name means nothing."""
        return self._found(SPEAKS, self.speaking_name(config))

    def unknown(self, config: SessionConfig) -> Iterator[tuple[KeyPath, str, str]]:
        """Each name in a session that nobody answers to, be it a default one: its key, the problem, the remedy."""
        if self.thinking(config) is None:
            name = self.model_name(config)
            yield ("model",), f"no language model is called {name!r}", self._remedy(name, THINKS)
        yield from self._unknown_hearing(config)
        speaks = config.audio.output
        speaker = self.speaking(config)
        if speaker is None:
            name = self.speaking_name(config)
            yield ("audio", "output", "model"), f"no voice provider is called {name!r}", self._remedy(name, SPEAKS)
        elif speaks.voice and speaks.voice not in speaker.voices:
            remedy = did_you_mean(speaks.voice, speaker.voices)
            yield ("audio", "output", "voice"), f"no voice is called {speaks.voice!r}", remedy

    def answerable(self, wished: SessionConfig) -> SessionConfig:
        """The session with the default for every name that nobody answers to."""
        hears, speaks, model = wished.audio.input, wished.audio.output, wished.model
        if hears.transcription is not None and self.hearing(wished) is None:
            hears = replace(hears, transcription=replace(hears.transcription, model=None))
        if self.speaking(wished) is None:
            speaks = replace(speaks, model=None)
        wished = replace(wished, audio=replace(wished.audio, input=hears, output=speaks))
        speaker = self.speaking(wished)
        if speaker is not None and speaks.voice not in speaker.voices:
            wished = replace(wished, audio=replace(wished.audio, output=replace(speaks, voice="")))
        return replace(wished, model=model if self.thinking(wished) else "")

    def named(self, config: SessionConfig) -> SessionConfig:
        """The session with the defaults' own names where it names nobody."""
        speaks, speaker = config.audio.output, self.speaking(config)
        voice = speaks.voice or (speaker.voices[0] if speaker else "")
        audio = replace(config.audio, output=replace(speaks, voice=voice))
        return replace(config, model=self.model_name(config), audio=audio)

    def _unknown_hearing(self, config: SessionConfig) -> Iterator[tuple[KeyPath, str, str]]:
        place = ("audio", "input", "transcription")
        name, hearer = self.hearing_name(config), self.hearing(config)
        transcription = config.audio.input.transcription
        language = transcription.language if transcription else None
        if hearer is None:
            yield (*place, "model"), f"no recogniser is called {name!r}", self._remedy(name, HEARS)
        elif language and not hearer.knows(language):
            problem = f"the {hearer.maker} recogniser knows no {language!r}"
            yield (*place, "language"), problem, f"known here: {', '.join(hearer.languages)}"

    def _found(self, layer: tuple[Entry, ...], name: str) -> Entry | None:
        return next((entry for entry in layer if entry.answers(name, self._flows)), None)

    def _remedy(self, name: str, layer: tuple[Entry, ...]) -> str:
        return did_you_mean(name, [known for entry in layer for known in entry.names(self._flows)])
