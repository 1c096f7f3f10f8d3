"""What an application attached to a call may ask, as Realtime client events. Rule: a refusal is a value too.

Here are the events that steer a call from outside: answers to function calls, responses, and changes of the session.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import ErrorDetail


class _Output(Struct, frozen=True, tag_field="type", tag="function_call_output"):
    call_id: str
    output: str


class CreateItem(Struct, frozen=True, tag_field="type", tag="conversation.item.create"):
    """The answer to a function call."""

    item: _Output
    event_id: str | None = None


class CreateResponse(Struct, frozen=True, tag_field="type", tag="response.create"):
    """A response now."""

    event_id: str | None = None


class CancelResponse(Struct, frozen=True, tag_field="type", tag="response.cancel"):
    """No response any more."""

    event_id: str | None = None


class UpdateSession(Struct, frozen=True, tag_field="type", tag="session.update"):
    """Changes to the session: only the fields that are present."""

    session: dict[str, Any]
    event_id: str | None = None


ClientEvent = CreateItem | CreateResponse | CancelResponse | UpdateSession


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a client's event changes nothing, as an `error` event tells it."""

    error: ErrorDetail


_DECODER: msgspec.json.Decoder[ClientEvent] = msgspec.json.Decoder(ClientEvent)


def decode(frame: bytes | str) -> ClientEvent | Refusal:
    """One frame of JSON."""
    try:
        return _DECODER.decode(frame)
    except msgspec.MsgspecError as problem:
        return Refusal(_mistake("invalid_value", str(problem), None))


def updated(config: SessionConfig, update: UpdateSession) -> SessionConfig | Refusal:
    """The config with the update's fields; objects merge field by field, a refused update changes nothing."""
    merged = _merged(msgspec.to_builtins(config), update.session)
    try:
        return msgspec.convert(merged, SessionConfig)
    except msgspec.ValidationError as problem:
        return Refusal(_mistake("invalid_value", str(problem), update.event_id))


def _merged(old: object, new: object) -> object:
    if not isinstance(old, dict) or not isinstance(new, dict) or new.get("type", old.get("type")) != old.get("type"):
        return new
    return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}


def _mistake(code: str, message: str, event_id: str | None) -> ErrorDetail:
    return ErrorDetail(type="invalid_request_error", code=code, message=message, event_id=event_id)
