"""One message of a WebSocket client as an event. Rule: a long one is never worked on as a whole.

Only audio is long; it is cut out before the rest is read as JSON, and decoded in slices between which others have
their turn.
"""

import asyncio
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from pipeline.realtime.client import AppendAudio, ClientEvent, Refusal, decode, refusal
from telephony.control.websocket_protocol import LONG_BYTES, PIECES

SLICE_CHARS: Final = 64 << 10
BINARY: Final = refusal("invalid_value", "Invalid value: events are text frames, and this one is binary.")
TOO_LONG: Final = refusal("string_above_max_length", "An event without audio is not longer than 1 MiB.")
_AUDIO: Final = re.compile(rb'"audio"\s*:\s*"')
_LONGEST_ESCAPE: Final = len(r"\u002b")
_TEXT: Final = msgspec.json.Decoder(str)


@dataclass(frozen=True, slots=True)
class Appended:
    """More caller audio: base64, as it stands in the message."""

    parts: Sequence[bytes]
    event_id: str | None = None


def event_of(message: Mapping[str, Any]) -> ClientEvent | Refusal | Appended:
    """The event in a `websocket.receive`."""
    pieces = message.get(PIECES)
    if pieces is not None:
        return _long_event(pieces)
    text = message.get("text")
    event = BINARY if text is None else decode(text)
    if not isinstance(event, AppendAudio):
        return event
    raw = event.audio.encode()
    return Appended([raw[at : at + SLICE_CHARS] for at in range(0, len(raw), SLICE_CHARS)], event.event_id)


def is_long(message: Mapping[str, Any]) -> bool:
    """Whether it is longer than any event without audio."""
    return PIECES in message


async def decoded(parts: Iterable[bytes]) -> list[bytes] | None:
    """The bytes of base64 in slices; None when it is none."""
    slices: list[bytes] = []
    rest, padded = b"", False
    try:
        for part in _unescaped(parts):
            if slices:
                await asyncio.sleep(0)
            rest += part
            whole = len(rest) - len(rest) % 4
            if whole and padded:
                return None
            slices.append(binascii.a2b_base64(rest[:whole], strict_mode=True))
            padded = len(slices[-1]) * 4 != whole * 3
            rest = rest[whole:]
    except (msgspec.MsgspecError, ValueError):
        return None
    return None if rest else slices


def _long_event(pieces: Sequence[bytes]) -> ClientEvent | Refusal | Appended:
    begun = _AUDIO.search(pieces[0])
    if begun is None:
        return TOO_LONG
    head, at = pieces[0][: begun.end()], begun.end()
    parts: list[bytes] = []
    for piece in pieces:
        end = piece.find(b'"', at)
        if end >= 0:
            break
        parts.append(piece[at:] if at else piece)
        at = 0
    else:
        return decode(head)
    parts.append(piece[at:end])
    behind = [piece[end:], *pieces[len(parts) :]]
    if sum(map(len, behind)) > LONG_BYTES:
        return TOO_LONG
    event = decode(b"".join((head, *behind)))
    return Appended(parts, event.event_id) if isinstance(event, AppendAudio) else event


def _unescaped(parts: Iterable[bytes]) -> Iterator[bytes]:
    """What escapes stand for, which some write for a slash or a plus. No escape is torn."""
    torn = b""
    for part in parts:
        chunk, torn = torn + part, b""
        if b"\\" in chunk:
            last = chunk.rfind(b"\\", max(0, len(chunk) - _LONGEST_ESCAPE + 1))
            if last >= 0:
                chunk, torn = chunk[:last], chunk[last:]
            chunk = _TEXT.decode(b'"%b"' % chunk).encode()
        yield chunk
    if torn:
        yield _TEXT.decode(b'"%b"' % torn).encode()
