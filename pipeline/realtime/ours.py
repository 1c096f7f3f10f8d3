"""Server events that OpenAI's protocol does not have. Rule: their tags begin with `offhook.`.

They go to local observers and to clients that ask for them, never to others.
"""

from typing import Literal

from msgspec import Struct

from pipeline.realtime.event import Event


class PartialTranscript(Event, frozen=True, kw_only=True, tag="offhook.partial_transcript"):
    """All that is understood so far of an open utterance; replaces the partial before it."""

    item_id: str
    transcript: str


class TurnGrounds(Struct, frozen=True):
    """Why the caller's turn was taken for finished, `silence_ms` after the last sound of speech.

    `words` and `sound` are the probabilities, 0 to 1, that who says this, and who sounds like this, has finished; null
    when nothing was known of them.
    """

    item_id: str
    why: Literal["silence", "words", "sound", "vendor", "entity", "by_hand"]
    silence_ms: int
    words: float | None = None
    sound: float | None = None


class TurnDecided(Event, frozen=True, kw_only=True, tag="offhook.turn_decided"):
    """The caller's turn is over."""

    grounds: TurnGrounds


class TurnTimeline(Event, frozen=True, kw_only=True, tag="offhook.turn_timeline"):
    """When each stage of a turn was reached, in ms of CLOCK_MONOTONIC; stages that were not needed are absent.

    `grounds` tell why the turn that is answered was over, if somebody spoke.
    """

    response_id: str
    stages: dict[str, float]
    grounds: TurnGrounds | None = None


class BargeInJudged(Event, frozen=True, kw_only=True, tag="offhook.barge_in"):
    """What a caller meant who spoke while the agent did, as far as was known `took_ms` after the agent began to wait.

    The agent went on, except after an `interruption`; `heard_ms` of the response had been heard by then. Another event
    for the same item says that words which came late, or the caller who spoke on, changed that.
    """

    item_id: str
    response_id: str
    verdict: Literal["interruption", "answer", "backchannel", "noise"]
    words: str
    took_ms: int
    heard_ms: int


class EchoHeard(Event, frozen=True, kw_only=True, tag="offhook.echo_heard"):
    """The agent's own voice came back from the caller's telephone, and was not taken for the caller.

    Told once while a response is heard, and once more each time that an utterance had begun with it: of that
    (`item_id`) nothing becomes, and the agent, who may have waited, goes on.
    """

    response_id: str
    item_id: str | None = None


class CallAnsweredBy(Event, frozen=True, kw_only=True, tag="offhook.answered_by"):
    """Who answered a call of ours, `at_ms` after the answer, and why that is held to be so.

    Unsure, it is a person. A voicemail is told of twice: when it is known, and when it records (`ready`).
    """

    answered_by: Literal["human", "voicemail", "screening", "fax"]
    why: Literal["greeting", "words", "tone", "beep", "silence", "unsure"]
    ready: bool
    at_ms: int


class FarEndChanged(Event, frozen=True, kw_only=True, tag="offhook.far_end_changed"):
    """The call has a new far end, whose address this is: it was transferred to them, or they took another's place."""

    far_end: str


OurEvent = CallAnsweredBy | FarEndChanged | PartialTranscript | TurnDecided | TurnTimeline | BargeInJudged | EchoHeard
