"""Keys that the caller presses, gathered into one entry. Rule: it knows keys and time, nothing of the conversation."""

ENTER = "#"
_WRITTEN = ("[digits: ", "]")


def written(keys: str) -> str:
    """An entry as it stands in the conversation."""
    return keys.join(_WRITTEN)


def keys_in(text: str) -> str:
    """The keys of an entry in the conversation; nothing when the text is none."""
    begin, end = _WRITTEN
    return text[len(begin) : -len(end)] if text.startswith(begin) and text.endswith(end) else ""


class Keypad:
    """An entry ends with `#` or a pause; times are ms of the session's clock."""

    def __init__(self, pause_ms: int) -> None:
        self._pause_ms = pause_ms
        self._keys = ""
        self._last_ms = 0

    @property
    def keys(self) -> str:
        """Those of an entry that is not complete."""
        return self._keys

    @property
    def pending(self) -> bool:
        """True while an entry is not complete."""
        return bool(self._keys)

    def press(self, key: str, now_ms: int) -> None:
        """One key."""
        self._keys += key
        self._last_ms = now_ms

    def entry(self, now_ms: int) -> str | None:
        """The keys of an entry that is complete now; the `#` that ended it is no part of it, unless it stands alone."""
        entered = self._keys.endswith(ENTER)
        if not self._keys or not (entered or now_ms - self._last_ms >= self._pause_ms):
            return None
        keys, self._keys = self._keys, ""
        return keys[: -len(ENTER)] if entered and keys != ENTER else keys
