"""Which provider answers to which name, layer by layer. Rule: a table; `telephony.vendors` makes what it names.

A name is `VENDOR/MODEL`, or an engine of our own: `embedded`, `scripted/FLOW`. A model's name alone is looked for at
the layer's default vendor, the first that the settings name; aliases come before all. An empty name means the
settings' own.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, Literal, Protocol

from msgspec.structs import replace

from pipeline.realtime.config import SessionConfig
from telephony.faults import did_you_mean
from telephony.toml_text import KeyPath
from telephony.vendor_table import BUILT_IN, Layer, Vendor, key_remedy, lacks_key

EMBEDDED: Final = "embedded"
SCRIPTED: Final = "scripted"
WHAT: Final[Mapping[Layer, str]] = {"llm": "language model", "stt": "recogniser", "tts": "voice provider"}

Names = str | tuple[str, ...]

# What clients of OpenAI's own service send without meaning it: another vendor has other models and voices.
OPENAIS_MODELS: Final = re.compile(r"(?:chat)?gpt-(?!oss).+|o[1-9](?:-.+)?|whisper-1|tts-1(?:-.+)?")
OPENAIS_VOICES: Final = frozenset(
    ["alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"]
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider of one layer, ours or a vendor. The first voice is its default one; none means any is passed on.

    A language is known in all its countries; of no languages, all are left to the vendor.
    """

    maker: str
    behind_slash: Literal["nothing", "any model", "a flow"] = "nothing"
    voices: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    vendor: Vendor | None = None

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
        return not self.languages or language.lower().partition("-")[0] in self.languages


@dataclass(frozen=True, slots=True)
class Choice:
    """One of those who may serve a layer of a call: its whole name, and who that is."""

    name: str
    entry: Entry

    @property
    def model(self) -> str:
        """What stands behind the vendor's name."""
        return self.name.partition("/")[2]


OWN: Final[Mapping[Layer, tuple[Entry, ...]]] = {
    "stt": (Entry(EMBEDDED, languages=("en",)),),
    "llm": (Entry(SCRIPTED, "a flow"),),
    "tts": (Entry(EMBEDDED, voices=("rms", "slt", "kal16")),),
}


class Defaults(Protocol):
    """The service's own names for each layer: one, or several in the order in which they are tried."""

    @property
    def stt(self) -> Names:
        """Who hears."""
        ...

    @property
    def llm(self) -> Names:
        """Who thinks."""
        ...

    @property
    def tts(self) -> Names:
        """Who speaks."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """Who is known by name: vendors, and other names for their models."""

    vendors: Mapping[str, Vendor] = field(default_factory=lambda: dict(BUILT_IN))
    aliases: Mapping[str, str] = field(default_factory=dict)


def is_by(entry: Entry | None, maker: str) -> bool:
    """Whether somebody was found, and it is this one."""
    return entry is not None and entry.maker == maker


def flow_of(model: str) -> str | None:
    """The flow that a language model of this name speaks from; None when it is no scripted one."""
    maker, slash, flow = model.partition("/")
    return flow if slash and maker == SCRIPTED else None


def listed(names: Names) -> tuple[str, ...]:
    """One name or several, as several."""
    return (names,) if isinstance(names, str) else names


class ProviderTable:
    """Who answers to the names in a session, with these defaults, flows, vendors and aliases."""

    def __init__(self, defaults: Defaults, flows: Collection[str] = (), known: Known | None = None) -> None:
        self._known = known or Known()
        self._flows = flows
        names: dict[Layer, Names] = {"stt": defaults.stt, "llm": defaults.llm, "tts": defaults.tts}
        self._defaults = {layer: tuple(map(self.aliased, listed(names[layer]))) for layer in names}
        vendors = self._known.vendors.items()
        self._entries: dict[Layer, tuple[Entry, ...]] = {
            layer: (*own, *(Entry(name, "any model", vendor=each) for name, each in vendors if each.protocol(layer)))
            for layer, own in OWN.items()
        }

    def hearing_name(self, config: SessionConfig) -> str:
        """The recogniser's name, the session's or the default one."""
        return self._name("stt", name_in(config, "stt"))

    def model_name(self, config: SessionConfig) -> str:
        """The language model's name, the session's or the default one."""
        return self._name("llm", name_in(config, "llm"))

    def speaking_name(self, config: SessionConfig) -> str:
        """The name of who speaks, the session's or the default one."""
        return self._name("tts", name_in(config, "tts"))

    def hearing(self, config: SessionConfig) -> Entry | None:
        """Who hears; None when the name means nothing."""
        return self.found("stt", self.hearing_name(config))

    def thinking(self, config: SessionConfig) -> Entry | None:
        """Who thinks; None when the name means nothing."""
        return self.found("llm", self.model_name(config))

    def speaking(self, config: SessionConfig) -> Entry | None:
        """Who speaks; None when the name means nothing."""
        return self.found("tts", self.speaking_name(config))

    def choices(self, layer: Layer, config: SessionConfig) -> list[Choice]:
        """Who may serve a session's layer, in the order to try them: its own choice, then the settings'.

        Empty when the session names somebody whom nobody answers to.
        """
        names = [self._name(layer, name_in(config, layer)), *self._defaults[layer]]
        found = [(name, self.found(layer, name)) for name in dict.fromkeys(names)]
        if not found or found[0][1] is None:
            return []
        return [Choice(name, entry) for name, entry in found if entry is not None]

    def whole(self, layer: Layer, name: str) -> str:
        """The name with its vendor, after aliases: as it is when it has one, or when nobody can be meant."""
        name = self.aliased(name)
        default = next(iter(self._defaults[layer]), "")
        maker = default.partition("/")[0]
        alone = "/" not in name and not any(entry.maker == name for entry in self._entries[layer])
        # Speech-to-speech models are OpenAI's alone, and none of those that answer in writing.
        foreign = OPENAIS_MODELS.fullmatch(name) and (maker != "openai" or (layer == "llm" and "realtime" in name))
        if not alone or not name or foreign or "/" not in default:
            return name
        return f"{maker}/{name}" if self.found(layer, f"{maker}/{name}") else name

    def means_default(self, layer: Layer, name: str) -> bool:
        """Whether it is a name of OpenAI's own to which nobody here answers."""
        name = self.whole(layer, name)
        return OPENAIS_MODELS.fullmatch(name) is not None and self.found(layer, name) is None

    def aliased(self, name: str) -> str:
        """What the settings say this name stands for; itself when they say nothing."""
        return self._known.aliases.get(name, name)

    def found(self, layer: Layer, name: str) -> Entry | None:
        """Who answers to a whole name in this layer."""
        return next((entry for entry in self._entries[layer] if entry.answers(name, self._flows)), None)

    def remedy(self, layer: Layer, name: str) -> str:
        """What to do about a name that nobody answers to; a vendor's is compared without its model."""
        maker, slash, _ = name.partition("/")
        known = [known for entry in self._entries[layer] for known in entry.names(self._flows)]
        if not slash or maker == SCRIPTED:
            return did_you_mean(name, known)
        near = get_close_matches(maker, [entry.maker for entry in self._entries[layer]], n=1)
        return did_you_mean(f"{near[0]}/MODEL" if near else "", known)

    def unknown(self, config: SessionConfig, *, strictly: bool = False) -> Iterator[tuple[KeyPath, str, str]]:
        """Each name in a session that nobody answers to, be it a default one: its key, the problem, the remedy.

        `strictly`: names of OpenAI's own must mean somebody here as well.
        """
        for layer, path in PLACES.items():
            own = name_in(config, layer)
            name = self.whole(layer, own) if own and strictly else self._name(layer, own)
            entry = self.found(layer, name)
            if entry is None:
                yield path, f"no {WHAT[layer]} is called {name!r}", self.remedy(layer, name)
        language, hearer = language_in(config), self.hearing(config)
        if hearer is not None and language and not hearer.knows(language):
            problem = f"the {hearer.maker} recogniser knows no {language!r}"
            yield ("audio", "input", "transcription", "language"), problem, f"known here: {', '.join(hearer.languages)}"
        voice, speaker = config.audio.output.voice, self.speaking(config)
        tolerated = voice in OPENAIS_VOICES and not strictly
        if speaker is not None and voice and not tolerated and not speaks_as(speaker, voice):
            yield ("audio", "output", "voice"), f"no voice is called {voice!r}", did_you_mean(voice, speaker.voices)

    def keyless(self, config: SessionConfig) -> Iterator[tuple[KeyPath, str, str]]:
        """Each name in a session itself whose vendor will refuse us: its key, the problem, the remedy."""
        for layer, path in PLACES.items():
            for problem, remedy in self.keyless_name(layer, name_in(config, layer) or ""):
                yield path, problem, remedy

    def keyless_name(self, layer: Layer, name: str) -> Iterator[tuple[str, str]]:
        """Whether the vendor of that name will refuse us: the problem and the remedy."""
        entry = self.found(layer, self.whole(layer, name))
        if entry is not None and entry.vendor is not None and lacks_key(entry.maker, entry.vendor):
            yield f"there is no key for {entry.maker}", key_remedy(entry.maker)

    def named(self, config: SessionConfig) -> SessionConfig:
        """The session with the defaults' own names where it names nobody."""
        speaks, speaker = config.audio.output, self.speaking(config)
        voice = speaks.voice or (voice_of(speaker, "") if speaker else "")
        audio = replace(config.audio, output=replace(speaks, voice=voice))
        return replace(config, model=config.model or self.model_name(config), audio=audio)

    def _name(self, layer: Layer, own: str | None) -> str:
        if own and not self.means_default(layer, own):
            return self.whole(layer, own)
        return next(iter(self._defaults[layer]), "")


PLACES: Final[Mapping[Layer, KeyPath]] = {
    "llm": ("model",),
    "stt": ("audio", "input", "transcription", "model"),
    "tts": ("audio", "output", "model"),
}


def name_in(config: SessionConfig, layer: Layer) -> str | None:
    """Whom the session itself names for a layer."""
    transcription = config.audio.input.transcription
    heard = transcription.model if transcription else None
    return {"stt": heard, "llm": config.model, "tts": config.audio.output.model}[layer]


def language_in(config: SessionConfig) -> str | None:
    """The language that the caller is said to speak."""
    transcription = config.audio.input.transcription
    return transcription.language if transcription else None


def speaks_as(speaker: Entry, voice: str) -> bool:
    """Whether it may have that voice: a vendor's are its own to know, but another's are not OpenAI's."""
    if speaker.vendor is None:
        return voice in speaker.voices
    return voice not in OPENAIS_VOICES or speaker.vendor.tts == "openai"


def voice_of(speaker: Entry, voice: str) -> str:
    """The voice to ask of it: its default one instead of none, and of one that it cannot have."""
    default = speaker.voices[0] if speaker.vendor is None else speaker.vendor.voice
    return voice if voice and speaks_as(speaker, voice) else default
