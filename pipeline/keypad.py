"""Keys that the caller presses, gathered into one entry. Rule: it knows keys and time, nothing of the conversation."""

from dataclasses import dataclass

HABIT_MS = 3_000
"""So long after an entry that was full, its last key may still be pressed as everywhere else."""
_WRITTEN = ("[digits: ", "]")


def written(keys: str) -> str:
    """An entry as it stands in the conversation."""
    return keys.join(_WRITTEN)


def keys_in(text: str) -> str:
    """The keys of an entry in the conversation; nothing when the text is none."""
    begin, end = _WRITTEN
    return text[len(begin) : -len(end)] if text.startswith(begin) and text.endswith(end) else ""


@dataclass(frozen=True, slots=True)
class KeyRules:
    """When an entry is complete: at the terminator (none if empty), at so many keys (0: any number), after a pause."""

    terminator: str = "#"
    length: int = 0
    pause_ms: int = 1_200


class Keypad:
    """An entry ends as the rules say; times are ms of the session's clock."""

    def __init__(self, rules: KeyRules) -> None:
        self._usual = rules
        self._rules = rules
        self._keys = ""
        self._first_ms = self._last_ms = 0
        self._was_full = False

    @property
    def keys(self) -> str:
        """Those of an entry that is not complete."""
        return self._keys

    def waits_since(self, now_ms: int) -> bool:
        """True while an entry is not complete, all of whose keys were pressed before this moment."""
        return self.pending and self._last_ms < now_ms

    def follows(self, began_ms: int) -> bool:
        """True while an entry is not complete that was begun after this moment."""
        return self.pending and self._first_ms >= began_ms

    @property
    def closed(self) -> bool:
        """True when no more keys can follow those pressed."""
        entered = bool(self._rules.terminator) and self._keys.endswith(self._rules.terminator)
        return entered or 0 < self._rules.length <= len(self._keys)

    @property
    def pending(self) -> bool:
        """True while an entry is not complete."""
        return bool(self._keys)

    def expect(self, rules: KeyRules) -> None:
        """The next entry has rules of its own."""
        self._rules = rules

    def press(self, key: str, now_ms: int) -> None:
        """One key; the terminator that follows an entry which was full is none."""
        habitual = key == self._usual.terminator and self._was_full and now_ms - self._last_ms <= HABIT_MS
        self._was_full = False
        if not habitual:
            self._first_ms = self._first_ms if self._keys else now_ms
            self._keys += key
            self._last_ms = now_ms

    def entry(self, now_ms: int, *, full: bool = False) -> str | None:
        """The keys of an entry that is complete now; the terminator is no part of it, unless it stands alone.

        One may be `full` for what the agent waits for; the agent's own rules say that themselves.
        """
        rules, keys = self._rules, self._keys
        entered = bool(rules.terminator) and keys.endswith(rules.terminator)
        full = (full and rules is self._usual) or 0 < rules.length <= len(keys)
        if not keys or not (entered or full or now_ms - self._last_ms >= rules.pause_ms):
            return None
        self._was_full = full and not entered
        self._keys, self._rules = "", self._usual
        return keys[:-1] if entered and keys != rules.terminator else keys
