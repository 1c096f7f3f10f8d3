"""What clients ask of a session: Realtime's client events. Rule: decode never raises; a refusal is a value too.

Items and responses come in several spellings; what is decoded has one.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, Final, get_args

import msgspec
from msgspec import Meta, Struct

from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import ErrorDetail
from pipeline.realtime.items import Item
from pipeline.realtime.mistakes import MistakeError, invalid, mistake
from pipeline.realtime.wish import ResponseWish, wish_in
from pipeline.realtime.written_items import item_in

EventId = Annotated[str, Meta(max_length=512)] | None


class AppendAudio(Struct, frozen=True, tag_field="type", tag="input_audio_buffer.append"):
    """More caller audio, base64 in the session's input format."""

    audio: str
    event_id: EventId = None


class CommitAudio(Struct, frozen=True, tag_field="type", tag="input_audio_buffer.commit"):
    """The caller audio so far is an item."""

    event_id: EventId = None


class ClearAudio(Struct, frozen=True, tag_field="type", tag="input_audio_buffer.clear"):
    """The caller audio so far never was."""

    event_id: EventId = None


class ClearPlayout(Struct, frozen=True, tag_field="type", tag="output_audio_buffer.clear"):
    """The agent stops talking; on calls only."""

    event_id: EventId = None


class RetrieveItem(Struct, frozen=True, tag_field="type", tag="conversation.item.retrieve"):
    """Show an item with everything."""

    item_id: str
    event_id: EventId = None


class TruncateItem(Struct, frozen=True, tag_field="type", tag="conversation.item.truncate"):
    """Only so much of the agent's item was heard."""

    item_id: str
    audio_end_ms: Annotated[int, Meta(ge=0)]
    content_index: Annotated[int, Meta(ge=0)]
    event_id: EventId = None


class DeleteItem(Struct, frozen=True, tag_field="type", tag="conversation.item.delete"):
    """Forget an item."""

    item_id: str
    event_id: EventId = None


class CancelResponse(Struct, frozen=True, tag_field="type", tag="response.cancel"):
    """No response any more: this one, or the one under way."""

    response_id: str | None = None
    event_id: EventId = None


class UpdateSession(Struct, frozen=True, tag_field="type", tag="session.update"):
    """Changes to the session: only the fields that are present (`pipeline.realtime.change`)."""

    session: dict[str, Any]
    event_id: EventId = None


class _ItemWritten(Struct, frozen=True, tag_field="type", tag="conversation.item.create"):
    item: dict[str, Any]
    previous_item_id: str | None = None
    event_id: EventId = None


class _ResponseWritten(Struct, frozen=True, tag_field="type", tag="response.create"):
    response: dict[str, Any] | None = None
    event_id: EventId = None


@dataclass(frozen=True, slots=True)
class CreateItem:
    """An item for the conversation; an empty id is to be drawn. Its place: after that one, first (`root`), or last."""

    item: Item
    previous_item_id: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class CreateResponse:
    """A response now."""

    wish: ResponseWish = field(default_factory=ResponseWish)
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerFunction:
    """What came of a function call: the agent goes on, or another one. It is no client's but the call's owner's."""

    call_id: str
    output: str
    goes_on: SessionConfig | None = None


ClientEvent = (
    AppendAudio
    | CommitAudio
    | ClearAudio
    | ClearPlayout
    | CreateItem
    | RetrieveItem
    | TruncateItem
    | DeleteItem
    | CreateResponse
    | CancelResponse
    | UpdateSession
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a client's event changes nothing, as an `error` event tells it."""

    error: ErrorDetail


Asked = ClientEvent | AnswerFunction | Refusal
"""What a session may be asked from outside."""

_Written = (
    AppendAudio
    | CommitAudio
    | ClearAudio
    | ClearPlayout
    | _ItemWritten
    | RetrieveItem
    | TruncateItem
    | DeleteItem
    | _ResponseWritten
    | CancelResponse
    | UpdateSession
)
_DECODER: Final[msgspec.json.Decoder[_Written]] = msgspec.json.Decoder(_Written)
_ANY: Final = msgspec.json.Decoder()
_TYPES: Final = frozenset(str(kind.__struct_config__.tag) for kind in get_args(_Written))


def decode(frame: bytes | str) -> ClientEvent | Refusal:
    """One frame of JSON."""
    try:
        written = _DECODER.decode(frame)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
        return Refusal(_why(frame, problem))
    try:
        match written:
            case _ItemWritten(item, previous_item_id, event_id):
                return CreateItem(item_in(item, "item"), previous_item_id, event_id)
            case _ResponseWritten(response, event_id):
                return CreateResponse(wish_in(response or {}), event_id)
            case _:
                return written
    except MistakeError as wrong:
        return Refusal(msgspec.structs.replace(wrong.error, event_id=written.event_id))


def refusal(code: str, message: str, *, param: str | None = None, event_id: str | None = None) -> Refusal:
    """A client's mistake that was found by who carries its events."""
    return Refusal(mistake(code, message, param=param, event_id=event_id))


def _why(frame: bytes | str, problem: Exception) -> ErrorDetail:
    """What is wrong with a frame, and the id of the event as far as it can be read."""
    unreadable = mistake("invalid_value", "Invalid value: a frame is one JSON object.")
    try:
        written = _ANY.decode(frame)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return unreadable
    if not isinstance(written, dict) or not isinstance(problem, msgspec.ValidationError):
        return unreadable
    kind, event_id = written.get("type"), written.get("event_id")
    event_id = event_id if isinstance(event_id, str) else None
    if "type" in written and not (isinstance(kind, str) and kind in _TYPES):
        message = f"Invalid value: {str(kind)[:64]!r} is no client event."
        return mistake("invalid_value", message, param="type", event_id=event_id)
    return invalid(problem, "", event_id)
