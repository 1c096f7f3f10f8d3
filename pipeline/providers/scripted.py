"""A language model that reads a flow instead of the world. Rule: its state is a fold over the prompt's turns alone.

The same turns give the same reply, in any process. It streams as a real model does: the text word by word, then the
tool's call, then the usage, counted in words.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from pipeline.flow import REFERENCE, Flow, State, ToolUse
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
from pipeline.understanding import Heard, Match, Understanding, heard

MISSED = "missed"
# What a new value for a slot of the state weighs against a rule.
SLOT_SCORE = 2.0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a conversation stands, and what the agent says and does there. `call` waits for its output."""

    state: str
    say: str
    slots: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    call: ToolUse | None = None


class Script:
    """A flow as a function from turns to a standing."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._understanding = Understanding(flow)

    def standing(self, turns: tuple[Turn, ...]) -> Standing:
        """Where the conversation stands after these turns. What the agent itself said is not looked at."""
        standing = Standing(self._flow.start, self._flow.greeting)
        for turn in turns:
            match turn:
                case Message(role="user", text=text):
                    standing = self._hear(replace(standing, call=None), heard(text))
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

    def filled(self, text: str, standing: Standing) -> str:
        """A text with the values of its slots."""
        return REFERENCE.sub(lambda reference: standing.slots.get(reference[1], ""), text)

    def _hear(self, before: Standing, said: Heard) -> Standing:
        state = self._flow.states[before.state]
        given = self._understanding.slots_in(said, state.slots, _missing(state, before.slots))
        match = self._understanding.best_rule(said, before.state)
        news = {name: value for name, value in given.items() if before.slots.get(name) != value}
        if news and (match is None or _is_weaker(match, said, SLOT_SCORE * len(news))):
            after = replace(before, slots={**before.slots, **news}, counts={**before.counts, MISSED: 0})
            return self._asking("", after if _missing(state, after.slots) else self._gone_to(state.then, after))
        if match:
            return self._matched(before, match, said)
        return self._missed(before, state.otherwise or self._flow.otherwise)

    def _matched(self, before: Standing, match: Match, said: Heard) -> Standing:
        rule = match.rule
        nth = before.counts.get(match.key, 0)
        forgotten = rule.forget if rule.goto != before.state else ()
        slots = {name: value for name, value in before.slots.items() if name not in forgotten}
        slots.update(match.slots)
        if rule.goto:
            slots |= self._understanding.slots_in(said, self._flow.states[rule.goto].slots, "")
        after = replace(before, slots=slots, counts={**before.counts, match.key: nth + 1, MISSED: 0})
        after = self._gone_to(rule.goto, after)
        reply = rule.replies[min(nth, len(rule.replies) - 1)]
        if rule.call:
            return replace(after, say=self.filled(reply, after), call=rule.call)
        if rule.goto or match.everywhere:
            return self._asking(reply, after)
        return replace(after, say=self.filled(reply, after))

    def _prompted(self, standing: Standing) -> Standing:
        """The agent is to speak though nobody has answered it: it asks again, or says the same once more."""
        asking = self._asking("", standing)
        return replace(asking if asking.say else standing, call=None)

    def _missed(self, before: Standing, texts: tuple[str, ...]) -> Standing:
        nth = before.counts.get(MISSED, 0)
        after = replace(before, counts={**before.counts, MISSED: nth + 1})
        return self._asking(texts[min(nth, len(texts) - 1)], after)

    def _answered(self, before: Standing, output: str) -> Standing:
        """After a tool's output; a JSON object with an `error` is a failure."""
        call = before.call
        after = replace(before, call=None)
        if call is None:
            return after
        if _failed(output):
            return self._asking(call.failed, after)
        return self._asking(call.done, self._gone_to(call.goto, after))

    def _gone_to(self, goal: str, before: Standing) -> Standing:
        """In another state, or the same for ""; one whose needs are all filled is passed through."""
        name = goal or before.state
        for _ in self._flow.states:
            state = self._flow.states[name]
            if not state.needs or _missing(state, before.slots):
                break
            name = state.then
        return replace(before, state=name)

    def _asking(self, reply: str, standing: Standing) -> Standing:
        """Saying the reply, then what the state asks."""
        state = self._flow.states[standing.state]
        question = state.needs.get(_missing(state, standing.slots), state.ask)
        spoken = (self.filled(text, standing).strip() for text in (reply, question))
        return replace(standing, say=" ".join(filter(None, spoken)))


def _is_weaker(match: Match, said: Heard, slots_score: float) -> bool:
    """Whether the caller rather gave values: a key that answers the state's question is not one of the flow's menu."""
    return match.everywhere if said.digits else match.score <= slots_score


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
        say, call = standing.say, standing.call
        if call and (prompt.tool_choice == "none" or all(tool.name != call.name for tool in prompt.tools)):
            say, call = " ".join(filter(None, (say, self._script.filled(call.failed, standing)))), None
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
            arguments = {name: self._script.filled(text, standing) for name, text in call.arguments.items()}
            call_id = f"call_{len(prompt.turns)}"
            yield FunctionCall(call_id, call.name, msgspec.json.encode(arguments).decode())
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
