"""What is wrong with a flow, before a caller finds out. Rule: each fault stands at its place in the flow."""

import re
from collections.abc import Iterable, Iterator

from pipeline.flow import REFERENCE, Flow, KeyPath, Patience, State, act_of, goals_of
from pipeline.tools import HAND_OVER, HANG_UP, TRANSFER, VOICEMAIL

FlowFault = tuple[KeyPath, str]

ENDS = frozenset((HAND_OVER, HANG_UP, TRANSFER, VOICEMAIL))


def faults(flow: Flow, entered: Iterable[str] = ()) -> list[FlowFault]:
    """Everything that would go wrong in a call, each with its place in the flow.

    `entered` are states that others hand the caller over to.
    """
    matching = [*_names(flow), *_matching(flow), *_taken_keys(flow), *_patience(flow), *_texts(flow)]
    return [*matching, *_dead_ends(flow), *_without_way_out(flow), *_unreachable(flow, entered)]


def _names(flow: Flow) -> Iterator[FlowFault]:
    """States and slots that are named but do not exist."""
    for path, goal in flow.goals():
        if goal not in flow.states and (path == ("start",) or act_of(goal) is None):
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
        if not (slot.values or slot.digits):
            yield ("slots", name, "values"), "a slot needs at least one value"
        if slot.digits and (slot.values or slot.frames):
            yield ("slots", name, "digits"), "a slot of digits has no other values, and no frames"
        if slot.digits and not re.fullmatch(r"[1-9]\d?(-[1-9]\d?)?", slot.digits):
            yield ("slots", name, "digits"), 'how many digits: "6", or "4-8"'
        elif slot.digits and not slot.lengths:
            yield ("slots", name, "digits"), "no number has so many digits: the smaller first"
        for at, frame in enumerate(slot.frames):
            if frame.count("{}") != 1:
                yield ("slots", name, "frames", at), "a frame holds {} once, where the value goes"


def _taken_keys(flow: Flow) -> Iterator[FlowFault]:
    """Keys that a rule before this one takes in the same place."""
    taken: dict[KeyPath, int | str] = {}
    for path, rule in flow.rules():
        *place, at = path
        first = taken.setdefault((*place, rule.digits), at)
        if rule.digits and first != at:
            yield (*path, "digits"), f"{rule.digits} is never taken here: when[{int(first) + 1}] takes it"


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
    yield from ((("unheard", at), text) for at, text in enumerate(flow.unheard))
    for name, state in flow.states.items():
        yield ("states", name, "ask"), state.ask
        yield from ((("states", name, "unheard", at), text) for at, text in enumerate(state.unheard))
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
        if _says_nothing(flow, after := _after_needs(flow, state), set(state.slots)):
            yield ("states", name, "then"), f"nothing to say: state {after!r} asks nothing"
    for path, rule in flow.rules():
        first = next(iter(goals_of(rule.goto)), "")
        goal = flow.states.get(first)
        if goal and not (rule.call or any(rule.replies) or goal.ask or goal.needs):
            yield path, f"nothing to say: no reply here, and state {first!r} asks nothing"
        if rule.call and act_of(first):
            yield (*path, "goto"), f"{first!r} leads away before the call is answered: let the call's own goto do that"


def _after_needs(flow: Flow, state: State) -> str:
    """Where the flow comes to when all is given: what needs no more than that is passed through."""
    goal = next(iter(goals_of(state.then)), "")
    for _ in flow.states:
        there = flow.states.get(goal)
        if there is None or not there.needs or not there.needs.keys() <= set(state.slots):
            break
        goal = next(iter(goals_of(there.then)), "")
    return goal


def _says_nothing(flow: Flow, goal: str, given: set[str]) -> bool:
    """Whether this is a state, and who comes to it with these slots hears nothing there."""
    there = flow.states.get(goal)
    return there is not None and not there.ask and there.needs.keys() <= given


def _patience(flow: Flow) -> Iterator[FlowFault]:
    """Retries that lead nowhere, and ways on that nobody comes to."""
    places: list[tuple[KeyPath, Patience]] = [((), flow)]
    places += [(("states", name), state) for name, state in flow.states.items()]
    for at, place in places:
        retries = flow.retries if place.retries is None else place.retries
        leads = place.give_up or flow.give_up
        if place.retries is not None and not leads and not (place.timeout or flow.timeout):
            yield (*at, "retries"), "and then? give_up says where to go"
        for key in ("give_up", "timeout"):
            if getattr(place, key) and retries is None:
                yield (*at, key), "never happens: retries says after how many"


def _without_way_out(flow: Flow) -> Iterator[FlowFault]:
    """States of a flow that leads somewhere, from which a caller comes to no end of the flow's."""
    leads = _leads(flow)
    if not any(None in goals for goals in leads.values()):
        return
    open_states = {name for name, goals in leads.items() if None in goals}
    while more := {name for name, goals in leads.items() if name not in open_states and goals & open_states}:
        open_states |= more
    for name in flow.states:
        if name not in open_states:
            yield ("states", name), "there is no way out of this state: it leads to no end of the flow"


def _leads(flow: Flow) -> dict[str, set[str | None]]:
    """Where each state leads by its own ways and by those that hold everywhere; None is out of the flow."""
    found: dict[str, set[str | None]] = {name: set() for name in flow.states}
    everywhere: set[str | None] = set()
    for path, goal in flow.goals():
        if path != ("start",):
            goals = found[str(path[1])] if path[0] == "states" else everywhere
            goals.add(None if act_of(goal) else goal)
    for path, rule in flow.rules():
        if rule.call and rule.call.name in ENDS:
            (found[str(path[1])] if path[0] == "states" else everywhere).add(None)
    return {name: goals | everywhere for name, goals in found.items()}


def _unreachable(flow: Flow, entered: Iterable[str]) -> Iterator[FlowFault]:
    """States that no call can come to."""
    ways: dict[str, list[str]] = {name: [] for name in flow.states}
    ahead = [*entered]
    for path, goal in flow.goals():
        (ways[str(path[1])] if path[0] == "states" else ahead).append(goal)
    reached: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += ways.get(name, [])
    for name in flow.states:
        if name not in reached:
            yield ("states", name), "no call can come to this state"
