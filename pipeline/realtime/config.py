"""The Realtime session object: how an agent is configured, whatever the transport. Rule: it is data, nothing acts here.

Fields, enums and defaults follow the `session` object of OpenAI's Realtime API (GA) in the version of the pinned
`openai` package. An agent in a dialplan, a session config in Redis and `session.update` are all this object.
"""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field


class Format(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Audio on a client's wire; a phone call's own codec wins over it."""

    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma"] = "audio/pcm"
    rate: int | None = None


class Transcription(Struct, frozen=True, forbid_unknown_fields=True):
    """The recogniser: `model` names the provider, `prompt` holds phrases to expect."""

    model: str | None = None
    language: str | None = None
    prompt: str | None = None


class NoiseReduction(Struct, frozen=True, forbid_unknown_fields=True):
    """Accepted for compatibility; a phone call is not altered by it."""

    type: Literal["near_field", "far_field"] = "near_field"


class ServerVad(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="server_vad"):
    """Turns end after a silence; the fields and defaults are OpenAI's."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    idle_timeout_ms: int | None = None
    create_response: bool = True
    interrupt_response: bool = True


class SemanticVad(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="semantic_vad"):
    """Turns end when the caller sounds finished."""

    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = ServerVad | SemanticVad


class AudioInput(Struct, frozen=True, forbid_unknown_fields=True):
    """How the caller is heard; `turn_detection = null` means that a client commits turns by hand."""

    format: Format = field(default_factory=Format)
    transcription: Transcription | None = field(default_factory=Transcription)
    noise_reduction: NoiseReduction | None = None
    turn_detection: TurnDetection | None = field(default_factory=ServerVad)


class AudioOutput(Struct, frozen=True, forbid_unknown_fields=True):
    """How the agent sounds; `model` names the provider of the voice (None: the default one)."""

    format: Format = field(default_factory=Format)
    voice: str = ""
    speed: float = 1.0
    model: str | None = None


class Audio(Struct, frozen=True, forbid_unknown_fields=True):
    """Both directions of audio."""

    input: AudioInput = field(default_factory=AudioInput)
    output: AudioOutput = field(default_factory=AudioOutput)


class FunctionTool(Struct, frozen=True, forbid_unknown_fields=True):
    """A function the agent may call; whoever is attached to the call answers it."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    type: Literal["function"] = "function"


class ToolChoiceFunction(Struct, frozen=True, forbid_unknown_fields=True):
    """Make the model call this function."""

    name: str
    type: Literal["function"] = "function"


class SessionConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One agent. `model` names the language model; empty names mean the service's default provider."""

    type: Literal["realtime"] = "realtime"
    model: str = ""
    instructions: str = ""
    output_modalities: tuple[Literal["audio", "text"], ...] = ("audio",)
    audio: Audio = field(default_factory=Audio)
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: Literal["auto", "none", "required"] | ToolChoiceFunction = "auto"
    max_output_tokens: int | Literal["inf"] = "inf"
    temperature: float | UnsetType = UNSET
