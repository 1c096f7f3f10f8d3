"""What a scripted caller is told and what it tells, as JSON. Rule: every moment is in ms on CLOCK_MONOTONIC."""

from typing import Literal

from msgspec import Struct


class Listen(Struct, frozen=True, tag_field="do", tag="listen", forbid_unknown_fields=True):
    """Let the agent speak, and go on when it has then been silent for so long."""

    silent_ms: float = 700.0


class Say(Struct, frozen=True, tag_field="do", tag="say", forbid_unknown_fields=True):
    """Say this."""

    text: str


class BargeIn(Struct, frozen=True, tag_field="do", tag="barge_in", forbid_unknown_fields=True):
    """Say this when the agent has been speaking for so long."""

    text: str
    after_ms: float = 1_500.0


class Press(Struct, frozen=True, tag_field="do", tag="press", forbid_unknown_fields=True):
    """Press one key."""

    digit: str


class HangUp(Struct, frozen=True, tag_field="do", tag="hang_up", forbid_unknown_fields=True):
    """Say BYE."""


Step = Listen | Say | BargeIn | Press | HangUp


class Script(Struct, frozen=True, forbid_unknown_fields=True):
    """One call. `recording` is where the received audio goes (mono WAV); a wait ends after `patience_ms`."""

    uri: str
    steps: tuple[Step, ...]
    bind: str = "127.0.0.1"
    number: str = "caller"
    voice: str = "slt"
    patience_ms: float = 20_000.0
    recording: str | None = None


class Answered(Struct, frozen=True, tag_field="event", tag="answered"):
    """The call is up."""

    at_ms: float


class CallerSpeaks(Struct, frozen=True, tag_field="event", tag="caller_speaks"):
    """The caller begins to say this."""

    step: int
    text: str
    at_ms: float


class CallerSilent(Struct, frozen=True, tag_field="event", tag="caller_silent"):
    """The last packet of that has been sent."""

    step: int
    at_ms: float


class Pressed(Struct, frozen=True, tag_field="event", tag="pressed"):
    """A key was pressed and let go."""

    step: int
    digit: str
    at_ms: float


class AgentSpeaks(Struct, frozen=True, tag_field="event", tag="agent_speaks"):
    """The first audible packet came."""

    at_ms: float


class AgentSilent(Struct, frozen=True, tag_field="event", tag="agent_silent"):
    """The last audible packet before a pause came."""

    at_ms: float


class OutOfPatience(Struct, frozen=True, tag_field="event", tag="out_of_patience"):
    """What this step waited for did not come; the caller goes on."""

    step: int
    at_ms: float


class StepReport(Struct, frozen=True):
    """One step as it went; None is what did not happen.

    `agent_first_ms` is the first audible packet of the agent's talk that followed, unless the caller did something
    else before; `agent_stopped_ms`, of a barge-in, is the last audible packet of the talk that it cut.
    """

    step: int
    do: str
    text: str = ""
    caller_start_ms: float | None = None
    caller_end_ms: float | None = None
    agent_first_ms: float | None = None
    agent_stopped_ms: float | None = None


class Report(Struct, frozen=True, tag_field="event", tag="report"):
    """The call is over: each step, each of the agent's talks, and what the wire was like."""

    ended_by: Literal["caller", "agent"]
    ended_how: str
    sip_code: int
    answered_ms: float
    ended_ms: float
    steps: list[StepReport]
    talks: list[tuple[float, float]]
    packets_received: int
    packets_lost: int
    gap_error_ms: dict[str, float | None]
    sent_late_ms: float
    recording: str | None


class Failed(Struct, frozen=True, tag_field="event", tag="failed"):
    """There was no call."""

    reason: str
    sip_code: int = 0


Event = Answered | CallerSpeaks | CallerSilent | Pressed | AgentSpeaks | AgentSilent | OutOfPatience | Report | Failed
