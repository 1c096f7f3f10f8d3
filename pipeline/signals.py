"""What goes into a session and what comes out. Rule: closed unions of values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.audio import Speech
from pipeline.call_acts import (
    CallAct,
    EndCall,
    HoldChanged,
    PressKeys,
    RecordingState,
    SetRecording,
    TransferCall,
    TransferFailed,
)
from pipeline.keypad import KeyRules
from pipeline.manners import Manners
from pipeline.naming import Naming, as_asked
from pipeline.providers import Delta, Prompt, Reached, Reason, Transcript, TurnVerdict
from pipeline.realtime.client import Asked
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import ItemRetrieved, ServerEvent
from pipeline.realtime.ours import TurnGrounds

__all__ = [  # besides those below
    "CallAct", "EndCall", "HoldChanged", "PressKeys", "RecordingState", "SetRecording", "TransferCall",
    "TransferFailed",
]  # fmt: skip

Ids = Callable[[str], str]
"""Draws a fresh id for a prefix, e.g. `item` -> `item_4f2a`."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a route lets the agent do to its own call; `transfer_targets` maps a spoken name to a SIP or tel URI.

    With `keys` it may press keys and say what an entry of the caller's will be; `recording`: pause, stop and start it.
    """

    hang_up: bool = False
    keys: bool = False
    recording: bool = False
    transfer_targets: Mapping[str, str] = field(default_factory=dict)
    voicemail_ms: int = 0
    others: frozenset[str] = frozenset()  # AGENT or AGENT/STATE, who may go on with the call


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a session lives. On a call the line plays, and its count is what the caller heard.

    Where a client plays, playout positions are estimates, the client truncates, and `Elapsed` is the clock, because
    audio may come faster than it was spoken, or not at all. `naming` finds who is meant by the names in a session;
    `expires_at` is in unix seconds.
    """

    client_plays: bool = False
    naming: Naming = as_asked
    expires_at: int | None = None
    manners: Manners = field(default_factory=Manners)


@dataclass(frozen=True, slots=True)
class Hold:
    """What the caller hears when the agent's words have been awaited for `after_ms`: PCM16 at 24 kHz.

    A `sound` is heard instead of words, or after them, again and again until the agent speaks.
    """

    pcm: bytes = b""
    after_ms: int = 2_000
    sound: bytes = b""


LAST_WORDS = "I am sorry, something went wrong on my side. Please call again later. Goodbye."


@dataclass(frozen=True, slots=True)
class LastResort:
    """What is left when no provider can go on: words that are audio already, then the caller is handed over, or not.

    `pcm` is PCM16 at 24 kHz. Without a `target`, or when that does not answer, the call ends `listen_ms` after them.
    """

    text: str = LAST_WORDS
    pcm: bytes = b""
    target: str = ""
    listen_ms: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the session waits for others, in ms of its clock, and how often."""

    line_delay_ms: int = 0
    transcript_ms: int = 5_000
    progress_ms: int = 8_000
    tool_ms: int = 20_000
    farewell_ms: int = 30_000
    keys: KeyRules = field(default_factory=KeyRules)
    tool_rounds: int = 8
    idle_prompts: int = 2
    failures: int = 3


@dataclass(frozen=True, slots=True)
class Greet:
    """The call is answered and the agent is to speak first."""


@dataclass(frozen=True, slots=True)
class CallerFrame:
    """20 ms of caller audio: speech score, the agent audio that had left by then, the share that is no echo of that."""

    score: float
    played_ms: int
    foreign: float = 1.0


@dataclass(frozen=True, slots=True)
class Elapsed:
    """So much time has passed that no caller audio accounts for, and the agent audio that had left by then."""

    ms: int
    played_ms: int


@dataclass(frozen=True, slots=True)
class SoundJudged:
    """The answer to `JudgeSound`: the probability that a caller who sounds like this has finished."""

    utterance: int
    pause: int
    finished: float


@dataclass(frozen=True, slots=True)
class HearingLost:
    """The recogniser failed for good."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class UtteranceLost:
    """No recogniser will tell the words of this utterance."""

    utterance: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class ReplyDelta:
    """The model's stream went on."""

    response_id: str
    delta: Delta


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """The model's stream is complete."""

    response_id: str


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """The model's stream broke."""

    response_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class SpeechMade:
    """Audio of one piece."""

    response_id: str
    piece: int
    speech: Speech


@dataclass(frozen=True, slots=True)
class SpeechReached:
    """The voice tells how much of a piece's text its audio up to a place speaks."""

    response_id: str
    piece: int
    reached: Reached


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """All audio of one piece has been made."""

    response_id: str
    piece: int


@dataclass(frozen=True, slots=True)
class SpeechFailed:
    """The voice broke."""

    response_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Digit:
    """One key; `received_at` in unix seconds."""

    digit: str
    received_at: int


@dataclass(frozen=True, slots=True)
class TimeIsUp:
    """The call has reached its maximum duration."""


Input = (
    CallerFrame
    | Elapsed
    | Transcript
    | TurnVerdict
    | SoundJudged
    | HearingLost
    | UtteranceLost
    | ReplyDelta
    | ReplyEnded
    | ReplyFailed
    | SpeechMade
    | SpeechReached
    | SpeechEnded
    | SpeechFailed
    | Digit
    | Greet
    | Asked
    | HoldChanged
    | TransferFailed
    | TimeIsUp
)


@dataclass(frozen=True, slots=True)
class BeginUtterance:
    """Hear the caller from `prefix_ms` before now on."""

    utterance: int
    prefix_ms: int


@dataclass(frozen=True, slots=True)
class EndUtterance:
    """The utterance is complete; speech itself ended `silence_ms` ago. `grounds` are there when it was a turn."""

    utterance: int
    silence_ms: int
    grounds: TurnGrounds | None = None


@dataclass(frozen=True, slots=True)
class JudgeSound:
    """Say whether the caller sounds finished in this pause of the open utterance, without `late_ms` of it, in time."""

    utterance: int
    pause: int
    late_ms: int = 0


@dataclass(frozen=True, slots=True)
class Foresee:
    """Ask the model for what it will be asked if the caller has finished; whatever it gives is nobody's yet.

    It may be left undone: `most_wasted` is the largest share of a call's tokens that may be spent in vain.
    """

    prompt: Prompt
    most_wasted: float


@dataclass(frozen=True, slots=True)
class DropForeseen:
    """What was foreseen will not be asked any more, or has been."""


@dataclass(frozen=True, slots=True)
class StartReply:
    """Ask the model, unless this was foreseen."""

    response_id: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Speak:
    """Make audio of this piece, after the pieces before it."""

    response_id: str
    piece: int
    text: str
    voice: str
    speed: float


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop model and voice for this response."""

    response_id: str


@dataclass(frozen=True, slots=True)
class Play:
    """Queue agent audio; it belongs to this item of the response."""

    response_id: str
    speech: Speech
    item_id: str
    output_index: int = 0


@dataclass(frozen=True, slots=True)
class FillSilence:
    """Queue audio that belongs to no item, PCM16 at 24 kHz."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class FlushPlayout:
    """Drop agent audio that has not left; what was paused is so no more."""


@dataclass(frozen=True, slots=True)
class PausePlayout:
    """Hold agent audio that has not left."""


@dataclass(frozen=True, slots=True)
class ResumePlayout:
    """Let agent audio go on from where it was paused."""


@dataclass(frozen=True, slots=True)
class CallerAudio:
    """A stretch of caller audio, in ms since the session began."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class AgentAudio:
    """What was to be played for a response, up to here."""

    response_id: str
    end_ms: int


@dataclass(frozen=True, slots=True)
class ShowItem:
    """Answer a client with this event; it may have the item's audio put in (`with_audio`)."""

    event: ItemRetrieved
    audio: CallerAudio | AgentAudio


@dataclass(frozen=True, slots=True)
class Configured:
    """These settings hold from the next utterance and the next response on; `ignored` names what had no effect."""

    config: SessionConfig
    ignored: tuple[str, ...] = ()


Output = (
    ServerEvent
    | BeginUtterance
    | EndUtterance
    | JudgeSound
    | Foresee
    | DropForeseen
    | StartReply
    | Speak
    | CancelReply
    | Play
    | FillSilence
    | FlushPlayout
    | PausePlayout
    | ResumePlayout
    | ShowItem
    | Configured
    | CallAct
)
