"""Model names -> running providers. Rule: `telephony.provider_table` says who answers to a name; here they are made.

What is heavy to start (the recogniser's processes, the speech model, a vendor's SDK) starts once, before the first
call that needs it where that can be known, and serves every call.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from types import TracebackType
from typing import Self

from pipeline.fallback.model import FallbackModel
from pipeline.fallback.race import Candidate
from pipeline.fallback.voice import FallbackVoice, Speaker
from pipeline.flow import Flow
from pipeline.providers import Hearing, LanguageModel, ProviderError, TextToSpeech
from pipeline.providers.embedded_stt import EmbeddedSpeechToText
from pipeline.providers.embedded_tts import EmbeddedVoice
from pipeline.providers.openai_chat import OpenAIServer
from pipeline.providers.scripted import ScriptedModel
from pipeline.providers.vad import Silero
from pipeline.providers.vad_tick import TickScores
from pipeline.realtime.config import SessionConfig
from pipeline.signals import LAST_WORDS
from pipeline.worker import Cascade
from telephony.dialplan import HOLD_WORDS
from telephony.provider_table import EMBEDDED, OPENAI, SCRIPTED, ProviderTable, flow_of, is_by
from telephony.settings import ProviderSettings


class UnknownModelError(Exception):
    """An agent names a model that no provider answers to; the message says which and what would do."""


class Vendors:
    """All providers of the process. `async with` starts those that the agents and the defaults need."""

    def __init__(
        self,
        settings: ProviderSettings,
        agents: Mapping[str, SessionConfig],
        flows: Mapping[str, Flow],
        phrases: Collection[str] = (),
    ) -> None:
        """`phrases` are words of the service's own, to be spoken when no provider is."""
        self._settings = settings
        self._phrases_at_hand = phrases
        self._flows = flows
        self._table = ProviderTable(settings, flows)
        # Sessions that applications describe leave the recogniser and the model to the settings.
        self._foreseen = [*agents.values(), SessionConfig()]
        self._open = AsyncExitStack()
        self._voice = EmbeddedVoice()
        key = settings.openai_api_key
        self._openai = OpenAIServer(base_url=settings.openai_base_url, api_key=key.reveal() if key else None)
        prompts = [self._phrases(agent) for agent in agents.values() if is_by(self._table.hearing(agent), EMBEDDED)]
        self._recogniser = EmbeddedSpeechToText(settings.recogniser_processes, prompts)
        self._ticks: TickScores | None = None
        self._ready_made: dict[str, bytes] = {}

    async def __aenter__(self) -> Self:
        async with self._open as opening:
            self._ticks = TickScores(Silero(self._settings.models_dir.expanduser() / "silero_vad.onnx"))
            opening.enter_context(self._voice)
            opening.push_async_exit(self._recogniser)
            if any(is_by(self._table.hearing(config), EMBEDDED) for config in self._foreseen):
                await self._recogniser.start()
            opening.push_async_exit(self._openai)
            if any(is_by(self._table.thinking(config), OPENAI) for config in self._foreseen):
                await self._openai.client()
            for words in {HOLD_WORDS, LAST_WORDS, *self._phrases_at_hand}:
                self._ready_made[words] = await _spoken(self._voice, words)
            self._open = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    def cascade(self, agent: SessionConfig) -> Cascade:
        """The providers of one call; raises UnknownModelError."""
        assert self._ticks is not None, "vendors are not open"
        return Cascade(
            self._ticks.caller(),
            (Candidate("stt", self._hearing(agent)),),
            FallbackModel([Candidate("llm", self._language_model(agent))]),
            FallbackVoice([Candidate("tts", Speaker(self._text_to_speech(agent), str))]),
        )

    def ready_made(self, text: str) -> bytes:
        """Words of the service's own, PCM16 at 24 kHz; nothing for words it does not know."""
        return self._ready_made.get(text, b"")

    def problem(self, config: SessionConfig) -> str | None:
        """Why these providers cannot run a session; None when they can."""
        for _, problem, remedy in self._table.unknown(config):
            return f"{problem} ({remedy})" if remedy else problem
        return None

    def answerable(self, wished: SessionConfig) -> SessionConfig:
        """The config with the service's default for every name that no provider answers to."""
        return self._table.answerable(wished)

    def named(self, config: SessionConfig) -> SessionConfig:
        """The config with the defaults' own names where it names nobody."""
        return self._table.named(config)

    def _hearing(self, agent: SessionConfig) -> Callable[[], AbstractAsyncContextManager[Hearing]]:
        if not is_by(self._table.hearing(agent), EMBEDDED):
            raise UnknownModelError(self.problem(agent))
        transcription = agent.audio.input.transcription
        language = transcription.language if transcription else None
        return lambda: self._recogniser.open(language, self._phrases(agent))

    def _language_model(self, agent: SessionConfig) -> LanguageModel:
        entry = self._table.thinking(agent)
        model = self._table.model_name(agent).partition("/")[2]
        if is_by(entry, SCRIPTED):
            return ScriptedModel(self._flows[model])
        if is_by(entry, OPENAI):
            return self._openai.model(model)
        raise UnknownModelError(self.problem(agent))

    def _text_to_speech(self, agent: SessionConfig) -> TextToSpeech:
        entry = self._table.speaking(agent)
        if entry is None or not is_by(entry, EMBEDDED):
            raise UnknownModelError(self.problem(agent))
        return _Voices(self._voice, entry.voices)

    def _phrases(self, agent: SessionConfig) -> str | None:
        transcription = agent.audio.input.transcription
        if transcription is not None and transcription.prompt:
            return transcription.prompt
        flow = flow_of(self._table.model_name(agent))
        return "\n".join(self._flows[flow].phrases()) if flow is not None and flow in self._flows else None


class _Voices:
    """The embedded voices; a name of others' is spoken by the default one, and so are the service's own words."""

    def __init__(self, voice: EmbeddedVoice, known: tuple[str, ...]) -> None:
        self._voice = voice
        self._known = known

    def speak(self, text: str, voice: str, speed: float) -> AsyncIterator[bytes]:
        """PCM16 at 24 kHz as it is made."""
        return self._voice.speak(text, voice if voice in self._known else self._known[0], speed)


async def _spoken(voice: TextToSpeech, text: str) -> bytes:
    """Words for when nothing else can speak; silence is left when there is no voice on the machine."""
    try:
        async with aclosing(voice.speak(text, "", 1.0)) as chunks:  # type: ignore[type-var]
            return b"".join([chunk async for chunk in chunks if isinstance(chunk, bytes)])
    except ProviderError:
        return b""
