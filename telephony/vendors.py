"""Model names -> running providers. Rule: one table; a name that means nothing is refused before a call needs it.

`embedded`, `scripted/FLOW`, `openai/MODEL`; an empty name means the service's default for that layer. What is heavy to
start (the recogniser's processes, the speech model) starts once and serves every call.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from pipeline.flow import Flow
from pipeline.providers import Hearing, LanguageModel, ProviderError, TextToSpeech
from pipeline.providers.embedded_stt import EmbeddedSpeechToText
from pipeline.providers.embedded_tts import DEFAULT_VOICE, EmbeddedVoice
from pipeline.providers.embedded_tts import SILENCE_LEVELS as EMBEDDED_VOICES
from pipeline.providers.openai_chat import OpenAIChat
from pipeline.providers.scripted import ScriptedModel
from pipeline.providers.vad import Silero
from pipeline.providers.vad_tick import TickScores
from pipeline.realtime.config import SessionConfig
from pipeline.trouble import LAST_WORDS
from pipeline.worker import Cascade
from telephony.settings import ProviderSettings

EMBEDDED = "embedded"
SCRIPTED = "scripted"
OPENAI = "openai"


class UnknownModelError(Exception):
    """An agent names a model that no provider answers to; the message says which and what would do."""


class Vendors:
    """All providers of the process. `async with` starts those that the agents need."""

    def __init__(
        self, settings: ProviderSettings, agents: Mapping[str, SessionConfig], flows: Mapping[str, Flow]
    ) -> None:
        self._settings = settings
        self._flows = flows
        self._open = AsyncExitStack()
        self._voice = EmbeddedVoice()
        prompts = [self._phrases(agent) for agent in agents.values() if self._stt(agent) == EMBEDDED]
        # Sessions that applications describe leave the recogniser to the settings.
        self._recogniser = (
            EmbeddedSpeechToText(expect=prompts) if prompts or self._stt(SessionConfig()) == EMBEDDED else None
        )
        self._models: dict[str, LanguageModel] = {}
        self._ticks: TickScores | None = None
        self.apology_pcm = b""

    async def __aenter__(self) -> Self:
        async with self._open as opening:
            self._ticks = TickScores(Silero(self._settings.models_dir.expanduser() / "silero_vad.onnx"))
            opening.enter_context(self._voice)
            if self._recogniser is not None:
                await opening.enter_async_context(self._recogniser)
            self.apology_pcm = await _spoken(self._voice, LAST_WORDS)
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
            self._ticks.caller(), self._hearing(agent), self._language_model(agent), self._text_to_speech(agent)
        )

    def problem(self, config: SessionConfig) -> str | None:
        """Why these providers cannot run a session; None when they can."""
        try:
            self._hearing(config)
            self._language_model(config)
            self._text_to_speech(config)
        except UnknownModelError as error:
            return str(error)
        voice = config.audio.output.voice
        return f"no voice is called {voice!r}" if voice and voice not in EMBEDDED_VOICES else None

    def answerable(self, wished: SessionConfig) -> SessionConfig:
        """The config with the service's default for every name that no provider answers to."""
        hears, speaks, model = wished.audio.input, wished.audio.output, wished.model
        if hears.transcription is not None and hears.transcription.model not in (None, EMBEDDED):
            hears = replace(hears, transcription=replace(hears.transcription, model=None))
        if speaks.model not in (None, EMBEDDED):
            speaks = replace(speaks, model=None)
        if speaks.voice not in EMBEDDED_VOICES:
            speaks = replace(speaks, voice="")
        vendor, _, name = model.partition("/")
        if not (name and (vendor == OPENAI or (vendor == SCRIPTED and name in self._flows))):
            model = ""
        return replace(wished, model=model, audio=replace(wished.audio, input=hears, output=speaks))

    def named(self, config: SessionConfig) -> SessionConfig:
        """The config with the defaults' own names where it names nobody."""
        speaks = config.audio.output
        audio = replace(config.audio, output=replace(speaks, voice=speaks.voice or DEFAULT_VOICE))
        return replace(config, model=config.model or self._settings.llm, audio=audio)

    def _hearing(self, agent: SessionConfig) -> Callable[[], AbstractAsyncContextManager[Hearing]]:
        name = self._stt(agent)
        if name != EMBEDDED or self._recogniser is None:
            raise UnknownModelError(f"no recogniser is called {name!r}; there is {EMBEDDED!r}")
        recogniser = self._recogniser
        transcription = agent.audio.input.transcription
        language = transcription.language if transcription else None
        return lambda: recogniser.open(language, self._phrases(agent))

    def _language_model(self, agent: SessionConfig) -> LanguageModel:
        name = agent.model or self._settings.llm
        if name not in self._models:
            self._models[name] = self._made(name)
        return self._models[name]

    def _made(self, name: str) -> LanguageModel:
        vendor, _, model = name.partition("/")
        if vendor == SCRIPTED and model in self._flows:
            return ScriptedModel(self._flows[model])
        if vendor == OPENAI and model:
            key = self._settings.openai_api_key
            chat = OpenAIChat(model, base_url=self._settings.openai_base_url, api_key=key.reveal() if key else None)
            self._open.push_async_callback(chat.close)
            return chat
        flows = ", ".join(f"{SCRIPTED}/{flow}" for flow in self._flows)
        raise UnknownModelError(f"no language model is called {name!r}; there are {OPENAI}/MODEL and {flows}")

    def _text_to_speech(self, agent: SessionConfig) -> TextToSpeech:
        name = agent.audio.output.model or self._settings.tts
        if name != EMBEDDED:
            raise UnknownModelError(f"no voice is called {name!r}; there is {EMBEDDED!r}")
        return _Voices(self._voice)

    def _stt(self, agent: SessionConfig) -> str:
        transcription = agent.audio.input.transcription
        return (transcription.model if transcription else None) or self._settings.stt

    def _phrases(self, agent: SessionConfig) -> str | None:
        transcription = agent.audio.input.transcription
        if transcription is not None and transcription.prompt:
            return transcription.prompt
        vendor, _, flow = (agent.model or self._settings.llm).partition("/")
        return "\n".join(self._flows[flow].phrases()) if vendor == SCRIPTED and flow in self._flows else None


class _Voices:
    """The embedded voices; a name of others' is spoken by the default one, and so is a call's last apology."""

    def __init__(self, voice: EmbeddedVoice) -> None:
        self._voice = voice

    def speak(self, text: str, voice: str, speed: float) -> AsyncIterator[bytes]:
        """PCM16 at 24 kHz as it is made."""
        return self._voice.speak(text, voice if voice in EMBEDDED_VOICES else DEFAULT_VOICE, speed)


async def _spoken(voice: TextToSpeech, text: str) -> bytes:
    """The last words for when nothing else can speak; silence is left when there is no voice on the machine."""
    try:
        async with aclosing(voice.speak(text, "", 1.0)) as chunks:  # type: ignore[type-var]
            return b"".join([chunk async for chunk in chunks])
    except ProviderError:
        return b""
