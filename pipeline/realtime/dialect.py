"""Other spellings of the session object: older clients', newer SDKs' and Inworld's. Rule: pure; it never refuses.

What is spelled otherwise is put in OpenAI's words before anything looks at it. Of Inworld's `providerData` that is
honoured which this pipeline has a feature for; the rest is kept for whoever sent it.
"""

from typing import Any, Final

import msgspec
from msgspec.structs import replace

from pipeline.realtime.config import ServerVad, SessionConfig

_FORMATS: Final = {
    "pcm16": {"type": "audio/pcm"},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
    "float32": {"type": "audio/float32"},
}


class _SttWish(msgspec.Struct, frozen=True):
    prompt: str | None = None
    language_hints: tuple[str, ...] | None = None
    vad_threshold: float | None = None


class _TextWish(msgspec.Struct, frozen=True):
    temperature: float | None = None


class _ProviderWish(msgspec.Struct, frozen=True):
    auto_tool_response: bool | None = None
    stt: _SttWish = msgspec.field(default_factory=_SttWish)
    text_generation_config: _TextWish = msgspec.field(default_factory=_TextWish)


def in_our_words(body: dict[str, Any]) -> dict[str, Any]:
    """A session object with formats as objects, voices as names, and tools with their types."""
    spelled = dict(body)
    if isinstance(body.get("audio"), dict):
        spelled["audio"] = {side: _side(value) for side, value in body["audio"].items()}
    if isinstance(body.get("tools"), list):
        spelled["tools"] = [_tool(tool) for tool in body["tools"]]
    return spelled


def voice_name(voice: Any) -> Any:
    """A voice of an application's own comes as an object; its id is its name."""
    match voice:
        case {"id": str(name)}:
            return name
    return voice


def format_object(wire: Any) -> Any:
    """A format that may come as a word."""
    return _FORMATS.get(wire, wire) if isinstance(wire, str) else wire


def answers_of_itself(config: SessionConfig) -> bool:
    """True when the agent is to go on as soon as its function calls are answered."""
    return _wish(config).auto_tool_response is True


def honoured(config: SessionConfig) -> SessionConfig:
    """The config with what providerData wishes put where this pipeline looks for it."""
    wish = _wish(config)
    hears = config.audio.input
    if hears.transcription is not None:
        said = hears.transcription
        languages = wish.stt.language_hints or ()
        said = replace(
            said,
            prompt=said.prompt if said.prompt is not None else wish.stt.prompt,
            language=said.language if said.language is not None else next(iter(languages), None),
        )
        hears = replace(hears, transcription=said)
    threshold = wish.stt.vad_threshold
    if isinstance(hears.turn_detection, ServerVad) and threshold is not None and 0 <= threshold <= 1:
        hears = replace(hears, turn_detection=replace(hears.turn_detection, threshold=threshold))
    temperature = wish.text_generation_config.temperature
    if isinstance(config.temperature, msgspec.UnsetType) and temperature is not None and 0 <= temperature <= 2:
        config = replace(config, temperature=temperature)
    return replace(config, audio=replace(config.audio, input=hears))


def _wish(config: SessionConfig) -> _ProviderWish:
    wished = config.provider_wishes
    if isinstance(wished, msgspec.UnsetType):
        return _ProviderWish()
    try:
        return msgspec.convert(wished, _ProviderWish)
    except msgspec.ValidationError:
        return _ProviderWish()


def _side(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    spelled = dict(value)
    if "format" in value:
        spelled["format"] = format_object(value["format"])
    if "voice" in value:
        spelled["voice"] = voice_name(value["voice"])
    return spelled


def _tool(tool: Any) -> Any:
    return {"type": "function", **tool} if isinstance(tool, dict) else tool
