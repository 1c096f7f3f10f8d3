"""Names in a session, and who is meant by them. Rule: a session shows what was asked; providers get what is meant."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import ErrorDetail
from pipeline.realtime.mistakes import dotted, mistake
from pipeline.realtime.wish import AudioWish, ResponseWish

MODEL_NOT_FOUND = "model_not_found"


@dataclass(frozen=True, slots=True)
class Named:
    """A session whose names all mean somebody: as its clients see it, and as it is run."""

    shown: SessionConfig
    meant: SessionConfig


@dataclass(frozen=True, slots=True)
class Misnamed:
    """A name of a session, in dots, that means nobody who could be asked; `problem` says why."""

    param: str
    problem: str

    def as_error(self, prefix: str, event_id: str | None = None) -> ErrorDetail:
        """The error of whoever asked for it."""
        code = MODEL_NOT_FOUND if self.param == "model" else "invalid_value"
        return mistake(code, f"Invalid value: {self.problem}.", param=dotted(prefix, self.param), event_id=event_id)


Naming = Callable[[SessionConfig, SessionConfig], Named | Misnamed]
"""Finds who is meant by a session as it is asked for, and after it as it was meant until now."""


def as_asked(asked: SessionConfig, before: SessionConfig) -> Named:
    """For whoever takes every name as it is."""
    return Named(asked, asked)


def voiced(wish: ResponseWish, session: SessionConfig, naming: Naming) -> ResponseWish | Misnamed:
    """The wish with the voice that is meant by the one it names."""
    if wish.voice.voice is None:
        return wish
    output = replace(session.audio.output, voice=wish.voice.voice)
    named = naming(replace(session, audio=replace(session.audio, output=output)), session)
    if isinstance(named, Misnamed):
        return named
    return replace(wish, audio=AudioWish(output=replace(wish.voice, voice=named.meant.audio.output.voice)))
