"""Who answered a call of ours, as its agent and its application learn it. Rule: no person is hung up on.

Everybody is sent `offhook.answered_by`; the agent is told as a system message what to do about it.
"""

from collections.abc import Callable
from typing import Final, Literal, Protocol

import msgspec
import structlog

from pipeline.answered_by import AnsweredBy, Found
from pipeline.audio import Frame
from pipeline.realtime.events import ResponseCreated, ResponseDone, ServerEvent, TranscriptCompleted
from pipeline.realtime.ours import CallAnsweredBy, PartialTranscript

log = structlog.get_logger()

MachineWish = Literal["ignore", "tell", "hang_up"]
"""What becomes of a machine that answers: nobody looks for it, the agent is told, or the call ends."""

_WORDS: Final = {
    "voicemail": "A voicemail has answered, no person. Say nothing more until you are told that it records.",
    "screening": "A screening service has answered. Say in one sentence who calls and why, then wait for a person.",
    "fax": "A fax machine has answered. Nobody hears you: end the call.",
}
_RECORDS: Final = "The voicemail records now. Leave your message in one or two sentences; nobody will answer."


class OutboundCall(Protocol):
    """The call, as far as this is concerned with it."""

    def command(self, frame: bytes) -> None:
        """A client event for its session."""
        ...

    def hang_up(self, reason: str) -> None:
        """End it."""
        ...


class WhoAnswered:
    """One call's; `tell` gets the event, `ids` draws its id."""

    def __init__(
        self, wish: MachineWish, call: OutboundCall, tell: Callable[[ServerEvent], None], ids: Callable[[str], str]
    ) -> None:
        self._wish = wish
        self._call = call
        self._tell = tell
        self._ids = ids
        self._listener = None if wish == "ignore" else AnsweredBy()
        self._responding = False

    def hear(self, frame: Frame) -> None:
        """The far end's audio."""
        if self._listener is not None:
            self._learn(self._listener.hear(frame.narrow))

    def happened(self, event: ServerEvent) -> None:
        """The session's events, of which words are of interest."""
        match event:
            case TranscriptCompleted(transcript=text) | PartialTranscript(transcript=text):
                self._learn(self._listener.understand(text) if self._listener is not None else None)
            case ResponseCreated():
                self._responding = True
            case ResponseDone():
                self._responding = False
            case _:
                pass

    def _learn(self, found: Found | None) -> None:
        if found is None:
            return
        who, why, event_id = found.who, found.why, self._ids("event")
        log.info("answered_by", who=who, why=why, at_ms=found.at_ms, ready=found.ready)
        self._tell(CallAnsweredBy(event_id=event_id, answered_by=who, why=why, ready=found.ready, at_ms=found.at_ms))
        if self._wish == "hang_up" and (found.ready or found.who == "fax"):
            # Words alone are not enough: who goes on to speak is a person after all.
            self._call.hang_up(found.who)
        elif found.ready and found.who == "voicemail":
            self._ask({"type": "response.cancel"} if self._responding else None, _item(_RECORDS), _MESSAGE)
        elif found.who in _WORDS:
            self._ask({"type": "response.cancel"} if self._responding else None, _item(_WORDS[found.who]))

    def _ask(self, *events: object) -> None:
        for event in filter(None, events):
            self._call.command(msgspec.json.encode(event))


_MESSAGE: Final = {"type": "response.create", "response": {"metadata": {"offhook.protected": "true"}}}


def _item(text: str) -> dict[str, object]:
    message = {"type": "message", "role": "system", "content": [{"type": "input_text", "text": text}]}
    return {"type": "conversation.item.create", "item": message}
