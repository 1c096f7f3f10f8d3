"""A session as its clients see it: complete, in OpenAI's words. Rule: pure; what holds is shown, defaults included."""

from typing import TypeVar

import msgspec
from msgspec.structs import replace

from pipeline.realtime.config import PCM, AudioInput, AudioOutput, Format, SessionConfig
from pipeline.realtime.events import SessionObject, TranscriptionAudio, TranscriptionSessionObject

PCM_HZ = 24_000

Side = TypeVar("Side", AudioInput, AudioOutput)


def as_object(
    config: SessionConfig, session_id: str, expires_at: int | None = None
) -> SessionObject | TranscriptionSessionObject:
    """The `session` of `session.created` and `session.updated`."""
    expires = msgspec.UNSET if expires_at is None else expires_at
    if config.type == "transcription":
        return TranscriptionSessionObject(
            id=session_id,
            audio=TranscriptionAudio(input=_shown(config.audio.input)),
            include=config.include,
            expires_at=expires,
        )
    audio = replace(config.audio, input=_shown(config.audio.input), output=_shown(config.audio.output))
    fields = {name: getattr(config, name) for name in config.__struct_fields__}
    return SessionObject(id=session_id, expires_at=expires, **{**fields, "audio": audio})


def shown_format(wire: Format) -> Format:
    """PCM has its rate with it, G.711 has but one."""
    if wire.type in ("audio/pcmu", "audio/pcma"):
        return replace(wire, rate=None)
    return replace(wire, rate=PCM_HZ) if wire.type == PCM and wire.rate is None else wire


def _shown(side: Side) -> Side:
    return replace(side, format=shown_format(side.format))
