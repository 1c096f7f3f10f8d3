"""A trunk as the API tells of it. Rule: words for people, codes for machines, no credentials."""

from msgspec import Struct


class TrunkObject(Struct, frozen=True, kw_only=True):
    """`state` is registering, registered, answering, denied, unreachable or unregistered; `meaning` says why."""

    name: str
    up: bool
    state: str
    meaning: str
    server: str
    sip_code: int | None = None
    object: str = "trunk"
