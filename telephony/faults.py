"""What is wrong in a file somebody wrote, where, and what to do. Rule: a fault never quotes a secret."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong. `line` is 1-based, 0 where a line means nothing; `path` is the dotted key."""

    file: str
    line: int
    path: str
    problem: str
    remedy: str = ""

    @property
    def place(self) -> str:
        """`FILE:LINE: PATH`."""
        file = f"{self.file}:{self.line}" if self.line else self.file
        return f"{file}: {self.path}" if self.path else file

    def __str__(self) -> str:
        """The form compilers use, so that editors jump to it: `FILE:LINE: PATH: PROBLEM (REMEDY)`."""
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{self.place}: {self.problem}{remedy}"


class FaultyError(Exception):
    """Something written by a person cannot be used; `faults` holds everything wrong with it, in file order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy for a word nobody knows: the one that was probably meant, else all there are."""
    words = sorted(known)
    near = get_close_matches(word.lower(), [known_word.lower() for known_word in words], n=1, cutoff=0.6)
    if near:
        meant = next(known_word for known_word in words if known_word.lower() == near[0])
        return f"did you mean {meant!r}?"
    return f"known here: {', '.join(words)}" if words else ""
