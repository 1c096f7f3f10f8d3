"""The functions an agent may call: those of its config, and those over its own call that the route allows.

Rule: a call of an unknown or forbidden function is answered with what is wrong, so that the model can go on. Handing
over to another agent is answered by who owns the call, as the config's functions are by who is attached to it.
"""

import json
from dataclasses import dataclass
from typing import Final

import msgspec

from pipeline import call_tools
from pipeline.call_tools import ActAsked
from pipeline.providers import FunctionCall, Tool
from pipeline.realtime.config import FunctionTool
from pipeline.signals import Permissions

HANG_UP: Final = "hang_up"
TRANSFER: Final = "transfer"
VOICEMAIL: Final = "voicemail"
HAND_OVER: Final = "hand_over"


@dataclass(frozen=True, slots=True)
class HangUpAsked:
    """The agent wants to end the call once its words are heard, or after a message of up to `listen_ms`."""

    call_id: str
    listen_ms: int = 0


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """The agent wants to hand the caller over once its words are heard."""

    call_id: str
    target: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Outside:
    """Somebody attached to the call has to answer."""

    call_id: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The model asked for what is not there; `output` tells it."""

    call_id: str
    output: str


Verdict = HangUpAsked | TransferAsked | ActAsked | Outside | Unavailable


class _TransferArguments(msgspec.Struct):
    target: str
    summary: str = ""


class _HandOverArguments(msgspec.Struct):
    to: str


def offered(tools: tuple[FunctionTool, ...]) -> tuple[Tool, ...]:
    """Functions as a model is given them."""
    return tuple(Tool(tool.name, tool.description, json.dumps(tool.parameters or {"type": "object"})) for tool in tools)


class Toolbox:
    """What the model is offered, and what its calls mean."""

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions

    def offered(self, tools: tuple[FunctionTool, ...]) -> tuple[Tool, ...]:
        """The session's tools and the route's, as a model is given them."""
        return (*offered(tools), *self._over_the_call())

    def judge(self, call: FunctionCall, tools: tuple[FunctionTool, ...]) -> Verdict:
        """What to do about a call."""
        if any(tool.name == call.name for tool in tools):
            return Outside(call.call_id)
        if call.name == HANG_UP and self._permissions.hang_up:
            return HangUpAsked(call.call_id)
        if call.name == TRANSFER and self._permissions.transfer_targets:
            return self._transfer(call)
        if call.name == VOICEMAIL and self._permissions.voicemail_ms:
            return HangUpAsked(call.call_id, self._permissions.voicemail_ms)
        if call.name == HAND_OVER and self._permissions.others:
            return self._hand_over(call)
        try:
            act = call_tools.asked(call, self._permissions)
        except ValueError as error:
            return Unavailable(call.call_id, json.dumps({"error": str(error)}))
        return act or Unavailable(call.call_id, json.dumps({"error": f"no function {call.name} is available"}))

    def _hand_over(self, call: FunctionCall) -> Verdict:
        others = self._permissions.others
        if handed_over_to(call.arguments) in others:
            return Outside(call.call_id)
        return Unavailable(call.call_id, json.dumps({"error": "unknown agent", "agents": sorted(others)}))

    def _transfer(self, call: FunctionCall) -> Verdict:
        targets = self._permissions.transfer_targets
        try:
            given = msgspec.json.decode(call.arguments.encode(), type=_TransferArguments)
        except msgspec.MsgspecError:
            return Unavailable(call.call_id, json.dumps({"error": "transfer needs a target"}))
        if given.target in targets:
            return TransferAsked(call.call_id, targets[given.target], given.summary)
        return Unavailable(call.call_id, json.dumps({"error": "unknown target", "targets": sorted(targets)}))

    def _over_the_call(self) -> list[Tool]:
        tools = []
        if self._permissions.hang_up:
            tools.append(Tool(HANG_UP, "End the phone call after saying goodbye.", '{"type":"object"}'))
        if self._permissions.transfer_targets:
            target = {"type": "string", "enum": sorted(self._permissions.transfer_targets)}
            summary = {"type": "string", "description": "What they should know of the caller, in a sentence or two."}
            properties = {"target": target, "summary": summary}
            schema = {"type": "object", "properties": properties, "required": ["target"]}
            tools.append(Tool(TRANSFER, "Hand the caller over to a person.", json.dumps(schema)))
        if self._permissions.voicemail_ms:
            tools.append(Tool(VOICEMAIL, "Let the caller leave a message; then the call ends.", '{"type":"object"}'))
        if self._permissions.others:
            other = {"type": "string", "enum": sorted(self._permissions.others)}
            schema = {"type": "object", "properties": {"to": other}, "required": ["to"]}
            tools.append(Tool(HAND_OVER, "Let another agent, or a menu, go on with this call.", json.dumps(schema)))
        return [*tools, *call_tools.offered(self._permissions)]


def handed_over_to(arguments: str) -> str:
    """Whom a call of `hand_over` names; nobody when it makes no sense."""
    try:
        return msgspec.json.decode(arguments.encode(), type=_HandOverArguments).to
    except msgspec.MsgspecError:
        return ""
