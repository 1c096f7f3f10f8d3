"""Cuts a model's text into pieces that can be spoken one after the other. Rule: the pieces add up to the text.

The first piece is cut early, at a clause, so that the caller hears a voice soon; later ones end with their sentence.
"""

import re

FIRST_PIECE_CHARS = 12
LONG_PIECE_CHARS = 160

_ABBREVIATIONS = frozenset(
    (
        *("mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "no", "vs", "etc", "approx", "dept", "est", "inc", "ltd"),
        *("co", "corp", "gen", "rep", "sen", "ave", "blvd", "rd", "e.g", "i.e", "a.m", "p.m", "jan", "feb", "mar"),
        *("apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    )
)
_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]”’]*(?=\s|$)|\n")
_CLAUSE_END = re.compile(r"[,;:—–](?=\s|$)")
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
        return [rest] if rest.strip() else []

    def _cut(self) -> int | None:
        text = self._rest
        for match in _SENTENCE_END.finditer(text):
            if text[: match.end()].strip() and self._ends_sentence(text, match):
                return match.end()
        if self._first or len(text) > LONG_PIECE_CHARS:
            least = FIRST_PIECE_CHARS if self._first else LONG_PIECE_CHARS // 2
            for match in _CLAUSE_END.finditer(text):
                if len(text[: match.end()].strip()) >= least and self._ends_clause(text, match):
                    return match.end()
        return None

    @staticmethod
    def _ends_sentence(text: str, match: re.Match[str]) -> bool:
        if match.group() == "\n" or text[match.start()] != ".":
            return True
        word = _LAST_WORD.search(text[: match.end()])
        if word is None:
            return match.end() < len(text)
        name = word.group(1).lower()
        if name in _ABBREVIATIONS or len(name) == 1:
            return False
        return match.end() < len(text) or not name[-1].isdigit()

    @staticmethod
    def _ends_clause(text: str, match: re.Match[str]) -> bool:
        return match.end() < len(text) or not text[match.start() - 1].isdigit()
