"""A client's long WebSocket frames as several short ones. Rule: pure; payload bytes pass as they are, headers are new.

A frame is unmasked and copied as a whole, which at 24 MiB takes longer than a call may wait. RFC 6455, section 5.4,
lets an intermediary fragment messages; a piece of a multiple of four bytes leaves the mask as it is.
"""

from typing import Final

PIECE_BYTES: Final = 64 << 10
_FIN: Final = 0x80
_OPCODE: Final = 0x0F
_CONTINUATION: Final = 0x0
_BINARY: Final = 0x2
_MASKED: Final = 0x80
_MASK_BYTES: Final = 4


class FrameSplitter:
    """The stream of one client, from behind the handshake on."""

    def __init__(self, longest_bytes: int) -> None:
        """A frame that announces more is left as it is, for whoever refuses it."""
        self._longest_bytes = longest_bytes
        self._header = bytearray()
        self._first = 0
        self._mask = b""
        self._left = 0
        self._piece_left = 0

    def split(self, received: bytes) -> bytes:
        """The same payload in short frames."""
        out: list[bytes | bytearray | memoryview] = []
        view, at = memoryview(received), 0
        while at < len(view):
            if self._left == 0:
                at = self._read_header(view, at, out)
            elif self._piece_left == 0:
                out.append(self._next_piece(_CONTINUATION))
            else:
                step = min(self._piece_left, len(view) - at)
                out.append(view[at : at + step])
                at += step
                self._piece_left -= step
                self._left -= step
        return b"".join(out)

    def _read_header(self, view: memoryview, at: int, out: list[bytes | bytearray | memoryview]) -> int:
        """Take the next byte of a header, which may come in parts; returns how far the view has been read."""
        self._header.append(view[at])
        size = _header_bytes(self._header)
        if len(self._header) == size:
            header, self._header = self._header, bytearray()
            length = _payload_bytes(header)
            self._left = self._piece_left = length
            masked = bool(header[1] & _MASKED)
            if PIECE_BYTES < length <= self._longest_bytes and masked and header[0] & _OPCODE <= _BINARY:
                self._first, self._mask = header[0], bytes(header[-_MASK_BYTES:])
                out.append(self._next_piece(header[0] & ~_FIN))
            else:
                out.append(header)
        return at + 1

    def _next_piece(self, first: int) -> bytes:
        """The header of the next piece; only the last one ends the message, if the frame did."""
        self._piece_left = min(self._left, PIECE_BYTES)
        if self._piece_left == self._left:
            first |= self._first & _FIN
        length = self._piece_left
        if length < 126:
            return bytes((first, _MASKED | length)) + self._mask
        if length < 1 << 16:
            return bytes((first, _MASKED | 126)) + length.to_bytes(2, "big") + self._mask
        return bytes((first, _MASKED | 127)) + length.to_bytes(8, "big") + self._mask


def _header_bytes(header: bytearray) -> int:
    """How long a header is, as far as its beginning tells."""
    if len(header) < 2:
        return 2
    more = {126: 2, 127: 8}.get(header[1] & 0x7F, 0)
    return 2 + more + (_MASK_BYTES if header[1] & _MASKED else 0)


def _payload_bytes(header: bytearray) -> int:
    length = header[1] & 0x7F
    if length < 126:
        return length
    return int.from_bytes(header[2 : 4 if length == 126 else 10], "big")
