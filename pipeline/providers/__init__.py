"""What the cascade needs of a provider, as Protocols. Rule: a vendor's types end in its file."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pipeline.audio import Frame, Speech

Reason = Literal["refused", "unreachable", "stalled", "limited", "malformed", "internal"]


class ProviderError(Exception):
    """A provider failed. `reason` is ours, never the vendor's text, which may hold the caller's words."""

    def __init__(self, provider: str, reason: Reason, *, retryable: bool = False) -> None:
        super().__init__(f"{provider}: {reason}")
        self.provider = provider
        self.reason = reason
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a vendor. The key is for its own file alone."""

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    connect_s: float = 3.0


class VoiceActivity(Protocol):
    """One caller's speech detector; it keeps state from frame to frame."""

    def hear(self, frame: Frame, scored: Callable[[float], None]) -> None:
        """Give the probability of speech, 0..1, at this frame's end: in order, at once or on the loop's next turn."""
        ...


@dataclass(frozen=True, slots=True)
class Transcript:
    """What the recogniser has heard of one utterance so far; `final` exactly once per ended utterance.

    A `guess` is by a recogniser that knows few words, and takes whatever is said for one of them; words that are
    `doubtful` are often wrong.
    """

    utterance: int
    text: str
    final: bool
    guess: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class TurnVerdict:
    """What a recogniser that judges turns itself says of the open utterance: the caller may have finished, or has."""

    utterance: int
    verdict: Literal["maybe_over", "goes_on", "over"]


class SoundJudge(Protocol):
    """Hears from the sound of speech alone whether the speaker has finished; serves all calls."""

    async def finished(self, pcm: bytes) -> float | None:
        """The probability, 0..1, that the caller has finished; None when it cannot be told in time.

        `pcm` is what the caller said last, PCM16 at 8 kHz, with 100 to 200 ms of the silence after it.
        """
        ...


class Hearing(Protocol):
    """One call's open recogniser. begin, feed..., end; then the next utterance. None of these block."""

    def begin(self, utterance: int) -> None:
        """The frames that follow belong to this utterance."""
        ...

    def feed(self, frame: Frame) -> None:
        """Hear one frame of the open utterance."""
        ...

    def end(self, utterance: int) -> None:
        """The utterance is complete: its final transcript follows, also when nothing was understood."""
        ...

    def transcripts(self) -> AsyncIterator[Transcript | TurnVerdict]:
        """Partials, finals and verdicts in order; raises ProviderError when hearing is lost; ends when closed."""
        ...


class SpeechToText(Protocol):
    """A recogniser; opening it may connect and take time, closing it releases everything."""

    def open(self, language: str | None, prompt: str | None) -> AbstractAsyncContextManager[Hearing]:
        """`prompt` holds words or phrases to expect, as in Realtime's transcription settings."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said or written: by the caller (`user`), the agent (`assistant`) or the application (`system`)."""

    role: Literal["user", "assistant", "system"]
    text: str


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """The model asks for a tool; `arguments` is JSON text."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class FunctionOutput:
    """What the tool answered."""

    call_id: str
    output: str


Turn = Message | FunctionCall | FunctionOutput


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call; `parameters` is a JSON schema as JSON text."""

    name: str
    description: str
    parameters: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """All a language model is given for one response. Digits pressed arrive as user messages: `[digits: 1]`."""

    instructions: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    max_output_tokens: int | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the reply's text; an empty one says that the model is at work on what comes whole."""

    text: str


AT_WORK = TextDelta("")
"""A function call is being written: whoever waits for the next delta need not give up."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one reply."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class CutShort:
    """The reply ended before the model was done, e.g. at the token limit."""

    reason: Literal["max_output_tokens", "content_filter"]


@dataclass(frozen=True, slots=True)
class HeardOut:
    """The caller is to hear this reply out: speech does not cut it. It comes before any words."""


Delta = TextDelta | FunctionCall | Usage | CutShort | HeardOut


class LanguageModel(Protocol):
    """A streaming language model."""

    def reply(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Stream one reply; closing the iterator cancels it; raises ProviderError."""
        ...


@dataclass(frozen=True, slots=True)
class Reached:
    """The first `chars` characters of the text, whole words, have been spoken `audio_ms` after its audio began."""

    chars: int
    audio_ms: float


class TextToSpeech(Protocol):
    """A streaming voice."""

    def speak(self, text: str, voice: str, speed: float) -> AsyncIterator[Speech | Reached]:
        """Speech in chunks as they are made, and word timings of a voice that gives them.

        A timing may come before or after the audio it speaks of. Closing cancels; raises ProviderError.
        """
        ...
