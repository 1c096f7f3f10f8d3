"""Session descriptions for one G.711 stream (RFC 4566, 3264). Rule: one audio line, with telephone-event."""

from dataclasses import dataclass
from typing import Literal

Law = Literal["ulaw", "alaw"]

PAYLOAD_TYPES: dict[Law, int] = {"ulaw": 0, "alaw": 8}
ENCODINGS: dict[Law, str] = {"ulaw": "PCMU", "alaw": "PCMA"}
EVENTS_PAYLOAD_TYPE = 101
MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive", "sendrecv": "sendrecv"}


class NoCommonAudioError(ValueError):
    """The description has no G.711 audio that both sides know."""


@dataclass(frozen=True, slots=True)
class Description:
    """Where one side wants its audio and which laws it speaks, best first."""

    host: str
    port: int
    laws: tuple[Law, ...]
    events: int | None = EVENTS_PAYLOAD_TYPE
    direction: str = "sendrecv"


def text_of(description: Description) -> bytes:
    """The description as an SDP body."""
    kinds = [str(PAYLOAD_TYPES[law]) for law in description.laws]
    maps = [f"a=rtpmap:{PAYLOAD_TYPES[law]} {ENCODINGS[law]}/8000" for law in description.laws]
    if description.events is not None:
        kinds.append(str(description.events))
        maps += [f"a=rtpmap:{description.events} telephone-event/8000", f"a=fmtp:{description.events} 0-15"]
    lines = [
        "v=0",
        f"o=- {description.port} {description.port} IN IP4 {description.host}",
        "s=-",
        f"c=IN IP4 {description.host}",
        "t=0 0",
        f"m=audio {description.port} RTP/AVP {' '.join(kinds)}",
        *maps,
        "a=ptime:20",
        f"a={description.direction}",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def read(body: bytes) -> Description:
    """The first audio stream of an SDP body; raises NoCommonAudioError."""
    lines = body.decode("utf-8", "replace").splitlines()
    start = next((at for at, line in enumerate(lines) if line.startswith("m=audio ")), None)
    if start is None:
        raise NoCommonAudioError("no audio line")
    stop = next((at for at in range(start + 1, len(lines)) if lines[at].startswith("m=")), len(lines))
    session, media = [line for line in lines[:start] if not line.startswith("m=")], lines[start:stop]
    words = media[0].split()
    laws = tuple(law for kind in words[3:] for law, number in PAYLOAD_TYPES.items() if kind == str(number))
    if not laws:
        raise NoCommonAudioError("neither PCMU nor PCMA")
    return Description(_host(media, session), int(words[1]), laws, _events(media), _direction(media, session))


def _host(media: list[str], session: list[str]) -> str:
    for line in (*media, *session):
        if line.startswith("c=IN IP4 "):
            return line.split()[2].partition("/")[0]
    raise NoCommonAudioError("no IPv4 address")


def _events(media: list[str]) -> int | None:
    for line in media:
        if line.startswith("a=rtpmap:") and line.lower().endswith(" telephone-event/8000"):
            return int(line[len("a=rtpmap:") :].split()[0])
    return None


def _direction(media: list[str], session: list[str]) -> str:
    for line in (*media, *session):
        if line.startswith("a=") and line[2:].strip() in MIRRORED:
            return line[2:].strip()
    return "sendrecv"
