"""Model names -> running providers. Rule: `telephony.provider_table` says who answers to a name; here they are made.

What is heavy to start (the recogniser's processes, the speech model, a vendor's SDK) starts once, before the first
call that needs it where that can be known, and serves every call.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from copy import copy
from functools import partial
from types import TracebackType
from typing import Protocol, Self, TypeVar, runtime_checkable

import structlog

from pipeline.fallback.breaker import Breaker
from pipeline.fallback.model import FallbackModel
from pipeline.fallback.race import Candidate, Patience
from pipeline.fallback.voice import FallbackVoice, Pace, Speaker
from pipeline.flow import Flow
from pipeline.making import Connect
from pipeline.naming import Misnamed, Named
from pipeline.providers import Access, Hearing, LanguageModel, ProviderError, SpeechToText, TextToSpeech
from pipeline.providers.embedded_stt import EmbeddedSpeechToText
from pipeline.providers.embedded_tts import EmbeddedVoice
from pipeline.providers.scripted import ScriptedModel
from pipeline.providers.smart_turn import SmartTurn
from pipeline.providers.vad import Silero
from pipeline.providers.vad_tick import TickScores
from pipeline.realtime.config import SemanticVad, SessionConfig
from pipeline.signals import LAST_WORDS
from pipeline.word_tables import read_word_tables
from pipeline.worker import Cascade
from telephony.asked_names import settled
from telephony.dialplan import HOLD_WORDS
from telephony.makers import (
    LANGUAGE_MODELS,
    NARROW_VOICES,
    RECOGNISERS,
    VOICES,
    LanguageServer,
    VendorVoice,
    VoiceMakers,
)
from telephony.provider_table import EMBEDDED, PLACES, Choice, ProviderTable, flow_of, is_by, name_in, voice_of
from telephony.settings import Settings
from telephony.vendor_table import Layer, Vendor

log = structlog.get_logger()

Opening = Callable[[], AbstractAsyncContextManager[Hearing]]
P = TypeVar("P")


@runtime_checkable
class Warmable(Protocol):
    """A provider that can be connected before it is needed."""

    async def warm(self) -> None:
        """Have a connection ready; never raises."""
        ...


class UnknownModelError(Exception):
    """An agent names a model that no provider answers to; the message says which and what would do."""


class Vendors:
    """All providers of the process. `async with` starts those that the agents and the defaults need."""

    def __init__(
        self,
        settings: Settings,
        agents: Mapping[str, SessionConfig],
        flows: Mapping[str, Flow],
        phrases: Collection[str] = (),
    ) -> None:
        """`phrases` are words of the service's own, to be spoken when no provider is."""
        self._settings, self._phrases_at_hand, self._flows = settings, phrases, flows
        chosen = settings.providers
        self._models_dir = chosen.models_dir.expanduser()
        self._sound_judge = SmartTurn(self._models_dir)
        waits = chosen.patience
        self._final_within_s = waits.stt_final_ms / 1_000
        self._patience = {
            "llm": Patience(waits.llm_first_ms / 1_000, waits.llm_next_ms / 1_000, waits.give_up_ms / 1_000),
            "tts": Patience(waits.tts_first_ms / 1_000, waits.tts_next_ms / 1_000, waits.give_up_ms / 1_000),
        }
        self._table = ProviderTable(settings.providers, flows, settings.known)
        # Sessions that applications describe leave the recogniser and the model to the settings.
        self._foreseen = [*agents.values(), SessionConfig()]
        self._open = AsyncExitStack()
        self._voice = EmbeddedVoice()
        self._servers: dict[str, LanguageServer] = {}
        self._recognisers: dict[str, SpeechToText] = {}
        self._voices: dict[tuple[str, bool], VendorVoice] = {}
        self._recogniser = EmbeddedSpeechToText(settings.providers.recogniser_processes)
        self._ticks: TickScores | None = None
        self._ready_made: dict[str, bytes] = {}
        self._breakers: dict[tuple[Layer, str], Breaker] = {}
        self._paces: dict[str, Pace] = {}

    async def __aenter__(self) -> Self:
        async with self._open as opening:
            self._ticks = TickScores(Silero(self._models_dir / "silero_vad.onnx"))
            opening.enter_context(self._voice)
            opening.enter_context(self._sound_judge)
            await asyncio.to_thread(read_word_tables)
            opening.push_async_exit(self._recogniser)
            opening.push_async_callback(self._close_connections)
            await self._prepare()
            self._open = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def adopt(
        self, agents: Mapping[str, SessionConfig], flows: Mapping[str, Flow], phrases: Collection[str]
    ) -> None:
        """Serve another dialplan, once what it needs is there."""
        other = self.as_they_are()
        other._phrases_at_hand, other._flows = phrases, flows
        other._table = ProviderTable(self._settings.providers, flows, self._settings.known)
        other._foreseen = [*agents.values(), SessionConfig()]
        await other._prepare()
        self._phrases_at_hand, self._flows, self._table, self._foreseen = phrases, flows, other._table, other._foreseen

    def as_they_are(self) -> Self:
        """The same providers, for whoever began with this dialplan and is to keep it."""
        return copy(self)

    def cascade(self, agent: SessionConfig, *, narrow: bool = False) -> Cascade:
        """The providers of one session, with `narrow` of one on a narrow-band line; raises UnknownModelError."""
        assert self._ticks is not None, "vendors are not open"
        hears, thinks, speaks = self.recognisers(agent), self.language_models(agent), self.voices(agent, narrow=narrow)
        if not (hears and thinks and speaks):
            raise UnknownModelError(self.problem(agent) or "nobody answers to a name that is known")
        return Cascade(
            self._ticks.caller(),
            tuple(self._candidate("stt", name, each) for name, each in hears.items()),
            FallbackModel([self._candidate("llm", name, each) for name, each in thinks.items()], self._patience["llm"]),
            FallbackVoice([self._candidate("tts", name, each) for name, each in speaks.items()], self._patience["tts"]),
            final_within_s=self._final_within_s,
            sound_judge=self._sound_judge,
            foresees=not isinstance(next(iter(thinks.values())), ScriptedModel),
            warm=[
                *(each.warm for each in thinks.values() if isinstance(each, Warmable)),
                *_warming(speaks.values(), agent.audio.output.voice),
            ],
        )

    def ready_made(self, text: str) -> bytes:
        """Words of the service's own, PCM16 at 24 kHz; nothing for words it does not know."""
        return self._ready_made.get(text, b"")

    def recognisers(self, agent: SessionConfig) -> dict[str, Opening]:
        """Who may hear for an agent, by whole name and in the order to try them; empty when its own is unknown."""
        return {each.name: self._hearing(each, agent) for each in self._table.choices("stt", agent)}

    def language_models(self, agent: SessionConfig) -> dict[str, LanguageModel]:
        """Who may think for an agent, by whole name and in the order to try them; empty when its own is unknown."""
        return {each.name: self._language_model(each) for each in self._table.choices("llm", agent)}

    def voices(self, agent: SessionConfig, *, narrow: bool) -> dict[str, Speaker]:
        """Who may speak for an agent, by whole name and in the order to try them; empty when its own is unknown."""
        choices = self._table.choices("tts", agent)
        return {each.name: self._text_to_speech(each, is_own=each is choices[0], narrow=narrow) for each in choices}

    def problem(self, config: SessionConfig, *, strictly: bool = False) -> str | None:
        """Why these providers cannot run a session; `strictly`, OpenAI's own names must mean somebody here."""
        for _, problem, remedy in self._table.unknown(config, strictly=strictly):
            return f"{problem} ({remedy})" if remedy else problem
        return None

    def settled(self, asked: SessionConfig, before: SessionConfig) -> Named | Misnamed:
        """Who is meant by a session as an application asks for it, and after it as it was meant until now."""
        named = settled(self._table, asked, before)
        if isinstance(named, Named):
            for layer in PLACES:
                name = name_in(asked, layer)
                if name and self._table.means_default(layer, name):
                    log.info("stood_in_for", asked=name, by=self._table.choices(layer, named.meant)[0].name)
        return named

    def named(self, config: SessionConfig) -> SessionConfig:
        """The config with the defaults' own names where it names nobody."""
        return self._table.named(config)

    async def _prepare(self) -> None:
        """Have ready what the agents and the defaults will need."""
        if any(isinstance(config.audio.input.turn_detection, SemanticVad) for config in self._foreseen):
            await self._sound_judge.load()
        if hearing := [config for config in self._foreseen if self._has("stt", config, EMBEDDED)]:
            await self._recogniser.expect([self._phrases(config) for config in hearing if config != SessionConfig()])
            await self._recogniser.start()
        for config in self._foreseen:
            for choice in self._table.choices("llm", config):
                if choice.entry.vendor is not None:
                    await self._server(choice.entry.maker, choice.entry.vendor).load()
        for words in {HOLD_WORDS, LAST_WORDS, *self._phrases_at_hand} - self._ready_made.keys():
            self._ready_made[words] = await _spoken(self._voice, words)

    def _candidate(self, layer: Layer, name: str, provider: P) -> Candidate[P]:
        """All calls share what is known of a provider's health."""
        return Candidate(name, provider, self._breakers.setdefault((layer, name), Breaker()))

    def _pace(self, name: str) -> Pace:
        return self._paces.setdefault(name, Pace())

    def _has(self, layer: Layer, agent: SessionConfig, maker: str) -> bool:
        return any(is_by(each.entry, maker) for each in self._table.choices(layer, agent))

    def _hearing(self, choice: Choice, agent: SessionConfig) -> Opening:
        transcription = agent.audio.input.transcription
        language = transcription.language if transcription else None
        vendor = choice.entry.vendor
        if vendor is None:
            known = language if language and choice.entry.knows(language) else None
            return lambda: self._recogniser.open(known, self._phrases(agent))
        if choice.name not in self._recognisers:
            made = RECOGNISERS[vendor.stt](_access(vendor, "stt"), choice.model)
            self._recognisers[choice.name] = made
        return partial(self._recognisers[choice.name].open, language, self._phrases(agent))

    def _language_model(self, choice: Choice) -> LanguageModel:
        vendor = choice.entry.vendor
        if vendor is None:
            return ScriptedModel(self._flows[choice.model])
        return self._server(choice.entry.maker, vendor).model(choice.model)

    def _text_to_speech(self, choice: Choice, *, is_own: bool, narrow: bool) -> Speaker:
        """A vendor that stands in for another does not have the other's voices."""
        entry, pace = choice.entry, self._pace(choice.name)
        vendor = entry.vendor
        if vendor is None:
            return Speaker(self._voice, partial(voice_of, entry), pace)
        voice = self._vendor_voice(choice, vendor, NARROW_VOICES if narrow and vendor.tts in NARROW_VOICES else VOICES)
        return Speaker(voice, lambda name: voice_of(entry, name if is_own else ""), pace)

    def _vendor_voice(self, choice: Choice, vendor: Vendor, makers: VoiceMakers) -> VendorVoice:
        key = choice.name, makers is NARROW_VOICES
        if key not in self._voices:
            self._voices[key] = makers[vendor.tts](_access(vendor, "tts"), choice.model)
        return self._voices[key]

    def _server(self, name: str, vendor: Vendor) -> LanguageServer:
        if name not in self._servers:
            self._servers[name] = LANGUAGE_MODELS[vendor.llm](_access(vendor, "llm"))
        return self._servers[name]

    async def _close_connections(self) -> None:
        """Each is closed, whatever becomes of the others."""
        async with AsyncExitStack() as closing:
            for server in self._servers.values():
                closing.push_async_callback(server.close)
            for voice in self._voices.values():
                closing.push_async_callback(voice.close)

    def _phrases(self, agent: SessionConfig) -> str | None:
        transcription = agent.audio.input.transcription
        if transcription is not None and transcription.prompt:
            return transcription.prompt
        flow = flow_of(self._table.model_name(agent))
        return "\n".join(self._flows[flow].phrases()) if flow is not None and flow in self._flows else None


def _warming(speakers: Iterable[Speaker], voice: str) -> Iterator[Connect]:
    """What has a connection ready for each of those that have one, in the voice that will be asked for."""
    for speaker in speakers:
        if isinstance(speaker.provider, VendorVoice):
            yield partial(speaker.provider.warm, speaker.voice_for(voice))


def _access(vendor: Vendor, layer: Layer) -> Access:
    return Access(vendor.url(layer), vendor.api_key.reveal() if vendor.api_key else None)


async def _spoken(voice: TextToSpeech, text: str) -> bytes:
    """Words for when nothing else can speak; silence is left when there is no voice on the machine."""
    try:
        async with aclosing(voice.speak(text, "", 1.0)) as chunks:  # type: ignore[type-var]
            return b"".join([chunk async for chunk in chunks if isinstance(chunk, bytes)])
    except ProviderError:
        return b""
