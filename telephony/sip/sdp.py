"""What an SDP of ours should say of codecs. Rule: pure; what a line does not speak it neither offers nor takes."""

import re
from collections.abc import Iterator
from typing import Final

_STATIC: Final = {"0": "pcmu", "8": "pcma", "9": "g722"}  # RFC 3551 section 6: these need no rtpmap
_EVENTS: Final = "telephone-event"
_OF_FORMAT = re.compile(r"a=(?:rtpmap|fmtp|rtcp-fb):(\d+)[ /]")
_RTPMAP = re.compile(r"^a=rtpmap:(\d+) ([^/\s]+)", re.MULTILINE)


def shaped(sdp: str, codecs: tuple[str, ...], ptime_ms: int) -> str:
    """The SDP with these codecs, in this order, and with events; audio that has none of them stays as it is."""
    session, *media = re.split(r"^(?=m=)", sdp, flags=re.MULTILINE)
    return session + "".join(
        _audio(medium, codecs, ptime_ms) if medium.startswith("m=audio") else medium for medium in media
    )


def _audio(medium: str, codecs: tuple[str, ...], ptime_ms: int) -> str:
    head, *lines = medium.splitlines(keepends=True)
    words = head.split()
    names = {**_STATIC, **{number: name.lower() for number, name in _RTPMAP.findall(medium)}}
    order = {codec.lower(): place for place, codec in enumerate(codecs)}
    spoken = [number for number in words[3:] if names.get(number) in order]
    if not spoken:
        return medium
    spoken.sort(key=lambda number: order[names[number]])
    kept = [*spoken, *(number for number in words[3:] if names.get(number) == _EVENTS)]
    return " ".join([*words[:3], *kept]) + "\r\n" + "".join(_lines(lines, set(kept), ptime_ms))


def _lines(lines: list[str], kept: set[str], ptime_ms: int) -> Iterator[str]:
    for line in lines:
        about = _OF_FORMAT.match(line)
        if line.startswith("a=ptime:") or (about and about[1] not in kept):
            continue
        yield line
    yield f"a=ptime:{ptime_ms}\r\n"
