"""What an application may want of a call beyond its conversation, and what becomes of it. Rule: values only.

They travel as JSON from the node that was asked to the node that has the call. A refusal has the HTTP status and the
error code that the application is to see, in the manner of OpenAI's API.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

from pipeline.realtime.events import ErrorDetail
from pipeline.signals import RecordingState
from telephony.leg import KeyMethod, Muted

NOT_FOUND: Final = 404
DECLINE: Final = 603


class Accept(Struct, frozen=True, tag_field="type", tag="offhook.accept"):
    """Take a ringing call; `session` is a Realtime session object as the application wrote it.

    `answer_headers` go with the 200.
    """

    session: dict[str, Any]
    answer_headers: dict[str, str] = {}


class Reject(Struct, frozen=True, tag_field="type", tag="offhook.reject"):
    """Refuse a ringing call."""

    status_code: int = DECLINE


class Refer(Struct, frozen=True, tag_field="type", tag="offhook.refer"):
    """Hand the far end over to this address; `summary` is for whoever takes the call."""

    target_uri: str
    summary: str = ""


class HangUp(Struct, frozen=True, tag_field="type", tag="offhook.hang_up"):
    """End the call, or refuse it while it rings."""


class SendDigits(Struct, frozen=True, tag_field="type", tag="offhook.send_digits"):
    """Press these keys for the far end; by RFC 4733, or by INFO where that is not to be had, unless `method` says."""

    digits: str
    method: KeyMethod = "auto"


class Hold(Struct, frozen=True, tag_field="type", tag="offhook.hold"):
    """Make the far end wait."""


class Resume(Struct, frozen=True, tag_field="type", tag="offhook.resume"):
    """Talk to it again."""


class Mute(Struct, frozen=True, tag_field="type", tag="offhook.mute"):
    """Let one side not be heard by the other, or be heard again."""

    who: Muted
    on: bool = True


class Record(Struct, frozen=True, tag_field="type", tag="offhook.record"):
    """Record from now on, leave silence, or leave it out."""

    state: RecordingState


class Attach(Struct, frozen=True, tag_field="type", tag="offhook.attach"):
    """Show the session as it is, for somebody who follows the call from now on."""


class Say(Struct, frozen=True, tag_field="type", tag="offhook.say"):
    """Give a client's event, JSON as it came, to the call's session."""

    event: str


Order = Accept | Reject | Refer | HangUp | SendDigits | Hold | Resume | Mute | Record | Attach | Say


class Done(Struct, frozen=True, tag_field="type", tag="done"):
    """It is carried out, or on its way to the far end."""


class Refused(Struct, frozen=True, kw_only=True, tag_field="type", tag="refused"):
    """Nothing has changed. `param` is the dotted name of what is wrong in the request."""

    code: str
    message: str
    param: str | None = None
    status: int = 400


class Attached(Struct, frozen=True, tag_field="type", tag="attached"):
    """The events to begin with; all that follow stand behind `position` in the call's stream."""

    events: tuple[msgspec.Raw, ...]
    position: str


class Said(Struct, frozen=True, tag_field="type", tag="said"):
    """The session has dealt with a client's event; these are for that client alone."""

    events: tuple[msgspec.Raw, ...] = ()


Outcome = Done | Refused | Attached | Said

_ENCODER: Final = msgspec.json.Encoder()
_ORDER: Final[msgspec.json.Decoder[Order]] = msgspec.json.Decoder(Order)
_OUTCOME: Final[msgspec.json.Decoder[Outcome]] = msgspec.json.Decoder(Outcome)


def no_such_call(call_id: str) -> Refused:
    """Nobody can carry out anything for this call."""
    return Refused(status=NOT_FOUND, code="call_not_found", message=f"No live call {call_id!r} was found.")


def refused(error: ErrorDetail) -> Refused:
    """What an application did wrong, as an answer to a request."""
    return Refused(code=error.code or "invalid_value", message=error.message, param=error.param)


def encoded(value: Order | Outcome) -> bytes:
    """As JSON."""
    return _ENCODER.encode(value)


def order_in(text: bytes) -> Order | None:
    """The order in this JSON; None when it is none of ours."""
    try:
        return _ORDER.decode(text)
    except msgspec.DecodeError:
        return None


def outcome_in(text: bytes) -> Outcome:
    """The outcome in this JSON; one that cannot be read is a refusal."""
    try:
        return _OUTCOME.decode(text)
    except msgspec.DecodeError:
        return Refused(status=502, code="server_error", message="The call's node said something unintelligible.")
