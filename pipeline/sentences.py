"""Cuts a model's text into pieces that can be spoken one after the other. Rule: the pieces add up to the text.

The first piece is cut early, at a clause, so that the caller hears a voice soon; later ones end with their sentence,
unless it is very long. What follows a full stop decides what it meant, so a piece is given when its next character is
there; the pieces are the same however the text arrives.
"""

import re

FIRST_PIECE_CHARS = 12
LONG_PIECE_CHARS = 160
FIRST_LONGEST_CHARS = 80
LONGEST_CHARS = 240

_ABBREVIATIONS = frozenset(
    (
        *("mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "no", "vs", "etc", "approx", "dept", "est", "inc", "ltd"),
        *("co", "corp", "gen", "rep", "sen", "ave", "blvd", "rd", "e.g", "i.e", "a.m", "p.m", "jan", "feb", "mar"),
        *("apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    )
)
_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]”’]*(?=\s)|\n")
_CLAUSE_END = re.compile(r"[,;:—–](?=\s)")
_LAST_WORD = re.compile(r"([\w.]*\w)\.[\"')\]”’]*$")


class SentenceCutter:
    """Feed it deltas; it gives back pieces, each with the white space that precedes it."""

    def __init__(self) -> None:
        self._rest = ""
        self._first = True

    def feed(self, delta: str) -> list[str]:
        """The pieces that this delta completed."""
        self._rest += delta
        pieces = []
        while (cut := self._cut()) is not None:
            pieces.append(self._rest[:cut])
            self._rest = self._rest[cut:]
            self._first = False
        return pieces

    def finish(self) -> list[str]:
        """The last piece, if anything speakable is left."""
        rest, self._rest = self._rest, ""
        self._first = True
        return [rest] if rest.strip() else []

    def _cut(self) -> int | None:
        """Where the next piece ends, if that is known; a text without marks is cut between words."""
        cut, longest = self._marked(), FIRST_LONGEST_CHARS if self._first else LONGEST_CHARS
        if len(self._rest) <= longest or (cut is not None and cut <= longest):
            return cut
        space = self._rest.rfind(" ", 1, longest + 1)
        return space if self._rest[:space].strip() and space > 0 else longest

    def _marked(self) -> int | None:
        text = self._rest
        sentence = _sentence_end(text)
        wait_for = 0 if self._first else LONG_PIECE_CHARS
        clause = _clause_end(text, FIRST_PIECE_CHARS if self._first else LONG_PIECE_CHARS // 2)
        if clause is None or len(text) <= wait_for:
            return sentence
        # A text that arrives letter by letter is cut at whatever shows first.
        return clause if sentence is None or max(clause, wait_for) < sentence else sentence


def _sentence_end(text: str) -> int | None:
    for match in _SENTENCE_END.finditer(text):
        if text[: match.end()].strip() and _ends_sentence(text[: match.end()], match.group()):
            return match.end()
    return None


def _clause_end(text: str, least: int) -> int | None:
    for match in _CLAUSE_END.finditer(text):
        if len(text[: match.end()].strip()) >= least:
            return match.end()
    return None


def _ends_sentence(text: str, mark: str) -> bool:
    """A full stop may belong to an abbreviation or an initial."""
    word = _LAST_WORD.search(text) if mark.startswith(".") else None
    if word is None:
        return True
    name = word.group(1).lower()
    return name not in _ABBREVIATIONS and len(name) > 1
