"""A vendor's word timings, told as places in the text it was given. Rule: places only go forward, and never beyond.

Vendors time the words they speak, which are not always those written: numbers are spelled out, marks left out, words
cut in pieces or drawn together. What does not fit any of the next few words is passed over.
"""

import re

from pipeline.providers import Reached

LOOK_AHEAD = 3


def speakable(text: str) -> bool:
    """Whether there is anything in it that a voice could say."""
    return any(letter.isalnum() for letter in text)


class SpokenWords:
    """Where in one text a voice has got to."""

    def __init__(self, text: str) -> None:
        words = [match for match in re.finditer(r"\S+", text) if speakable(match.group())]
        self._ends = [match.end() for match in words]
        self._bare = [_bare(match.group()) for match in words]
        self._next = 0
        self._begun = ""
        self._at_ms = 0.0

    def spoken(self, word: str, end_ms: float) -> list[Reached]:
        """The voice ended a word, or a piece of one, so many milliseconds into its audio."""
        letters = _bare(word)
        if not letters or self._next == len(self._ends):
            return []
        place = self._place_of(letters)
        if place is None:
            expected = self._bare[self._next]
            self._begun = next((begun for begun in (self._begun + letters, letters) if expected.startswith(begun)), "")
            return []
        return self._reach(place, end_ms)

    def finished(self, audio_ms: float) -> list[Reached]:
        """The voice has said all of it: what its timings left out has been reached as well."""
        if not self._at_ms or self._next == len(self._ends):
            return []
        return self._reach(len(self._ends) - 1, audio_ms)

    def _reach(self, place: int, end_ms: float) -> list[Reached]:
        self._next = place + 1
        self._begun = ""
        self._at_ms = max(self._at_ms, end_ms)
        return [Reached(self._ends[place], self._at_ms)]

    def _place_of(self, letters: str) -> int | None:
        if self._begun and self._begun + letters == self._bare[self._next]:
            return self._next
        together = ""
        for place in range(self._next, len(self._bare)):
            together += self._bare[place]
            if together == letters:
                return place
            if not letters.startswith(together):
                break
        nearby = self._bare[self._next : self._next + 1 + LOOK_AHEAD]
        return self._next + nearby.index(letters) if letters in nearby else None


def _bare(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def in_parts(text: str, most: int) -> list[str]:
    """The text in parts of at most so many characters, cut at white space where there is any."""
    parts = []
    while len(text) > most:
        cut = text.rfind(" ", 1, most) + 1 or most
        parts.append(text[:cut])
        text = text[cut:]
    return [*parts, text]
