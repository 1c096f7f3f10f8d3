"""SIP messages as text (RFC 3261 section 7). Rule: reading refuses what is no SIP; writing adds Content-Length."""

from dataclasses import dataclass

COMPACT = {
    "c": "content-type",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "s": "subject",
    "t": "to",
    "v": "via",
}

Fields = tuple[tuple[str, str], ...]


class MalformedMessageError(ValueError):
    """The bytes are not a SIP message."""


@dataclass(frozen=True, slots=True)
class Request:
    """A SIP request; fields keep their order and spelling."""

    method: str
    uri: str
    fields: Fields
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """A SIP response; fields keep their order and spelling."""

    code: int
    reason: str
    fields: Fields
    body: bytes = b""


Message = Request | Response


def values(message: Message, name: str) -> list[str]:
    """Every value of a header field, in order; the name in full, in any case."""
    wanted = name.lower()
    return [value for key, value in message.fields if _full(key) == wanted]


def value(message: Message, name: str) -> str:
    """The first value of a header field, empty when it is missing."""
    return next(iter(values(message, name)), "")


def parameter(text: str, name: str) -> str:
    """A `;name=value` parameter of a header value or URI, empty when it is missing."""
    for part in text.replace(">", ";").split(";")[1:]:
        key, _, found = part.strip().partition("=")
        if key.strip().lower() == name:
            return found.strip()
    return ""


def bare_uri(address: str) -> str:
    """The URI of a name-addr: `"Ann" <sip:ann@host>;tag=1` -> `sip:ann@host`."""
    if "<" in address:
        return address.partition("<")[2].partition(">")[0]
    return address.partition(";")[0].strip()


def cseq(message: Message) -> tuple[int, str]:
    """Number and method of CSeq."""
    number, _, method = value(message, "cseq").partition(" ")
    return int(number) if number.isdigit() else 0, method.strip()


def text_of(message: Message) -> bytes:
    """The message as it goes on the wire."""
    if isinstance(message, Request):
        start = f"{message.method} {message.uri} SIP/2.0"
    else:
        start = f"SIP/2.0 {message.code} {message.reason}"
    lines = [start, *(f"{name}: {text}" for name, text in message.fields)]
    lines.append(f"Content-Length: {len(message.body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + message.body


def read(wire: bytes) -> Message:
    """One whole message; raises MalformedMessageError."""
    start, fields, body = _opened(wire)
    length = _body_length(fields, len(body))
    if length > len(body):
        raise MalformedMessageError("the body is shorter than Content-Length")
    kept = tuple(field for field in fields if _full(field[0]) != "content-length")
    return _started(start, kept, body[:length])


def first_message_bytes(stream: bytes) -> int:
    """Length of the first message in a stream, 0 while it is incomplete; raises MalformedMessageError."""
    if b"\r\n\r\n" not in stream:
        return 0
    _, fields, rest = _opened(stream)
    length = _body_length(fields, 0)
    return len(stream) - len(rest) + length if length <= len(rest) else 0


def _opened(wire: bytes) -> tuple[str, Fields, bytes]:
    head, gap, rest = wire.partition(b"\r\n\r\n")
    if not gap:
        raise MalformedMessageError("no empty line after the header fields")
    lines = head.decode("utf-8", "replace").replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")
    return lines[0], tuple(_field(line) for line in lines[1:]), rest


def _body_length(fields: Fields, default: int) -> int:
    told = next((text for name, text in fields if _full(name) == "content-length"), str(default))
    if not told.isdigit():
        raise MalformedMessageError("Content-Length is no number")
    return int(told)


def _started(start: str, fields: Fields, body: bytes) -> Message:
    words = start.split(" ", 2)
    if len(words) != 3:
        raise MalformedMessageError(f"no start line: {start[:40]!r}")
    if words[0] == "SIP/2.0" and words[1].isdigit():
        return Response(int(words[1]), words[2], fields, body)
    if words[2] != "SIP/2.0":
        raise MalformedMessageError(f"no SIP version: {start[:40]!r}")
    return Request(words[0], words[1], fields, body)


def _field(line: str) -> tuple[str, str]:
    name, colon, text = line.partition(":")
    if not colon:
        raise MalformedMessageError(f"no header field: {line[:40]!r}")
    return name.strip(), text.strip()


def _full(name: str) -> str:
    lowered = name.lower()
    return COMPACT.get(lowered, lowered)
