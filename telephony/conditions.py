"""Which calls a route takes. Rule: every condition must hold, and the first that does not is the reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Final, Self

from telephony.hours import Calendar, TimeOfDay, Weekdays
from telephony.number import dialled

ANY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call that wants an answer: numbers as they came, the moment with its time zone, header names in any case."""

    did: str
    caller: str
    at: datetime
    trunk: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    diverted_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What must hold of a call. Patterns are exact, a prefix with a star behind it, or "*".

    `diverted_from` is who was dialled first, where that is another; without it, calls may be diverted or not.
    `open`, `closed` and `holiday` name a table of hours; a holiday is closed. `weekdays` and `time` are those of the
    dialplan's time zone.
    """

    did: str
    caller: str = ANY
    trunk: str = ""
    diverted_from: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    weekdays: Weekdays | None = None
    time: TimeOfDay | None = None
    open: str = ""
    closed: str = ""
    holiday: str = ""

    @property
    def words(self) -> str:
        """Which calls these are, for people."""
        said = [self.did, *([] if self.caller == ANY else [f"from {self.caller}"])]
        said += [f"by {self.trunk}"] if self.trunk else []
        said += [f"diverted from {self.diverted_from}"] if self.diverted_from else []
        said += [f"with {name}: {pattern}" for name, pattern in self.headers.items()]
        said += [f"on {self.weekdays.words}"] if self.weekdays else []
        said += [f"at {self.time.words}"] if self.time else []
        said += [f"while {self.open} is open"] if self.open else []
        said += [f"while {self.closed} is closed"] if self.closed else []
        said += [f"on holidays of {self.holiday}"] if self.holiday else []
        return " ".join(said)

    def against(self, call: Arrival, calendar: Calendar) -> str | None:
        """The first condition that this call does not meet, in words; None when the route takes it."""
        return next((reason for holds, reason in self._judged(call, calendar) if not holds), None)

    def spelled(self) -> Self:
        """The same, with numbers in the spelling that they are compared in."""
        diverted_from = normal(self.diverted_from) if self.diverted_from else ""
        return replace(self, did=normal(self.did), caller=normal(self.caller), diverted_from=diverted_from)

    def cover(self, other: "Conditions") -> bool:
        """Whether every call that meets the other's also meets these, as far as their words tell."""
        if not (covers(self.did, other.did) and covers(self.caller, other.caller)):
            return False
        return all(
            mine == each.default or not mine or mine == getattr(other, each.name)
            for each in fields(Conditions)
            if each.name not in ("did", "caller")
            for mine in [getattr(self, each.name)]
        )

    def _judged(self, call: Arrival, calendar: Calendar) -> Iterator[tuple[bool, str]]:
        yield matches(self.did, dialled(call.did)), f"did is not {self.did}"
        yield matches(self.caller, dialled(call.caller)), f"caller is not {self.caller}"
        if self.trunk:
            yield call.trunk == self.trunk, f"trunk is {call.trunk or 'none'}, not {self.trunk}"
        if self.diverted_from:
            first = dialled(call.diverted_from)
            yield bool(first) and matches(self.diverted_from, first), f"not diverted from {self.diverted_from}"
        given = {name.lower(): value for name, value in call.headers.items()}
        for name, pattern in self.headers.items():
            value = given.get(name.lower())
            yield value is not None and matches(pattern, value), f"header {name} is not {pattern}"
        local = calendar.local(call.at)
        if self.weekdays is not None:
            yield self.weekdays.holds(local), f"it is {local:%A}, not {self.weekdays.words}"
        if self.time is not None:
            yield self.time.holds(local), f"it is {local:%H:%M}, not {self.time.words}"
        if self.open:
            yield calendar.are_open(self.open, call.at), f"{self.open} is closed"
        if self.closed:
            yield not calendar.are_open(self.closed, call.at), f"{self.closed} is open"
        if self.holiday:
            yield calendar.is_holiday(self.holiday, call.at), f"it is no holiday of {self.holiday}"


def normal(pattern: str) -> str:
    """A pattern of numbers in the spelling that numbers are compared in."""
    if pattern.endswith(ANY):
        return dialled(pattern.removesuffix(ANY)) + ANY
    return dialled(pattern)


def matches(pattern: str, text: str) -> bool:
    """Whether a number, in its one spelling, or another text is one of the pattern's."""
    return text.startswith(pattern[:-1]) if pattern.endswith(ANY) else text == pattern


def covers(wide: str, narrow: str) -> bool:
    """Whether every number of one pattern is also one of the other's."""
    wide, narrow = normal(wide), normal(narrow)
    return narrow.startswith(wide[:-1]) if wide.endswith(ANY) else narrow == wide
