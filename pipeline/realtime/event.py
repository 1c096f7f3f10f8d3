"""What all server events are. Rule: nothing but that."""

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What all server events carry."""

    event_id: str
