"""A reply's text without the thoughts that models write into it between tags. Rule: what was cut is read as one text.

Open models think before they speak (`<think>`, which some servers pass on as text), others where their prompt lets
them (`<thinking>`).
"""

import re
from dataclasses import dataclass
from typing import Final

OPENINGS: Final = ("<think>", "<thinking>")
_OPENING: Final = re.compile("|".join(OPENINGS))


@dataclass(slots=True)
class Aloud:
    """What of one reply is spoken; white space around thoughts is not told twice, nor before the first word."""

    _held: str = ""
    _closing: str = ""
    _spaced: bool = True
    _trims: bool = True

    def next(self, piece: str) -> str:
        """What may be spoken of this and of what was held back."""
        text, self._held = self._held + piece, ""
        said = ""
        while text:
            if self._closing:
                text = self._after_thoughts(text)
                continue
            opening = _OPENING.search(text)
            said += self._trimmed(text[: opening.start()] if opening else self._sure(text))
            self._closing, text = (opening[0].replace("<", "</"), text[opening.end() :]) if opening else ("", "")
        return said

    def rest(self) -> str:
        """What is still held back at the end, unless it is thoughts."""
        held, self._held = self._held, ""
        return "" if self._closing else held

    def _after_thoughts(self, text: str) -> str:
        """What follows the thoughts; nothing while they go on."""
        _, tag, after = text.partition(self._closing)
        if tag:
            self._closing, self._trims = "", self._spaced
        else:
            self._held = text[1 - len(self._closing) :]
        return after

    def _sure(self, text: str) -> str:
        """The text without what may become a tag, which is held back."""
        at = text.rfind("<")
        if at >= 0 and any(tag.startswith(text[at:]) for tag in OPENINGS):
            text, self._held = text[:at], text[at:]
        return text

    def _trimmed(self, words: str) -> str:
        if self._trims:
            words = words.lstrip()
        if words:
            self._spaced, self._trims = words[-1].isspace(), False
        return words
