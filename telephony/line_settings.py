"""How signalling and media of a line are spoken: a trunk's, or that of direct calls. Rule: defaults suit a carrier."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from msgspec import Meta

from telephony.toml_text import BrokenRule, KeyPath

Codec = Literal["PCMU", "PCMA", "G722", "opus"]
Use = Literal["off", "optional", "required"]
NARROW: Final[tuple[Codec, ...]] = ("PCMU", "PCMA")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """Codecs in the order to offer; `ptime_ms` is what we ask the far end to send.

    SRTP by the keys of SDES or DTLS, whichever the caller offers, the first when we call. `reliable_ringing` is 100rel
    (RFC 3262; when off, only for who requires it), `session_timer` RFC 4028. A frame waits
    in the jitter buffer for so long at least and at most.
    """

    codecs: tuple[Codec, ...] = NARROW
    ptime_ms: Literal[10, 20, 30, 40, 60] = 20
    srtp: Use = "off"
    srtp_keys: tuple[Literal["sdes", "dtls"], ...] = ("sdes", "dtls")
    ice: bool = False
    reliable_ringing: Use = "off"
    session_timer: Use = "optional"
    session_expires_s: Annotated[int, Meta(ge=90, le=86_400)] = 1_800
    keep_alive_s: Annotated[int, Meta(ge=0, le=600)] = 15
    jitter_min_ms: Annotated[int, Meta(ge=0, le=400)] = 0
    jitter_max_ms: Annotated[int, Meta(ge=40, le=1_000)] = 400


def broken_line(line: LineSettings, at: KeyPath) -> Iterator[BrokenRule]:
    """The keys that go ill together, what is wrong with the first of them, and what would do."""
    if not line.codecs:
        yield BrokenRule(((*at, "codecs"),), "is empty", 'e.g. ["PCMU", "PCMA"]')
    if line.srtp != "off" and not line.srtp_keys:
        yield BrokenRule(((*at, "srtp_keys"), (*at, "srtp")), "is empty, but there is SRTP", '["sdes", "dtls"]')
    if line.jitter_min_ms > line.jitter_max_ms:
        yield BrokenRule(((*at, "jitter_min_ms"), (*at, "jitter_max_ms")), "is above jitter_max_ms")
