"""What a session wants done to its call. Rule: values only."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class TransferCall:
    """Hand the caller over to this URI."""

    target: str


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
