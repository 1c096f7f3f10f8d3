"""The functions over a call's keys and recording, as a model is offered them and as it calls them. Rule: pure.

What a model asks for wrongly is a ValueError whose words the model is told.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from pipeline.keypad import KeyRules
from pipeline.providers import FunctionCall, Tool
from pipeline.signals import Permissions, PressKeys, SetRecording

_KEYS = r"^[0-9*#A-D]{1,64}$(?!\n)"
_TERMINATOR = r"^[0-9*#A-D]?$(?!\n)"


@dataclass(frozen=True, slots=True)
class ExpectKeys:
    """The caller's next entry of keys has these rules."""

    rules: KeyRules


@dataclass(frozen=True, slots=True)
class ActAsked:
    """What the agent wants done to its call at once; `output` tells the model that it was.

    With `speaks_next` the model is asked again, unless it has said something with the call.
    """

    call_id: str
    act: PressKeys | ExpectKeys | SetRecording
    output: str
    speaks_next: bool


class _Pressed(msgspec.Struct):
    digits: Annotated[str, Meta(pattern=_KEYS, description="Keys 0-9 * # A-D, in the order to press them.")]


class _Entry(msgspec.Struct):
    length: Annotated[int, Meta(ge=0, le=64, description="So many keys complete the entry; 0 for any number.")] = 0
    terminator: Annotated[str, Meta(pattern=_TERMINATOR, description="The key that ends it; empty for none.")] = "#"
    pause_ms: Annotated[int, Meta(ge=500, le=30_000, description="So long without another key ends it.")] = 3_000


class _Recording(msgspec.Struct):
    state: Annotated[Literal["on", "paused", "off"], Meta(description="`paused` while secrets are spoken or keyed.")]


def offered(permissions: Permissions) -> tuple[Tool, ...]:
    """Those that the route allows."""
    return (*(_KEY_TOOLS if permissions.keys else ()), *((_RECORDING_TOOL,) if permissions.recording else ()))


def asked(call: FunctionCall, permissions: Permissions) -> ActAsked | None:
    """What the call wants; None when it is none of these, or not allowed. Raises ValueError."""
    if all(call.name != tool.name for tool in offered(permissions)):
        return None
    arguments = call.arguments.encode() or b"{}"
    match call.name:
        case "send_digits":
            keys = PressKeys(msgspec.json.decode(arguments, type=_Pressed).digits)
            return ActAsked(call.call_id, keys, _told("done"), speaks_next=False)
        case "collect_digits":
            entry = msgspec.json.decode(arguments, type=_Entry)
            rules = KeyRules(entry.terminator, entry.length, entry.pause_ms)
            waiting = _told("the caller's keys will follow as [digits: ...]")
            return ActAsked(call.call_id, ExpectKeys(rules), waiting, speaks_next=True)
        case _:
            state = msgspec.json.decode(arguments, type=_Recording).state
            return ActAsked(call.call_id, SetRecording(state), _told(f"the recording is {state}"), speaks_next=True)


def _told(status: str) -> str:
    return msgspec.json.encode({"status": status}).decode()


def _parameters(kind: type[msgspec.Struct]) -> str:
    _, components = msgspec.json.schema_components((kind,))
    schema = {name: value for name, value in components[kind.__name__].items() if name != "title"}
    return msgspec.json.encode(schema).decode()


_KEY_TOOLS: Final = (
    Tool(
        "send_digits",
        "Press keys on the phone, for a menu or an extension at the other end. Say nothing about it.",
        _parameters(_Pressed),
    ),
    Tool(
        "collect_digits",
        "Call this in the reply that asks the caller to enter keys. They arrive complete, as one message.",
        _parameters(_Entry),
    ),
)
_RECORDING_TOOL: Final = Tool(
    "set_recording",
    "Pause the recording of this call before the caller tells a card number or a password, and turn it on after.",
    _parameters(_Recording),
)
CALL_TOOLS: Final = frozenset(tool.name for tool in (*_KEY_TOOLS, _RECORDING_TOOL))
