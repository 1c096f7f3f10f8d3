"""What is kept of calls, as settings say it. Rule: values only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

RecordingFormat = Literal["wav", "opus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """Recordings and transcripts; "off" keeps nothing, and `keep_days` "off" keeps them for ever.

    Opus (in Ogg) takes a sixth of a WAV's room, and 2 % of a core for each call while it lasts.
    """

    recordings_dir: Path | None = None
    recording_format: RecordingFormat = "wav"
    keep_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
