"""Who speaks which protocol: one table for each layer, from the protocol's name to what makes the provider.

Rule: a vendor is a row in `telephony.vendor_table` or in a settings file; only a new protocol is a row here.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, Protocol, runtime_checkable

from pipeline.providers import Access, LanguageModel, SpeechToText, TextToSpeech
from pipeline.providers.anthropic_chat import AnthropicServer
from pipeline.providers.assemblyai_stt import AssemblyAI
from pipeline.providers.cartesia_tts import CartesiaTextToSpeech
from pipeline.providers.chat_protocol import GEMINI
from pipeline.providers.deepgram_flux import DeepgramFlux
from pipeline.providers.deepgram_nova import DeepgramNova
from pipeline.providers.deepgram_tts import DeepgramTextToSpeech
from pipeline.providers.elevenlabs_tts import ElevenLabsTextToSpeech
from pipeline.providers.inworld_stt import InworldStt
from pipeline.providers.inworld_tts import InworldTextToSpeech
from pipeline.providers.openai_chat import OpenAIServer
from pipeline.providers.openai_files import OpenAIFiles
from pipeline.providers.openai_speech import OpenAISpeech
from pipeline.providers.openai_transcription import OpenAITranscription


class LanguageServer(Protocol):
    """One vendor's server of language models, and the connections to it."""

    def model(self, name: str) -> LanguageModel:
        """The server's model of this name, whether it has one or not."""
        ...

    async def load(self) -> None:
        """Have the vendor's SDK loaded before the first call needs it."""
        ...

    async def warm(self) -> None:
        """Have a connection open before a reply needs it; never raises."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


@runtime_checkable
class VendorVoice(TextToSpeech, Protocol):
    """One vendor's voices, and the connections to them, which serve every call."""

    async def warm(self, voice: str) -> None:
        """Have a connection open before something is to be said in this voice; never raises."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


VoiceMakers = Mapping[str, Callable[[Access, str], VendorVoice]]

LANGUAGE_MODELS: Final[Mapping[str, Callable[[Access], LanguageServer]]] = MappingProxyType(
    {
        "anthropic": AnthropicServer,
        "openai": OpenAIServer,
        "gemini": lambda access: OpenAIServer(access, quirks=GEMINI),
    }
)


def _deepgram(access: Access, model: str) -> SpeechToText:
    return DeepgramFlux(access, model) if model.startswith("flux") else DeepgramNova(access, model)


def _openai(access: Access, model: str) -> SpeechToText:
    return OpenAIFiles(access, model) if model.startswith("whisper") else OpenAITranscription(access, model)


RECOGNISERS: Final[Mapping[str, Callable[[Access, str], SpeechToText]]] = MappingProxyType(
    {
        "assemblyai": AssemblyAI,
        "deepgram": _deepgram,
        "inworld": InworldStt,
        "openai": _openai,
        "openai-files": OpenAIFiles,
    }
)

VOICES: Final[VoiceMakers] = MappingProxyType(
    {
        "cartesia": CartesiaTextToSpeech,
        "deepgram": DeepgramTextToSpeech,
        "elevenlabs": ElevenLabsTextToSpeech,
        "inworld": InworldTextToSpeech,
        "openai": OpenAISpeech,
    }
)

NARROW_VOICES: Final[VoiceMakers] = MappingProxyType(
    {
        "cartesia": partial(CartesiaTextToSpeech, narrow=True),
        "deepgram": partial(DeepgramTextToSpeech, narrow=True),
        "elevenlabs": partial(ElevenLabsTextToSpeech, narrow=True),
        "inworld": partial(InworldTextToSpeech, narrow=True),
    }
)
"""Those who give a narrow-band line what it takes, and spare it two resamplings."""
