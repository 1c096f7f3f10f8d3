"""The Realtime session object: how an agent is configured, whatever the transport. Rule: it is data, nothing acts here.

Fields, enums and defaults follow the `session` object of OpenAI's Realtime API (GA) in the version of the pinned
`openai` package. An agent in a dialplan, a session config in Redis and `session.update` are all this object.
"""

from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType, field

PCM: Final = "audio/pcm"


class Format(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Audio on a client's wire; a call has a codec of its own. `audio/float32` and other rates are Inworld's."""

    # A factory, so that the type is always written.
    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma", "audio/float32"] = field(default_factory=lambda: PCM)
    rate: int | None = None


class Transcription(Struct, frozen=True, forbid_unknown_fields=True):
    """The recogniser: `model` names the provider, `prompt` holds phrases to expect."""

    model: str | None = None
    language: str | None = None
    prompt: str | None = None
    languages: tuple[str, ...] | None = None
    keywords: tuple[str, ...] | None = None
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


class NoiseReduction(Struct, frozen=True, forbid_unknown_fields=True):
    """Accepted for compatibility; the caller's audio is not altered by it."""

    type: Literal["near_field", "far_field"] = "near_field"
    strength: float | None = None


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


class PromptReference(Struct, frozen=True, forbid_unknown_fields=True):
    """A prompt that is kept elsewhere; accepted for compatibility."""

    id: str
    version: str | None = None
    variables: dict[str, Any] | None = None


class Tracing(Struct, frozen=True, forbid_unknown_fields=True):
    """Where traces would go; accepted for compatibility."""

    workflow_name: str | None = None
    group_id: str | None = None
    metadata: dict[str, Any] | None = None


class TokenLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Part of `Truncation`."""

    post_instructions: int | None = None


class Truncation(Struct, frozen=True, forbid_unknown_fields=True):
    """How a long conversation would be shortened; accepted for compatibility, the model is given all of it."""

    retention_ratio: float
    type: Literal["retention_ratio"] = "retention_ratio"
    token_limits: TokenLimits | None = None


class Reasoning(Struct, frozen=True, forbid_unknown_fields=True):
    """How long a model may think; accepted for compatibility."""

    effort: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


class SessionConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One agent. `model` names the language model; empty names mean the service's default provider.

    A `transcription` session listens and never answers. `provider_wishes` is Inworld's: what is known of it is honoured
    (`pipeline.realtime.dialect`), the rest is kept.
    """

    type: Literal["realtime", "transcription"] = "realtime"
    model: str = ""
    instructions: str = ""
    output_modalities: tuple[Literal["audio", "text"], ...] = ("audio",)
    audio: Audio = field(default_factory=Audio)
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: Literal["auto", "none", "required"] | ToolChoiceFunction = "auto"
    max_output_tokens: int | Literal["inf"] = "inf"
    temperature: float | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    reasoning: Reasoning | UnsetType = UNSET
    tracing: Literal["auto"] | Tracing | None = None
    truncation: Literal["auto", "disabled"] | Truncation = "auto"
    prompt: PromptReference | None = None
    include: tuple[Literal["item.input_audio_transcription.logprobs"], ...] | None = None
    provider_wishes: dict[str, Any] | UnsetType = field(default=UNSET, name="providerData")
