"""How a route hands callers over. Rule: values only."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSettings:
    """`refer` asks the far end to call the target, and bridges if it refuses; `bridge` calls at once.

    `attended` bridges once the target has heard the agent's summary. The target may ring for `ring_s`; it is shown the
    caller's number, and those of the caller's header fields that `headers` names.
    """

    how: Literal["refer", "bridge", "attended"] = "refer"
    ring_s: Annotated[int, Meta(ge=3, le=170)] = 30
    headers: tuple[str, ...] = ()
