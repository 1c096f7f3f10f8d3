"""The kinds of things that are said piece by piece. Rule: values only."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "digits", "phone", "card", "code", "date", "birth_date", "time", "spelling", "email", "address", "amount", "count"
]


@dataclass(frozen=True, slots=True)
class Awaited:
    """One thing, and how many figures or letters it has at least and at most; `most` is None when that is not known."""

    kind: Kind
    least: int = 0
    most: int | None = None
