"""Weekdays, times of day, holidays, and when an office is open. Rule: words a person writes, read once; time arrives.

[hours.office]
open = ["mon-fri 09:00-12:30 13:30-18:00", "sat 10:00-14:00"]
holidays = ["12-25", "2026-04-06"]            # every year, or once
time_zone = "Europe/Berlin"                   # else the dialplan's own
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_MINUTES_A_DAY: Final = 24 * 60
_TIMES: Final = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")
_DAYS: Final = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?")
_DATE: Final = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)")
_LEAP_YEAR: Final = 2_000


@dataclass(frozen=True, slots=True)
class Times:
    """A stretch of the day in minutes; one that ends before it begins goes on past midnight."""

    begins: int
    ends: int

    def hold(self, minute: int) -> bool:
        """Whether this minute of any day is one of them."""
        if self.begins < self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends


class TimeOfDay:
    """`09:00-17:30`, or `22:00-06:00`; several with commas."""

    __slots__ = ("times", "words")

    def __init__(self, words: str) -> None:
        """ValueError says what is wrong with the words."""
        self.words = words
        self.times = tuple(_times(each) for each in _parts(words))

    def holds(self, at: datetime) -> bool:
        """Whether it is such a time there and then."""
        return any(times.hold(_minute(at)) for times in self.times)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TimeOfDay) and other.times == self.times

    def __hash__(self) -> int:
        return hash(self.times)


class Weekdays:
    """`mon-fri`, `sat, sun`, `fri-mon`."""

    __slots__ = ("days", "words")

    def __init__(self, words: str) -> None:
        """ValueError says what is wrong with the words."""
        self.words = words
        self.days = frozenset(day for each in _parts(words) for day in _days(each))

    def holds(self, at: datetime) -> bool:
        """Whether it is such a day there and then."""
        return at.weekday() in self.days

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Weekdays) and other.days == self.days

    def __hash__(self) -> int:
        return hash(self.days)


class Opening:
    """`mon-fri 09:00-12:30 13:30-18:00`, or days alone: all day. What goes on past midnight is the day before's."""

    __slots__ = ("days", "times")

    def __init__(self, words: str) -> None:
        """ValueError says what is wrong with the words."""
        days = [word for word in _parts(words) if ":" not in word]
        times = [word for word in _parts(words) if ":" in word]
        if not days:
            raise ValueError(f'{words!r} names no day: "mon-fri 09:00-17:00"')
        self.days = Weekdays(" ".join(days))
        self.times = tuple(map(_times, times)) or (Times(0, _MINUTES_A_DAY),)

    def holds(self, day: date, minute: int) -> bool:
        """Whether it is open on this day at this minute, which may lie beyond midnight."""
        return day.weekday() in self.days.days and any(_reaches(times, minute) for times in self.times)


class Holiday:
    """`12-25`, every year, or `2026-04-06`, once."""

    __slots__ = ("_once", "_yearly")

    def __init__(self, words: str) -> None:
        """ValueError says what is wrong with the words."""
        found = _DATE.fullmatch(words)
        if found is None:
            raise ValueError(f'{words!r} is no date: "12-25" for every year, or "2026-04-06"')
        year, month, day = found.groups()
        try:
            at = date(int(year or _LEAP_YEAR), int(month), int(day))
        except ValueError:
            raise ValueError(f"{words!r} is in no calendar") from None
        self._once = at if year else None
        self._yearly = (at.month, at.day)

    def is_on(self, day: date) -> bool:
        """Whether that is the day."""
        return day == self._once if self._once else (day.month, day.day) == self._yearly


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody is there, in their own time zone or in that of the dialplan."""

    open: tuple[Opening, ...]
    holidays: tuple[Holiday, ...] = ()
    time_zone: ZoneInfo | None = None

    def are_open(self, at: datetime) -> bool:
        """Whether it is open at this local time; not on a holiday."""
        today, minute = at.date(), _minute(at)
        yesterday = today - timedelta(days=1)
        return (not self.is_holiday(today) and any(each.holds(today, minute) for each in self.open)) or (
            not self.is_holiday(yesterday) and any(each.holds(yesterday, minute + _MINUTES_A_DAY) for each in self.open)
        )

    def is_holiday(self, day: date) -> bool:
        """Whether this day is one of the holidays."""
        return any(holiday.is_on(day) for holiday in self.holidays)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The hours of a dialplan by name, and the time zone of those, and of routes, that name none."""

    hours: Mapping[str, Hours]
    time_zone: ZoneInfo | None = None

    def local(self, at: datetime, name: str = "") -> datetime:
        """A moment as the clock there shows it; without a zone, as it is given."""
        zone = (self.hours[name].time_zone if name else None) or self.time_zone
        return at.astimezone(zone) if zone else at

    def are_open(self, name: str, at: datetime) -> bool:
        """Whether it is open there at this moment."""
        return self.hours[name].are_open(self.local(at, name))

    def is_holiday(self, name: str, at: datetime) -> bool:
        """Whether it is a holiday there at this moment."""
        return self.hours[name].is_holiday(self.local(at, name).date())


def decode(kind: type, raw: Any) -> Any:
    """For `typed_table.Reader`: what stands as a string in the dialplan and is more than that here."""
    if not isinstance(raw, str):
        raise ValueError("expected a string")
    if kind is not ZoneInfo:
        return kind(raw)
    try:
        return ZoneInfo(raw)
    except (KeyError, ValueError, OSError):
        raise ValueError(f'there is no time zone {raw!r}: "Europe/Berlin" is one') from None


def _parts(words: str) -> list[str]:
    parts = words.replace(",", " ").lower().split()
    if not parts:
        raise ValueError("is empty")
    return parts


def _times(words: str) -> Times:
    found = _TIMES.fullmatch(words)
    begins, ends = (60 * int(found[1]) + int(found[2]), 60 * int(found[3]) + int(found[4])) if found else (0, 0)
    if found is None or max(int(found[2]), int(found[4])) > 59 or max(begins, ends) > _MINUTES_A_DAY or begins == ends:
        raise ValueError(f'{words!r} is no stretch of the day: "09:00-17:30", or "22:00-06:00" past midnight')
    return Times(begins, ends)


def _days(words: str) -> list[int]:
    found = _DAYS.fullmatch(words)
    first, last = (found[1], found[2] or found[1]) if found else ("", "")
    if first not in WEEKDAYS or last not in WEEKDAYS:
        raise ValueError(f'{words!r} is no weekday: {", ".join(WEEKDAYS)}, or "mon-fri"')
    begin, count = WEEKDAYS.index(first), (WEEKDAYS.index(last) - WEEKDAYS.index(first)) % len(WEEKDAYS)
    return [(begin + step) % len(WEEKDAYS) for step in range(count + 1)]


def _reaches(times: Times, minute: int) -> bool:
    """Whether a day's stretch holds this minute, counted from that day's midnight and perhaps beyond its end."""
    ends = times.ends if times.begins < times.ends else times.ends + _MINUTES_A_DAY
    return times.begins <= minute < ends


def _minute(at: datetime) -> int:
    return 60 * at.hour + at.minute
