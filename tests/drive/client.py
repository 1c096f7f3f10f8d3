"""What clients of a session say, as it comes from their wire. Rule: every word passes through `decode`."""

from typing import Any

import msgspec

from pipeline.realtime.client import ClientEvent, Refusal, decode
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import ErrorEvent
from pipeline.signals import Setting
from tests.drive.story import Story


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


def a_client(config: SessionConfig | None = None, **more: Any) -> Story:
    """A session of a client's own, which has been told that it is open."""
    call = Story(config, setting=Setting(client_plays=True), **more)
    call.take()
    return call


def errors(call: Story) -> list[tuple[str, str | None]]:
    """What was refused since the last look: the code, and the id of the event that is to blame."""
    return [(event.error.code, event.error.event_id) for event in call.take(ErrorEvent)]


def commits(call: Story, event_id: str = "mine") -> None:
    """The audio so far is a turn."""
    call.tell(says("input_audio_buffer.commit", event_id=event_id))


def creates(call: Story, text: str, role: str = "user", **where: Any) -> None:
    """A message enters the conversation."""
    kind = "output_text" if role == "assistant" else "input_text"
    item = {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
    call.tell(says("conversation.item.create", item=item | where.pop("item", {}), **where))
