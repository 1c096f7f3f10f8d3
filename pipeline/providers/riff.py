"""Sound in WAV files and streams. Rule: only mono PCM16 passes; how long it will be is not believed.

Raw PCM has no mark of its own, so what bears that of another format is told by it: played, it would be loud noise.

Servers that stream write a length they cannot know yet: 0, or as much as fits. But where samples end as announced and
the name of a chunk follows (a title, say), the rest is not played: it would be noise.
"""

import re
import struct
from typing import NamedTuple

from pipeline.audio import WIDE_HZ, Resampler

LONGEST_HEADER = 4_096
PCM = 1
EXTENSIBLE = 0xFFFE
MARK_BYTES = 4
RATES_HZ = frozenset((8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000))
"""Those in use: what a broken header says instead may take for ever to resample."""
OTHER_MARKS = (b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3")
"""Of MP3, Ogg (Opus, Vorbis), FLAC and WebM."""
FRAME_MARKS = tuple(bytes((0xFF, second)) for second in (0xE2, 0xE3, 0xF0, 0xF1, 0xF2, 0xF3, 0xF8, 0xF9, 0xFA, 0xFB))
"""How frames of MP3 and AAC begin (ISO 11172-3, 13818-7): as samples, too loud to be a voice's first one."""
_CHUNK_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9 _]{3}")
"""As samples, two in a row that are louder than a voice ends with."""


class _Samples(NamedTuple):
    """Where they begin, how many bytes of them are announced, and their rate."""

    start: int
    size: int
    rate_hz: int


def without_header(chunk: bytes) -> bytes:
    """The samples of a chunk that may be a WAV file of its own."""
    if not chunk.startswith(b"RIFF"):
        return chunk
    found = _found(chunk)
    return _End(found.size).before(chunk[found.start :]) if found else b""


class _End:
    """Tells where samples end, of which so many bytes are announced."""

    def __init__(self, size: int) -> None:
        self._left: int | None = size or None
        self._after = b""

    def before(self, chunk: bytes) -> bytes:
        """The samples in a chunk."""
        if self._left is None:
            return chunk
        samples, self._after = chunk[: self._left], self._after + chunk[self._left :]
        self._left -= len(samples)
        if len(self._after) < MARK_BYTES or _CHUNK_NAME.match(self._after):
            return samples
        self._left = None
        return samples + self._after


class WavStream:
    """Bytes of raw PCM16 or of a WAV file, as they come, to PCM16 at 24 kHz. Raises ValueError for other sounds."""

    def __init__(self, raw_hz: int = WIDE_HZ) -> None:
        self._raw_hz = raw_hz
        self._head: bytes | None = b""
        self._end = _End(0)
        self._resampler: Resampler | None = None

    def take(self, chunk: bytes) -> bytes:
        """What this chunk gives."""
        if self._head is not None:
            self._head += chunk
            found = self._begun(self._head)
            if found is None:
                return b""
            chunk, self._head = self._head[found.start :], None
            self._end = _End(found.size)
            self._resampler = Resampler(found.rate_hz, WIDE_HZ) if found.rate_hz != WIDE_HZ else None
        chunk = self._end.before(chunk)
        return self._resampler.process(chunk) if self._resampler else chunk

    def _begun(self, head: bytes) -> _Samples | None:
        if len(head) < MARK_BYTES:
            return None
        if head.startswith((*OTHER_MARKS, *FRAME_MARKS)):
            raise ValueError("another format")
        if not head.startswith(b"RIFF"):
            return _Samples(0, 0, self._raw_hz)
        found = _found(head)
        if found is None and len(head) > LONGEST_HEADER:
            raise ValueError("a header without an end")
        return found


def _found(head: bytes) -> _Samples | None:
    """The samples, as soon as the header is there."""
    place, rate_hz = 12, 0
    while len(head) >= place + 8:
        kind, size = struct.unpack_from("<4sI", head, place)
        place += 8
        if kind == b"data":
            if not rate_hz:
                raise ValueError("no format")
            return _Samples(place, size, rate_hz)
        if kind == b"fmt ":
            if len(head) < place + 16:
                return None
            coding, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", head, place)
            if coding not in (PCM, EXTENSIBLE) or channels != 1 or bits != 16 or rate_hz not in RATES_HZ:
                raise ValueError("no mono PCM16")
        place += size + size % 2
    return None
