"""What comes of the functions that the model calls. Rule: a call is answered once, by whoever it concerns.

A function of the session is answered by whoever is attached. One over the call itself happens when the reply that
called it has been made; when the reply is cut or fails, the model is told that nothing was done.
"""

import json
from collections.abc import Callable

from pipeline.call_tools import ActAsked, ExpectKeys
from pipeline.conversation import Conversation
from pipeline.farewell import Farewell
from pipeline.keypad import KeyRules
from pipeline.providers import FunctionCall, Tool
from pipeline.realtime.config import FunctionTool
from pipeline.realtime.items import FunctionOutputItem
from pipeline.signals import Ids, Limits, Output, PressKeys, SetRecording, TransferFailed
from pipeline.tools import HangUpAsked, Outside, Toolbox, TransferAsked, Unavailable
from pipeline.wire_order import whole_item

_NOT_DONE = '{"error": "not done: the reply that asked for it was cut short"}'
_TAKEN_BACK = '{"error": "not done: the caller went on talking"}'
_UNANSWERED = '{"error": "nobody answered"}'


_Wish = HangUpAsked | TransferAsked | ActAsked | Unavailable


class Calling:
    """The function calls of one session."""

    def __init__(
        self,
        ids: Ids,
        conversation: Conversation,
        toolbox: Toolbox,
        farewell: Farewell,
        limits: Limits,
        expect_keys: Callable[[KeyRules], None],
    ) -> None:
        self._ids = ids
        self._conversation = conversation
        self._toolbox = toolbox
        self._farewell = farewell
        self._limits = limits
        self._expect_keys = expect_keys
        self._wishes: list[_Wish] = []
        self._since_ms: dict[str, int] = {}
        self._rounds = 0

    @property
    def pending(self) -> bool:
        """True while somebody owes an answer."""
        return bool(self._since_ms)

    @property
    def in_circles(self) -> bool:
        """True when the model calls functions although none is offered any more."""
        return self._rounds > self._limits.tool_rounds + 1

    def offered(self, tools: tuple[FunctionTool, ...], *, to_caller: bool = False) -> tuple[Tool, ...]:
        """What the model may call now: nothing, when it has gone on for too long, unless it answers (`to_caller`)."""
        spent = self._rounds > self._limits.tool_rounds and not to_caller
        return () if spent else self._toolbox.offered(tools)

    def caller_spoke(self) -> None:
        """The caller's words begin a new count of rounds."""
        self._rounds = 0

    def take(self, call: FunctionCall, tools: tuple[FunctionTool, ...], now_ms: int) -> None:
        """The open reply calls a function."""
        match self._toolbox.judge(call, tools):
            case Outside(call_id):
                self._since_ms[call_id] = now_ms
            case wish:
                self._wishes.append(wish)

    def settle(self, now_ms: int, *, kept: bool, spoken: bool) -> tuple[list[Output], bool]:
        """The open reply is closed: do what it wished for, or tell the model that it was not done.

        The second value is true when the model is to go on from there: it was refused something, or something
        was done for it, without its having `spoken` a word to the caller.
        """
        out: list[Output] = []
        unfinished = False
        wishes, self._wishes = self._wishes, []
        for wish in wishes:
            match wish:
                case Unavailable(call_id, output):
                    out += self._output(call_id, output)
                    unfinished = True
                case ActAsked(call_id, act, output, speaks_next) if kept:
                    out += [*self._done(act), *self._output(call_id, output)]
                    unfinished = unfinished or (speaks_next and not spoken)
                case ActAsked(call_id):
                    out += self._output(call_id, _NOT_DONE)
                case HangUpAsked(call_id) | TransferAsked(call_id):
                    if not (kept and self._farewell.plan(wish, now_ms)):
                        out += self._output(call_id, _NOT_DONE)
        goes_on = unfinished and kept and not self.pending and not self._farewell.planned
        self._rounds += goes_on
        return out, goes_on

    def answered(self, call_id: str, *, counts: bool) -> None:
        """Somebody answered; the output is in the conversation. If it `counts`, the last one makes one more round."""
        if self._since_ms.pop(call_id, None) is not None and not self.pending:
            self._rounds += counts

    def given_up(self, now_ms: int) -> list[Output]:
        """Answer the calls that have waited for too long; the model is to go on, without more, when none is left."""
        late = [call_id for call_id, since in self._since_ms.items() if now_ms - since > self._limits.tool_ms]
        out = [event for call_id in late for event in self._output(call_id, _UNANSWERED)]
        for call_id in late:
            del self._since_ms[call_id]
        if late and not self.pending:
            self._rounds = max(self._rounds, self._limits.tool_rounds) + 1
        return out

    def taken_back(self) -> list[Output]:
        """The caller goes on talking: a planned hang-up does not happen."""
        call_id = self._farewell.take_back()
        return self._output(call_id, _TAKEN_BACK) if call_id is not None else []

    def transfer_failed(self, why: TransferFailed) -> list[Output]:
        """The target did not take the call; nothing when no transfer is under way."""
        call_id = self._farewell.transfer_failed()
        reason = why.reason.replace("_", " ")
        failed = json.dumps({"error": f"the transfer failed: {reason} (SIP code {why.sip_code})"})
        return self._output(call_id, failed) if call_id is not None else []

    def _done(self, act: PressKeys | ExpectKeys | SetRecording) -> list[Output]:
        if not isinstance(act, ExpectKeys):
            return [act]
        self._expect_keys(act.rules)
        return []

    def _output(self, call_id: str, output: str) -> list[Output]:
        item = FunctionOutputItem(id=self._ids("item"), call_id=call_id, output=output)
        return whole_item(self._ids, item, self._conversation.append(item))
