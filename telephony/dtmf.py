"""Keys a caller presses, however they are reported. Rule: one press is one digit, also when two means report it.

A trunk may send a key as an RFC 4733 telephone-event, as SIP INFO and as the tone itself, all at once and not quite at
the same time. Each means reports each press once, in order; so a report belongs to the first recent press of that key
which its means has not reported yet, and is a press of its own when there is none.
"""

from collections import deque
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from msgspec import Meta

from pipeline.keypad import KeyRules

KEYS: Final = frozenset("0123456789*#ABCD")
SAME_PRESS_MS: Final = 500

Means = Literal["rfc4733", "info", "in_band"]
Terminator = Literal["#", "*", "", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "A", "B", "C", "D"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """When a caller's entry is complete, and whether keys are also heard by their tones (`in_band`).

    That costs some work for each frame: `auto` is where the far end did not agree to telephone-event.
    """

    terminator: Terminator = "#"
    length: Annotated[int, Meta(ge=0, le=64)] = 0
    pause_ms: Annotated[int, Meta(ge=200, le=30_000)] = 1_200
    in_band: Literal["auto", "always", "never"] = "auto"

    @property
    def rules(self) -> KeyRules:
        """As the session keeps them."""
        return KeyRules(self.terminator, self.length, self.pause_ms)


@dataclass(frozen=True, slots=True)
class _Press:
    key: str
    at_ms: float
    reported_by: frozenset[Means]


class KeyReports:
    """What was reported of one caller's keys, by several means at once."""

    def __init__(self) -> None:
        self._recent: deque[_Press] = deque()

    def reported(self, key: str, means: Means, at_ms: float) -> str | None:
        """The digit when this report is a new press, None when that press is known already. `at_ms` never goes back."""
        while self._recent and at_ms - self._recent[0].at_ms > SAME_PRESS_MS:
            self._recent.popleft()
        for place, press in enumerate(self._recent):
            if press.key == key and means not in press.reported_by:
                self._recent[place] = _Press(key, press.at_ms, press.reported_by | {means})
                return None
        self._recent.append(_Press(key, at_ms, frozenset({means})))
        return key
