"""What a session wants done to its call, and what it is told of that. Rule: values only."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class TransferCall:
    """Hand the caller over to this URI; `summary` is what whoever takes the call should know."""

    target: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class PressKeys:
    """Press these keys for the far end."""

    digits: str


RecordingState = Literal["on", "paused", "off"]


@dataclass(frozen=True, slots=True)
class SetRecording:
    """Keep what is said from now on, leave silence in its place (`paused`), or leave it out (`off`)."""

    state: RecordingState


@dataclass(frozen=True, slots=True)
class EndCall:
    """Hang up now."""

    by: Literal["us", "provider"]
    reason: str


CallAct = EndCall | TransferCall | PressKeys | SetRecording
"""What a session wants done to its call."""


@dataclass(frozen=True, slots=True)
class HoldChanged:
    """The call is on hold, at the far end's wish or ours, or no longer."""

    on: bool


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """The transfer target did not take the call, for this reason, in a word."""

    sip_code: int
    reason: str = "failed"
