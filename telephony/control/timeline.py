"""What happened in a call and what was said, out of its record and its events. Rule: pure; what is unknown is skipped.

Times are Unix milliseconds: those of the record's steps, and of the moment each event was published.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from telephony.state.bus import StoredEvent
from telephony.state.record import CallRecord

Who = Literal["caller", "agent", "application", "digit"]

# What a person would tell of a call; deltas and the bookkeeping of items are not in it.
_TOLD: Final = {
    "session.updated": (),
    "input_audio_buffer.speech_started": ("item_id", "audio_start_ms"),
    "input_audio_buffer.speech_stopped": ("item_id", "audio_end_ms"),
    "input_audio_buffer.timeout_triggered": ("item_id",),
    "input_audio_buffer.dtmf_event_received": (),
    "conversation.item.input_audio_transcription.completed": ("item_id",),
    "conversation.item.input_audio_transcription.failed": ("item_id",),
    "conversation.item.truncated": ("item_id", "audio_end_ms"),
    "response.created": (),
    "response.done": (),
    "response.function_call_arguments.done": ("response_id", "item_id", "name"),
    "output_audio_buffer.started": ("response_id",),
    "output_audio_buffer.stopped": ("response_id",),
    "output_audio_buffer.cleared": ("response_id",),
    "error": (),
    "offhook.barge_in": ("item_id", "response_id", "verdict", "took_ms", "heard_ms"),
    "offhook.echo_heard": ("response_id", "item_id"),
    "offhook.turn_decided": ("grounds",),
    "offhook.turn_timeline": ("response_id", "stages", "grounds"),
}


class Moment(Struct, frozen=True, omit_defaults=True):
    """One thing that happened: `call.ringing`, `call.answered`, `call.ended`, `call.lost`, or a server event's type."""

    at_ms: int
    type: str
    detail: dict[str, Any] = {}


class Line(Struct, frozen=True, omit_defaults=True):
    """Something said, pressed or written; `heard_ms` of the agent's words were heard before it was cut short."""

    at_ms: int
    who: Who
    text: str
    item_id: str | None = None
    heard_ms: int | None = None


def timeline(record: CallRecord, events: Iterable[StoredEvent]) -> list[Moment]:
    """What happened, in order."""
    moments = [*_steps(record), *(moment for moment in map(_moment, events) if moment)]
    return sorted(moments, key=lambda moment: moment.at_ms)


def transcript(events: Iterable[StoredEvent]) -> list[Line]:
    """What was said, in the order in which it was known."""
    lines: list[Line] = []
    for stored in events:
        event = _decoded(stored)
        match event:
            case {"type": "conversation.item.input_audio_transcription.completed", "transcript": str(words)}:
                lines.append(Line(_at_ms(stored), "caller", words, event.get("item_id")))
            case {"type": "conversation.item.done", "item": {"type": "message", "role": str(role)} as item}:
                lines += _written(_at_ms(stored), role, item)
            case {"type": "conversation.item.truncated", "item_id": item_id, "audio_end_ms": heard_ms}:
                lines = [
                    msgspec.structs.replace(line, heard_ms=heard_ms) if line.item_id == item_id else line
                    for line in lines
                ]
            case {"type": "input_audio_buffer.dtmf_event_received", "event": str(digit)}:
                lines.append(Line(_at_ms(stored), "digit", digit))
    return lines


def _steps(record: CallRecord) -> Iterator[Moment]:
    yield Moment(record.started_at_ms, "call.ringing")
    if record.answered_at_ms is not None:
        yield Moment(record.answered_at_ms, "call.answered")
    if record.ending is not None:
        at_ms = record.ended_at_ms or record.changed_at_ms
        yield Moment(at_ms, f"call.{record.state}", msgspec.to_builtins(record.ending))


def _moment(stored: StoredEvent) -> Moment | None:
    event = _decoded(stored)
    kind = event.get("type", "")
    if kind not in _TOLD:
        return None
    detail = {name: event[name] for name in _TOLD[kind] if name in event}
    match event:
        case {"response": {"id": response_id, "status": status}}:
            detail |= {"response_id": response_id, "status": status}
        case {"error": {"code": code}}:
            detail["code"] = code
        case {"event": digit}:
            detail["digit"] = digit
    return Moment(_at_ms(stored), kind, detail)


def _written(at_ms: int, role: str, item: dict[str, Any]) -> Iterator[Line]:
    """The words of an item that somebody wrote or the agent spoke; the caller's own come as transcripts."""
    parts = [part for part in item.get("content", ()) if part.get("type") != "input_audio"]
    words = "".join(part.get("transcript") or part.get("text") or "" for part in parts).strip()
    if words:
        yield Line(at_ms, "agent" if role == "assistant" else "application", words, item.get("id"))


def _decoded(stored: StoredEvent) -> dict[str, Any]:
    try:
        event = msgspec.json.decode(stored.event)
    except msgspec.DecodeError:
        return {}
    return event if isinstance(event, dict) else {}


def _at_ms(stored: StoredEvent) -> int:
    return int(stored.position.partition("-")[0])
