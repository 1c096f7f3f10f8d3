"""Keys that the caller presses, gathered into one entry. Rule: it knows keys and time, nothing of the conversation."""

ENTER = "#"
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


class Keypad:
    """An entry ends with `#`, a pause, or when it is full; times are ms of the session's clock."""

    def __init__(self, pause_ms: int) -> None:
        self._pause_ms = pause_ms
        self._keys = ""
        self._last_ms = 0
        self._was_full = False

    @property
    def keys(self) -> str:
        """Those of an entry that is not complete."""
        return self._keys

    def waits_since(self, now_ms: int) -> bool:
        """True while an entry is not complete, all of whose keys were pressed before this moment."""
        return self.pending and self._last_ms < now_ms

    @property
    def pending(self) -> bool:
        """True while an entry is not complete."""
        return bool(self._keys)

    def press(self, key: str, now_ms: int) -> None:
        """One key; the `#` that follows an entry which was full is none."""
        habitual = key == ENTER and self._was_full and now_ms - self._last_ms <= HABIT_MS
        self._was_full = False
        if not habitual:
            self._keys += key
            self._last_ms = now_ms

    def entry(self, now_ms: int, *, full: bool = False) -> str | None:
        """The keys of an entry that is complete now; the `#` that ended it is no part of it, unless it stands alone."""
        entered = self._keys.endswith(ENTER)
        if not self._keys or not (entered or full or now_ms - self._last_ms >= self._pause_ms):
            return None
        self._was_full = full and not entered
        keys, self._keys = self._keys, ""
        return keys[: -len(ENTER)] if entered and keys != ENTER else keys
