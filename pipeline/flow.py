"""What a scripted agent knows, as it is written in a dialplan. Rule: it is data that can name its own faults.

A flow has states. In a state the caller's words are matched against the state's rules and against those of the flow,
which hold everywhere; the rule with the strongest match answers. A state may need slots: then it asks for each that is
missing, takes whatever the caller gives at once, and goes on when all are filled.
"""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

KeyPath = tuple[str | int, ...]
FlowFault = tuple[KeyPath, str]

REFERENCE = re.compile(r"\{(\w*)\}")


class Slot(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to be learnt. `values`: what the agent says for it -> what callers say (nothing: the same words).

    `frames` are words around a value ("for {} people"); they tell apart slots that share values.
    """

    values: dict[str, tuple[str, ...]]
    frames: tuple[str, ...] = ()

    def forms(self) -> Iterator[tuple[str, str]]:
        """Every bare form with its value."""
        for value, forms in self.values.items():
            for form in forms or (value,):
                yield form, value


class ToolUse(Struct, frozen=True, forbid_unknown_fields=True):
    """A tool to call, and what to say when its output is there; `failed` also when the tool is not offered."""

    name: str
    arguments: dict[str, str] = field(default_factory=dict)
    done: str = ""
    failed: str = ""
    goto: str = ""


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """When the caller says such a thing, this is done. Several replies take turns, the last one stays."""

    says: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    pattern: str = ""
    digits: str = ""
    reply: str | tuple[str, ...] = ""
    goto: str = ""
    forget: tuple[str, ...] = ()
    call: ToolUse | None = None

    @property
    def replies(self) -> tuple[str, ...]:
        """The replies in turn, at least one."""
        return (self.reply,) if isinstance(self.reply, str) else self.reply or ("",)


class State(Struct, frozen=True, forbid_unknown_fields=True):
    """A place in the conversation. `ask` is said on entering; `needs` maps slots to questions; `amends` may be
    corrected; when a slot was given and none is missing, the flow goes on to `then`, or asks again without it. What is
    said on coming into a `protected` state, and in it, is not cut by speech.
    """

    ask: str = ""
    needs: dict[str, str] = field(default_factory=dict)
    amends: tuple[str, ...] = ()
    then: str = ""
    when: tuple[Rule, ...] = ()
    otherwise: tuple[str, ...] = ()
    protected: bool = False

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots that this state takes from the caller's words."""
        return (*self.needs, *(name for name in self.amends if name not in self.needs))


class Flow(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole script. `when` holds in every state; `otherwise` is said when nothing matches, the last one stays."""

    greeting: str
    start: str
    states: dict[str, State]
    when: tuple[Rule, ...] = ()
    otherwise: tuple[str, ...] = ()
    slots: dict[str, Slot] = field(default_factory=dict)

    def rules(self) -> Iterator[tuple[KeyPath, Rule]]:
        """Every rule with its place."""
        for at, rule in enumerate(self.when):
            yield ("when", at), rule
        for name, state in self.states.items():
            for at, rule in enumerate(state.when):
                yield ("states", name, "when", at), rule

    def phrases(self) -> tuple[str, ...]:
        """What callers are expected to say, for a recogniser: examples, keywords and every form of every slot."""
        found: dict[str, None] = {}
        for _, rule in self.rules():
            for said in (*rule.says, *rule.keywords):
                found.update(dict.fromkeys(self._expanded(said)))
        for slot in self.slots.values():
            for form, _ in slot.forms():
                found.update(dict.fromkeys((form, *(frame.replace("{}", form) for frame in slot.frames))))
        return tuple(found)

    def _expanded(self, template: str) -> Iterator[str]:
        """The template with values for its slots; each value is used, not every combination."""
        names = [name for name in REFERENCE.findall(template) if name in self.slots]
        forms = {name: [form for form, _ in self.slots[name].forms()] for name in names}
        for nth in range(max((len(each) for each in forms.values()), default=1)):
            chosen = {name: each[nth % len(each)] for name, each in forms.items() if each}
            yield REFERENCE.sub(lambda reference, chosen=chosen: chosen.get(reference[1], ""), template)  # type: ignore[misc]

    def faults(self) -> list[FlowFault]:
        """Everything that would go wrong in a call, each with its place in the flow."""
        return [*_names(self), *_matching(self), *_texts(self), *_dead_ends(self), *_unreachable(self)]


def _goals(flow: Flow) -> Iterator[tuple[KeyPath, str]]:
    """Every way to a state: where it is written, and the state's name."""
    yield ("start",), flow.start
    for path, rule in flow.rules():
        if rule.goto:
            yield (*path, "goto"), rule.goto
        if rule.call and rule.call.goto:
            yield (*path, "call", "goto"), rule.call.goto
    for name, state in flow.states.items():
        if state.then:
            yield ("states", name, "then"), state.then


def _names(flow: Flow) -> Iterator[FlowFault]:
    """States and slots that are named but do not exist."""
    for path, goal in _goals(flow):
        if goal not in flow.states:
            yield path, f"there is no state {goal!r}"
    for name, state in flow.states.items():
        for slot in state.needs:
            if slot not in flow.slots:
                yield ("states", name, "needs", slot), f"there is no slot {slot!r}"
        for at, slot in enumerate(state.amends):
            if slot not in flow.slots:
                yield ("states", name, "amends", at), f"there is no slot {slot!r}"
    captured = _captured(flow)
    for path, rule in flow.rules():
        for at, slot in enumerate(rule.forget):
            if slot not in captured:
                yield (*path, "forget", at), f"slot {slot!r} is never captured"
        for at, said in enumerate(rule.says):
            for slot in REFERENCE.findall(said):
                if slot not in flow.slots:
                    yield (*path, "says", at), f"there is no slot {slot!r}"


def _matching(flow: Flow) -> Iterator[FlowFault]:
    """Rules that cannot match, and slots that cannot be filled."""
    for path, rule in flow.rules():
        if not (rule.says or rule.keywords or rule.pattern or rule.digits):
            yield path, "nothing can match this rule: it has no says, keywords, pattern or digits"
        if not (any(rule.replies) or rule.goto or rule.call):
            yield path, "this rule does nothing: it has no reply, goto or call"
        if rule.digits and not re.fullmatch(r"[0-9*#A-D]+", rule.digits):
            yield (*path, "digits"), "digits are 0-9 * # A-D"
        for word in ("says", "keywords"):
            for at, said in enumerate(getattr(rule, word)):
                if not re.search(r"\w", said):
                    yield (*path, word, at), "there is no word in it"
        if problem := _pattern_problem(rule.pattern):
            yield (*path, "pattern"), problem
    for name, slot in flow.slots.items():
        if not slot.values:
            yield ("slots", name, "values"), "a slot needs at least one value"
        for at, frame in enumerate(slot.frames):
            if frame.count("{}") != 1:
                yield ("slots", name, "frames", at), "a frame holds {} once, where the value goes"


def _pattern_problem(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        return f"not a regular expression: {error}"
    return ""


def _texts(flow: Flow) -> Iterator[FlowFault]:
    """Texts that speak of a slot nobody fills."""
    captured = _captured(flow)
    for path, text in _spoken(flow):
        for slot in REFERENCE.findall(text):
            if slot not in captured:
                yield path, f"slot {slot!r} is never captured"


def _spoken(flow: Flow) -> Iterator[tuple[KeyPath, str]]:
    yield ("greeting",), flow.greeting
    yield from ((("otherwise", at), text) for at, text in enumerate(flow.otherwise))
    for name, state in flow.states.items():
        yield ("states", name, "ask"), state.ask
        yield from ((("states", name, "needs", slot), question) for slot, question in state.needs.items())
        yield from ((("states", name, "otherwise", at), text) for at, text in enumerate(state.otherwise))
    for path, rule in flow.rules():
        for at, text in enumerate(rule.replies):
            yield (*path, "reply") if isinstance(rule.reply, str) else (*path, "reply", at), text
        if rule.call:
            yield (*path, "call", "done"), rule.call.done
            yield (*path, "call", "failed"), rule.call.failed
            yield from (((*path, "call", "arguments", key), text) for key, text in rule.call.arguments.items())


def _captured(flow: Flow) -> set[str]:
    """Slots that some state takes or some pattern names."""
    names = {slot for state in flow.states.values() for slot in state.slots}
    for _, rule in flow.rules():
        if not _pattern_problem(rule.pattern):
            names.update(re.compile(rule.pattern).groupindex)
    return names


def _dead_ends(flow: Flow) -> Iterator[FlowFault]:
    """Places where the agent would have nothing to say."""
    if not flow.greeting.strip():
        yield ("greeting",), "the agent needs something to say first"
    for name, state in flow.states.items():
        if not (flow.otherwise or state.otherwise):
            yield ("states", name, "otherwise"), "nothing to say when the caller is not understood"
        if state.needs and not state.then:
            yield ("states", name, "then"), "a state with needs must name the state after it"
        if state.amends and not (state.then or state.ask):
            yield ("states", name, "ask"), "a state that amends must ask again or go on with then"
    for path, rule in flow.rules():
        goal = flow.states.get(rule.goto)
        if goal and not (rule.call or any(rule.replies) or goal.ask or goal.needs):
            yield path, f"nothing to say: no reply here, and state {rule.goto!r} asks nothing"


def _unreachable(flow: Flow) -> Iterator[FlowFault]:
    """States that no call can come to."""
    everywhere = [goal for path, goal in _goals(flow) if path[0] in ("start", "when")]
    ways: Mapping[str, list[str]] = {
        name: [goal for path, goal in _goals(flow) if path[:2] == ("states", name)] for name in flow.states
    }
    reached: set[str] = set()
    ahead = list(everywhere)
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += ways.get(name, [])
    for name in flow.states:
        if name not in reached:
            yield ("states", name), "no call can come to this state"
