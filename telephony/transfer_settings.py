"""How a route hands callers over. Rule: values only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from telephony.line_terms import FIELD_NAME, MOST_FIELDS
from telephony.referrals import broken_patterns
from telephony.toml_text import Broken


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSettings:
    """`refer` asks the far end to call the target, and bridges if it refuses; `bridge` calls at once.

    `attended` bridges once the target has heard the agent's summary. The target may ring for `ring_s`; it is shown the
    caller's number, and those of the caller's header fields that `headers` names. Where an attended one finds both at
    one trunk, REFER with Replaces lets them talk without us, if the trunk agrees and unless `replaces` is false.

    `follow` names whom a far end may refer us to, besides the route's targets (`telephony.referrals`).
    """

    how: Literal["refer", "bridge", "attended"] = "refer"
    ring_s: Annotated[int, Meta(ge=3, le=170)] = 30
    headers: tuple[str, ...] = ()
    replaces: bool = True
    follow: tuple[str, ...] = ()


def broken_transfer(settings: TransferSettings) -> Iterator[Broken]:
    """The keys with what cannot be, and what is wrong."""
    if len(settings.headers) > MOST_FIELDS:
        yield ("transfer", "headers"), f"are more than {MOST_FIELDS}", ""
    for index, name in enumerate(settings.headers):
        if not re.search(FIELD_NAME, name):
            yield ("transfer", "headers", index), f"{name!r} is none that may be added", "an X- field, or User-to-User"
    for pattern in broken_patterns(settings.follow):
        yield ("transfer", "follow"), f"{pattern!r} is nobody", 'USER or USER@HOST: follow = ["2*"]'
