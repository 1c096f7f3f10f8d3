"""Cuts a model's text into pieces that can be spoken one after the other. Rule: the pieces add up to the text.

The first piece is cut early, at a clause, so that the caller hears a voice soon; later ones end with their sentence,
unless it is very long. What follows a full stop decides what it meant, so a piece is given when that is there. Each
place to cut is known from some length of the text on, and the one that is known first is taken: the pieces are the
same however the text arrives.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.breaks import Verdict, keeps_together, stop_at

FIRST_PIECE_CHARS = 12
LONG_PIECE_CHARS = 160
FIRST_LONGEST_CHARS = 80
LONGEST_CHARS = 240
LOOK_AHEAD_CHARS = 24

_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]”’»*_`]*(?=\s)|\n")
_CLAUSE_END = re.compile(r"[,;:—–]+[\"')\]”’»*_`]*(?=\s)")


class _Place(NamedTuple):
    """Where the text may be cut, and how much of it must be there to know that."""

    known: int
    clause: bool
    cut: int


class SentenceCutter:
    """Feed it deltas; it gives back pieces, each with the white space that precedes it."""

    def __init__(self, language: str = "en") -> None:
        self._language = language.partition("-")[0].lower()
        self._rest = ""
        self._first = True
        self._passed = self._known = 0

    def feed(self, delta: str) -> list[str]:
        """The pieces that this delta completed."""
        self._rest += delta
        pieces = []
        while (cut := self._cut()) is not None:
            piece, self._rest = self._rest[:cut], self._rest[cut:]
            pieces.append(piece)
            self._first, self._passed, self._known = False, 0, 0
        return pieces

    def finish(self) -> list[str]:
        """The last piece, if anything speakable is left."""
        rest, self._rest = self._rest, ""
        self._first, self._passed, self._known = True, 0, 0
        return [rest] if rest.strip() else []

    def _cut(self) -> int | None:
        """Where the next piece ends, if that is known; a text without marks is cut between words."""
        longest = FIRST_LONGEST_CHARS if self._first else LONGEST_CHARS
        place = min(self._places(longest), default=None)
        if place is not None:
            return place.cut
        return _between_words(self._rest, longest) if len(self._rest) > longest + LOOK_AHEAD_CHARS else None

    def _places(self, longest: int) -> Iterator[_Place]:
        """All that are known by now, as far as the text may be looked at."""
        text = self._rest[: longest + LOOK_AHEAD_CHARS]
        if (sentence := self._sentence_end(text)) is not None and sentence.cut <= longest:
            yield sentence
        wait_for = 0 if self._first else LONG_PIECE_CHARS
        least = FIRST_PIECE_CHARS if self._first else LONG_PIECE_CHARS // 2
        for found in _CLAUSE_END.finditer(text):
            known = max(found.end() + 1 + _is_after_figure(text, found.start()), wait_for + 1)
            if known > len(text) or found.end() > longest:
                return
            if len(text[: found.end()].strip()) >= least and not keeps_together(text, found.end()):
                yield _Place(known, True, found.end())
                return

    def _sentence_end(self, text: str) -> _Place | None:
        """The first that is known; marks that end nothing are passed for good."""
        for found in _SENTENCE_END.finditer(text, self._passed):
            if not text[: found.end()].strip():
                continue
            if found[0] == "\n":
                return _Place(max(self._known, found.end()), False, found.end())
            verdict, needed = stop_at(text, found, self._language)
            if verdict is Verdict.UNDECIDED:
                return None
            self._known = max(self._known, needed)
            if verdict is Verdict.ENDS:
                return _Place(self._known, False, found.end())
            self._passed = found.end()
        return None


def _is_after_figure(text: str, at: int) -> bool:
    return text[at - 1 : at].isdecimal()


def _between_words(text: str, longest: int) -> int:
    """The last space that parts nothing, else the last space, else anywhere."""
    spaces = [at for at in range(longest, 0, -1) if text[at] == " " and text[:at].strip()]
    return next((at for at in spaces if not keeps_together(text, at)), spaces[0] if spaces else longest)
