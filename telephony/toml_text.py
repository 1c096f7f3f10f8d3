"""A TOML text with the line of every key. Rule: what tomllib accepts, this finds the lines of; it judges nothing else.

tomllib tells values but not where they stand. The scanner here walks a text that tomllib has accepted, so it may be
lenient: it only has to know where keys, tables, array items and inline tables begin.
"""

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from telephony.faults import Fault, FaultyError

KeyPath = tuple[str | int, ...]
Broken = tuple[KeyPath, str, str]
"""The key at which something is wrong, the problem, the remedy."""

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_STRING = re.compile(
    r"""
    \"{3}(?:\\.|[^\\])*?\"{3,5}      # multi-line basic; up to two quotes may touch the closing three
    | '{3}.*?'{3,5}
    | "(?:\\.|[^"\\])*"
    | '[^']*'
    """,
    re.VERBOSE | re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^\],}#\r\n]*")
_PLACE = re.compile(r"^(?P<problem>.*?) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that no single value can break. The fault stands at the first of the keys that it compares."""

    paths: tuple[KeyPath, ...]
    problem: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class TomlText:
    """The table a text holds, and where each of its keys stands."""

    file: str
    table: dict[str, Any]
    lines: dict[KeyPath, int]

    def line(self, path: KeyPath) -> int:
        """The line of a key, or of the nearest thing around it that is written down; 0 when nothing is."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def fault(self, path: KeyPath, problem: str, remedy: str = "") -> Fault:
        """A fault at this key."""
        return Fault(self.file, self.line(path), dotted(path), problem, remedy)


def parse(text: str, file: str) -> TomlText:
    """Read TOML 1.0; raises FaultyError with the line when it is none."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultyError([_syntax_fault(str(error), text, file)]) from None
    except RecursionError:
        raise FaultyError([_too_deep(file)]) from None
    scanner = _Scanner(text)
    try:
        scanner.document()
    except RecursionError:
        raise FaultyError([_too_deep(file)]) from None
    return TomlText(file, table, scanner.lines)


def dotted(path: KeyPath) -> str:
    """`("route", 1, "did")` is written `route[2].did`: people count from one."""
    words = ""
    for part in path:
        words += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if words else part
    return words


def _syntax_fault(message: str, text: str, file: str) -> Fault:
    place = _PLACE.match(message)
    problem = place["problem"] if place else message
    line = int(place["line"]) if place and place["line"] else text.count("\n") + 1
    return Fault(file, line, "", f"not TOML: {problem}", "")


def _too_deep(file: str) -> Fault:
    return Fault(file, 0, "", "is nested too deeply", "is a bracket left open?")


@dataclass(slots=True)
class _Scanner:
    text: str
    at: int = 0
    lines: dict[KeyPath, int] = field(default_factory=dict)
    _items: dict[KeyPath, int] = field(default_factory=dict)  # array of tables -> items so far
    _line: int = 1
    _counted: int = 0

    def document(self) -> None:
        table: KeyPath = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self._takes("[["):
                table = self._array_header()
            elif self._takes("["):
                table = self._resolved(self._key())
                self._note(table)
                self._expect("]")
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _array_header(self) -> KeyPath:
        key = self._key()
        name = (*self._resolved(key[:-1]), key[-1])
        item = self._items.get(name, -1) + 1
        self._items[name] = item
        self._note((*name, item))
        self._expect("]]")
        return (*name, item)

    def _resolved(self, key: tuple[str, ...]) -> KeyPath:
        """A header's key as a path: an array of tables on the way stands for its latest item."""
        path: KeyPath = ()
        for part in key:
            path = (*path, part)
            if path in self._items:
                path = (*path, self._items[path])
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._here()
        path = (*table, *self._key())
        self._note(path, line)
        self._expect("=")
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            if quoted := _STRING.match(self.text, self.at):
                self.at = quoted.end()
                parts.append(str(tomllib.loads(f"key = {quoted[0]}")["key"]))
            else:
                parts.append(self._skip(_BARE_KEY))
            self._skip(_SPACE)
            if not self._takes("."):
                return tuple(parts)

    def _value(self, path: KeyPath) -> None:
        self._note(path)
        if self._takes("["):
            self._array(path)
        elif self._takes("{"):
            self._inline_table(path)
        elif quoted := _STRING.match(self.text, self.at):
            self.at = quoted.end()
        else:
            self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        item = 0
        self._skip(_BLANK)
        while not self._takes("]"):
            self._value((*path, item))
            item += 1
            self._skip(_BLANK)
            self._takes(",")
            self._skip(_BLANK)

    def _inline_table(self, path: KeyPath) -> None:
        self._skip(_BLANK)
        while not self._takes("}"):
            self._pair(path)
            self._skip(_BLANK)
            self._takes(",")
            self._skip(_BLANK)

    def _note(self, path: KeyPath, line: int | None = None) -> None:
        """Remember where a path was first written, and its parents with it."""
        line = line or self._here()
        while path and path not in self.lines:
            self.lines[path] = line
            path = path[:-1]

    def _here(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise AssertionError(f"tomllib accepts what this does not, line {self._here()}")
        self.at = found.end()
        return found[0]

    def _takes(self, word: str) -> bool:
        if not self.text.startswith(word, self.at):
            return False
        self.at += len(word)
        return True

    def _expect(self, word: str) -> None:
        self._skip(_SPACE)
        self._skip(re.compile(re.escape(word)))
