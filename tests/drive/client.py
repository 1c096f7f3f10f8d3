"""What clients of a session say, as it comes from their wire. Rule: every word passes through `decode`."""

from typing import Any

import msgspec

from pipeline.realtime.client import ClientEvent, Refusal, decode
from pipeline.realtime.config import SessionConfig


def says(kind: str, **fields: Any) -> ClientEvent | Refusal:
    """One client event."""
    return decode(msgspec.json.encode({"type": kind, **fields}))


def asks(event_id: str | None = None, **response: Any) -> ClientEvent | Refusal:
    """A response now."""
    return says("response.create", event_id=event_id, response=response)


def cancels(event_id: str | None = None, **which: Any) -> ClientEvent | Refusal:
    """No response any more."""
    return says("response.cancel", event_id=event_id, **which)


def answers(call_id: str, output: str) -> ClientEvent | Refusal:
    """A function has run."""
    return says("conversation.item.create", item={"type": "function_call_output", "call_id": call_id, "output": output})


def becomes(config: SessionConfig) -> ClientEvent | Refusal:
    """The whole session as it is to be."""
    return says("session.update", session=msgspec.to_builtins(config))
