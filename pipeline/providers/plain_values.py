"""Text and counts out of vendors' JSON. Rule: what leaves here can be sent on, whatever a vendor wrote.

JSON may cut a letter beyond U+FFFF in two halves, and name a half without the other (RFC 8259, section 8.2): Python
reads such text, and cannot encode it.
"""

from typing import Any, Final

FIRST_HALVES: Final = ("\ud800", "\udbff")
MOST_COUNTED: Final = 1 << 53


def as_text(value: Any) -> str:
    """What must be text; raises TypeError. A half of a letter becomes U+FFFD."""
    if not isinstance(value, str):
        raise TypeError
    return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def as_count(value: Any) -> int:
    """What should be a count; 0 when it is none, for nobody's words depend on it."""
    return int(value) if isinstance(value, int | float) and 0 <= value <= MOST_COUNTED else 0


def as_object(value: Any) -> dict[str, Any]:
    """What should be an object of counts; an empty one when it is none."""
    return value if isinstance(value, dict) else {}


class TextInPieces:
    """Text that comes piece by piece, which may be cut within a letter."""

    def __init__(self) -> None:
        self._half = ""

    def next(self, piece: Any) -> str:
        """A piece with what was left of the one before; raises TypeError when it is no text."""
        if not isinstance(piece, str):
            raise TypeError
        text, self._half = self._half + piece, ""
        first, last = FIRST_HALVES
        if text and first <= text[-1] <= last:
            text, self._half = text[:-1], text[-1]
        return as_text(text)
