"""Where spoken words come from. Rule: an offset never goes back, and what is half said is not yet said."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Change(NamedTuple):
    """The text from `start` to `end` is said as `words`."""

    start: int
    end: int
    words: str


class _Mark(NamedTuple):
    """A changed stretch: where it stands in what is said, and where in the text."""

    said: int
    said_end: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class EarText:
    """What is said of a text of this length, with the changed stretches, and what was changed before them."""

    said: str
    length: int
    marks: tuple[_Mark, ...] = ()
    before: "EarText | None" = None

    @property
    def speakable(self) -> bool:
        """True when there is anything to say."""
        return any(letter.isalnum() for letter in self.said)

    def written(self, chars: int) -> int:
        """How much of the text is told by the first `chars` of what is said; a changed word counts as a whole.

        What is not said, such as a closing asterisk, goes with the word before it.
        """
        here = self._written(chars)
        return here if self.before is None else self.before.written(here)

    def _written(self, chars: int) -> int:
        if chars >= len(self.said):
            return self.length
        at = bisect_right(self.marks, chars, key=lambda mark: mark.said) - 1
        while at >= 0 and self._is_ahead(self.marks[at], chars):
            at -= 1
        following = self.marks[at + 1].start if at + 1 < len(self.marks) else self.length
        told, said = (self.marks[at].end, self.marks[at].said_end) if at >= 0 else (0, 0)
        return min(told + max(chars - said, 0), following)

    def _is_ahead(self, mark: _Mark, chars: int) -> bool:
        """Whether the text of this mark has not been told yet."""
        if mark.said == mark.said_end == chars:
            return chars == 0 or self.said[chars - 1].isspace()
        return chars < mark.said_end


def rewritten(text: str, changes: Iterable[Change], before: EarText | None = None) -> EarText:
    """The text with these changes, which lie in order and apart; `before` is what made this text."""
    parts: list[str] = []
    marks: list[_Mark] = []
    said = at = 0
    for change in changes:
        parts += (text[at : change.start], change.words)
        said += change.start - at
        marks.append(_Mark(said, said + len(change.words), change.start, change.end))
        said, at = said + len(change.words), change.end
    parts.append(text[at:])
    return EarText("".join(parts), len(text), tuple(marks), before)
