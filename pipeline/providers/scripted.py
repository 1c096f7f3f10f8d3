"""A language model that reads a flow instead of the world. Rule: its state is a fold over the prompt's turns alone.

The same turns give the same reply, in any process. It streams as a real model does: the text word by word, then the
tool's call, then the usage, counted in words.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from pipeline.flow import REFERENCE, Flow, State, ToolUse, Way, act_of, goals_of
from pipeline.providers import (
    CutShort,
    Delta,
    FunctionCall,
    FunctionOutput,
    HeardOut,
    Message,
    Prompt,
    TextDelta,
    Turn,
    Usage,
)
from pipeline.tools import HAND_OVER, handed_over_to
from pipeline.understanding import Heard, Match, Understanding, heard

MISSED = "missed"
SILENT = "silent"
# What a new value for a slot of the state weighs against a rule.
SLOT_SCORE = 2.0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a conversation stands, and what the agent says and does there. `call` waits for its output; if that tells
    of a failure, it goes on to `else_to`.
    """

    state: str
    say: str
    slots: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    call: ToolUse | None = None
    else_to: Way = ""


class Script:
    """A flow as a function from turns to a standing."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._understanding = Understanding(flow)
        self._entries = frozenset(name for name, slot in flow.slots.items() if slot.digits)

    def standing(self, turns: tuple[Turn, ...]) -> Standing:
        """Where the conversation stands after these turns. What the agent itself said is not looked at."""
        standing = Standing(self._flow.start, self._flow.greeting)
        handing_over: dict[str, str] = {}
        given = ""
        for turn in turns:
            match turn:
                case Message(role="user", text=text):
                    said, before = replace(heard(text), before=given), replace(standing, call=None, else_to="")
                    standing = self._hear(before, said)
                    given = given + said.figures if said.figures and not _is_chosen(before, standing) else ""
                case Message(role="assistant"):
                    given = ""
                case FunctionCall(call_id, name, arguments) if name == HAND_OVER:
                    handing_over[call_id] = handed_over_to(arguments)
                case FunctionOutput(call_id, output) if call_id in handing_over and not _failed(output):
                    standing = self._taken_over(handing_over[call_id].partition("/")[2])
                case FunctionOutput(output=output):
                    standing = self._answered(standing, output)
                case _:
                    pass
        match [turn for turn in turns if not (isinstance(turn, Message) and turn.role == "system")]:
            case [] | [*_, Message(role="user") | FunctionOutput()]:
                return standing
            case _:
                return self._prompted(standing)

    def is_protected(self, standing: Standing) -> bool:
        """Whether what is said there is to be heard out."""
        return self._flow.states[standing.state].protected

    def refused(self, standing: Standing) -> Standing:
        """What is said and done instead when the call is of a function that is not offered."""
        after = self._failing(standing)
        return replace(after, say=" ".join(filter(None, (standing.say, after.say))))

    def filled(self, text: str, standing: Standing) -> str:
        """A text with the values of its slots, to be said: entries digit by digit."""
        slots = {name: " ".join(value) if name in self._entries else value for name, value in standing.slots.items()}
        return _filled(text, slots)

    def arguments(self, standing: Standing) -> str:
        """Those of the call, as JSON."""
        assert standing.call is not None
        given = {name: _filled(text, standing.slots) for name, text in standing.call.arguments.items()}
        return msgspec.json.encode(given).decode()

    def _taken_over(self, state: str) -> Standing:
        """Another agent has handed the caller over, to this state if it is one."""
        begun = self._asking("", Standing(state if state in self._flow.states else self._flow.start, ""))
        return begun if begun.say else replace(begun, say=self._flow.greeting)

    def _hear(self, before: Standing, said: Heard) -> Standing:
        state = self._flow.states[before.state]
        if not (said.words or said.digits):
            return self._silent(before)
        given = self._understanding.slots_in(said, state.slots, _missing(state, before.slots))
        match = self._understanding.best_rule(said, before.state)
        news = {name: value for name, value in given.items() if before.slots.get(name) != value}
        if news and (match is None or _is_weaker(match, said, SLOT_SCORE * len(news))):
            after = replace(before, slots={**before.slots, **news}, counts=_afresh(before))
            return self._led("" if _missing(state, after.slots) else state.then, "", after)
        if match:
            return self._matched(before, match, said)
        return self._missed(before, MISSED, self._texts("otherwise", before), self._way("give_up", before))

    def _matched(self, before: Standing, match: Match, said: Heard) -> Standing:
        rule = match.rule
        nth = before.counts.get(match.key, 0)
        forgotten = rule.forget if rule.goto != before.state else ()
        slots = {name: value for name, value in before.slots.items() if name not in forgotten}
        slots.update(match.slots)
        if goal := self._flow.states.get(next(iter(goals_of(rule.goto)), "")):
            slots |= self._understanding.slots_in(said, goal.slots, "")
        after = replace(before, slots=slots, counts={**_afresh(before), match.key: nth + 1})
        reply = rule.replies[min(nth, len(rule.replies) - 1)]
        if rule.call:
            after = self._led(rule.goto, "", after)
            return replace(after, say=self.filled(reply, after), call=rule.call, else_to=rule.call.failed_goto)
        if rule.goto or match.everywhere:
            return self._led(rule.goto, reply, after)
        return replace(after, say=self.filled(reply, after))

    def _prompted(self, standing: Standing) -> Standing:
        """The agent is to speak though nobody has answered it: it asks again, or says the same once more."""
        asking = self._asking("", standing)
        return replace(asking if asking.say else standing, call=None)

    def _silent(self, before: Standing) -> Standing:
        texts = self._texts("unheard", before) or self._texts("otherwise", before)
        return self._missed(before, SILENT, texts, self._way("timeout", before) or self._way("give_up", before))

    def _missed(self, before: Standing, count: str, texts: tuple[str, ...], give_up: Way) -> Standing:
        """The caller is asked again, or too often has been: then a last text is said only if there is one for it."""
        nth = before.counts.get(count, 0)
        after = replace(before, counts={**before.counts, count: nth + 1})
        here, retries = self._flow.states[before.state].retries, self._flow.retries
        retries = retries if here is None else here
        if retries is not None and nth >= retries and give_up:
            return self._led(give_up, texts[nth] if nth < len(texts) else "", after)
        return self._asking(texts[min(nth, len(texts) - 1)], after)

    def _answered(self, before: Standing, output: str) -> Standing:
        """After a tool's output; a JSON object with an `error` is a failure."""
        if before.call is None:
            return before
        if _failed(output):
            return self._failing(before)
        return self._led(before.call.goto, before.call.done, replace(before, call=None, else_to=""))

    def _failing(self, before: Standing) -> Standing:
        """After a call that came to nothing: on the way that is left, or where it was made, and never silent."""
        assert before.call is not None
        failed, after = before.call.failed, replace(before, call=None, else_to="")
        after = self._led(before.else_to, failed, after) if before.else_to else self._asking(failed, after)
        return after if after.say or after.call else replace(after, say=self._texts("otherwise", after)[0])

    def _led(self, way: Way, reply: str, before: Standing) -> Standing:
        """Saying the reply on the way: into another state, or the same for "", or out of the flow.

        A state whose needs are all filled is passed through.
        """
        for _ in range(len(self._flow.states) + 1):
            goal, *others = goals_of(way) or ("",)
            if act := act_of(goal):
                return replace(before, say=self.filled(reply, before).strip(), call=act, else_to=tuple(others))
            before = replace(before, state=goal or before.state)
            state = self._flow.states[before.state]
            if not state.needs or _missing(state, before.slots):
                break
            way = state.then
        return self._asking(reply, before)

    def _texts(self, kind: Literal["otherwise", "unheard"], standing: Standing) -> tuple[str, ...]:
        texts: tuple[str, ...] = getattr(self._flow.states[standing.state], kind) or getattr(self._flow, kind)
        return texts

    def _way(self, kind: Literal["give_up", "timeout"], standing: Standing) -> Way:
        way: Way = getattr(self._flow.states[standing.state], kind) or getattr(self._flow, kind)
        return way

    def _asking(self, reply: str, standing: Standing) -> Standing:
        """Saying the reply, then what the state asks."""
        state = self._flow.states[standing.state]
        question = state.needs.get(_missing(state, standing.slots), state.ask)
        spoken = (self.filled(text, standing).strip() for text in (reply, question))
        return replace(standing, say=" ".join(filter(None, spoken)))


def _filled(text: str, slots: Mapping[str, str]) -> str:
    return REFERENCE.sub(lambda reference: slots.get(reference[1], ""), text)


def _afresh(standing: Standing) -> dict[str, int]:
    """The counts after the caller was understood."""
    return {**standing.counts, MISSED: 0, SILENT: 0}


def _is_weaker(match: Match, said: Heard, slots_score: float) -> bool:
    """Whether the caller rather gave values: a key that answers the state's question is not one of the flow's menu."""
    return match.everywhere if said.digits else match.score <= slots_score


def _is_chosen(before: Standing, after: Standing) -> bool:
    """Whether a rule was meant, and no value, nor a part of one."""
    return before.slots == after.slots and after.counts.get(MISSED, 0) <= before.counts.get(MISSED, 0)


def _missing(state: State, slots: Mapping[str, str]) -> str:
    """The first slot that the state still needs; "" for none."""
    return next((name for name in state.needs if name not in slots), "")


def _failed(output: str) -> bool:
    try:
        return "error" in msgspec.json.decode(output.encode(), type=dict[str, object])
    except msgspec.MsgspecError:
        return False


class ScriptedModel:
    """LanguageModel over a flow that has no faults."""

    def __init__(self, flow: Flow) -> None:
        self._script = Script(flow)

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """The script's answer to the last turn; before any turn, its greeting.

        A tool that is not offered is not called: the agent says what the flow has for its failure.
        """
        standing = self._script.standing(prompt.turns)
        offered = () if prompt.tool_choice == "none" else tuple(tool.name for tool in prompt.tools)
        while standing.call and standing.call.name not in offered:
            standing = self._script.refused(standing)
        say, call = standing.say, standing.call
        if self._script.is_protected(standing):
            yield HeardOut()
        words = re.findall(r"\S+\s*", say)
        room = len(words) if prompt.max_output_tokens is None else prompt.max_output_tokens
        for word in words[:room]:
            yield TextDelta(word)
            await asyncio.sleep(0)
        if len(words) > room:
            yield CutShort("max_output_tokens")
        elif call:
            yield FunctionCall(f"call_{len(prompt.turns)}", call.name, self._script.arguments(standing))
        yield Usage(_size(prompt), min(len(words), room))


def _size(prompt: Prompt) -> int:
    """The prompt's length in words."""
    texts = [prompt.instructions]
    for turn in prompt.turns:
        match turn:
            case Message(text=text):
                texts.append(text)
            case FunctionCall(arguments=arguments):
                texts.append(arguments)
            case FunctionOutput(output=output):
                texts.append(output)
    return sum(len(text.split()) for text in texts)
