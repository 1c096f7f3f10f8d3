"""What the event loop and a recogniser's process tell each other. Rule: pure; one hearing, one number.

A message is msgpack behind its length: four bytes, little-endian.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

LENGTH_BYTES = 4
T = TypeVar("T")


class Open(Struct, frozen=True, tag="open"):
    """Make a recogniser ready for a call; Ready or Unpronounceable follows."""

    hearing: int
    prompt: str | None


class Begin(Struct, frozen=True, tag="begin"):
    """An utterance begins."""

    hearing: int
    utterance: int


class Feed(Struct, frozen=True, tag="feed"):
    """PCM16 at 8 kHz of the open utterance."""

    hearing: int
    pcm: bytes


class End(Struct, frozen=True, tag="end"):
    """The utterance is complete; a final Heard follows."""

    hearing: int
    utterance: int


class Close(Struct, frozen=True, tag="close"):
    """The call is over."""

    hearing: int


Request = Open | Begin | Feed | End | Close


class Ready(Struct, frozen=True, tag="ready"):
    """The recogniser listens."""

    hearing: int


class Unpronounceable(Struct, frozen=True, tag="unpronounceable"):
    """The prompt has words without a pronunciation."""

    hearing: int
    words: tuple[str, ...]


class Heard(Struct, frozen=True, tag="heard"):
    """Words of an utterance; `final` once."""

    hearing: int
    utterance: int
    text: str
    final: bool


class Lost(Struct, frozen=True, tag="lost"):
    """The engine failed for this hearing; nothing more comes of it."""

    hearing: int


Report = Ready | Unpronounceable | Heard | Lost

REQUESTS: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
REPORTS: msgspec.msgpack.Decoder[Report] = msgspec.msgpack.Decoder(Report)


def packed(message: Request | Report) -> bytes:
    """One message with its length before it."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "little") + body


class Unpacker(Generic[T]):
    """Bytes as they arrive -> whole messages of one type; raises msgspec.DecodeError on anything else."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[T]) -> None:
        self._decoder = decoder
        self._waiting = b""

    def feed(self, arrived: bytes) -> Iterator[T]:
        """The messages that are now complete."""
        line = self._waiting + arrived
        at = 0
        while len(line) - at >= LENGTH_BYTES:
            start = at + LENGTH_BYTES
            end = start + int.from_bytes(line[at:start], "little")
            if end > len(line):
                break
            yield self._decoder.decode(line[start:end])
            at = end
        self._waiting = line[at:]
