"""What a scripted agent knows, as it is written in a dialplan. Rule: it is data that can name its own faults.

A flow has states, which callers know as menus. In a state the caller's words, or keys, are matched against the state's
rules and against those of the flow, which hold everywhere; the rule with the strongest match answers. A state may need
slots: then it asks for each that is missing, takes whatever the caller gives at once, and goes on when all are filled.

A way on (`goto`, `then`, `give_up`, `timeout`) names a state, or leads out of the flow: `agent:NAME`,
`agent:NAME/STATE`, `transfer:TARGET`, `voicemail`, `hang_up`. Of several, the next is tried when one fails.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from pipeline.said_words import DIGITS
from pipeline.tools import HAND_OVER, HANG_UP, TRANSFER, VOICEMAIL

KeyPath = tuple[str | int, ...]
Way = str | tuple[str, ...]

REFERENCE: Final = re.compile(r"\{(\w*)\}")


class Slot(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to be learnt. `values`: what the agent says for it -> what callers say (nothing: the same words).

    `frames` are words around a value ("for {} people"); they tell apart slots that share values. `digits` instead of
    values is how many are to be pressed or said: "6", or "4-8".
    """

    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    frames: tuple[str, ...] = ()
    digits: str = ""

    @property
    def lengths(self) -> range:
        """How many digits make a value."""
        least, _, most = self.digits.partition("-")
        return range(int(least), int(most or least) + 1) if self.digits else range(0)

    def forms(self) -> Iterator[tuple[str, str]]:
        """Every bare form with its value."""
        for value, forms in self.values.items():
            for form in forms or (value,):
                yield form, value


class ToolUse(Struct, frozen=True, forbid_unknown_fields=True):
    """A tool to call; what to say, and where to go, when its output is there. `failed` is also for one not offered."""

    name: str
    arguments: dict[str, str] = field(default_factory=dict)
    done: str = ""
    failed: str = ""
    goto: Way = ""
    failed_goto: Way = ""


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """When the caller says such a thing, this is done. Several replies take turns, the last one stays."""

    says: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    pattern: str = ""
    digits: str = ""
    reply: str | tuple[str, ...] = ""
    goto: Way = ""
    forget: tuple[str, ...] = ()
    call: ToolUse | None = None

    @property
    def replies(self) -> tuple[str, ...]:
        """The replies in turn, at least one."""
        return (self.reply,) if isinstance(self.reply, str) else self.reply or ("",)


class Patience(Struct, frozen=True, kw_only=True):
    """With whom is not understood: what is said, one after the other, the last one stays.

    `otherwise` is for what nothing matches, `unheard` (else `otherwise`) for a silent caller.
    After so many `retries` the flow goes on to `give_up`, or `timeout` (else `give_up`) for a silent caller.
    """

    otherwise: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    retries: Annotated[int, Meta(ge=0, le=9)] | None = None
    give_up: Way = ""
    timeout: Way = ""


class State(Patience, frozen=True, forbid_unknown_fields=True):
    """A place in the conversation. `ask` is said on entering; `needs` maps slots to questions; `amends` may be
    corrected; when a slot was given and none is missing, the flow goes on to `then`, or asks again without it. What is
    said on coming into a `protected` state, and in it, is not cut by speech. Patience it lacks is the flow's.
    """

    ask: str = ""
    needs: dict[str, str] = field(default_factory=dict)
    amends: tuple[str, ...] = ()
    then: Way = ""
    when: tuple[Rule, ...] = ()
    protected: bool = False

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots that this state takes from the caller's words."""
        return (*self.needs, *(name for name in self.amends if name not in self.needs))


class Flow(Patience, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole script. `when` holds in every state."""

    greeting: str
    start: str
    states: dict[str, State]
    when: tuple[Rule, ...] = ()
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
            found.update(dict.fromkeys(DIGITS if slot.digits else ()))
        return tuple(found)

    def ways(self) -> Iterator[tuple[KeyPath, Way]]:
        """Every way on that is written down, with its place."""
        yield ("start",), self.start
        for path, rule in self.rules():
            yield (*path, "goto"), rule.goto
            if rule.call:
                yield (*path, "call", "goto"), rule.call.goto
                yield (*path, "call", "failed_goto"), rule.call.failed_goto
        yield from ((("give_up",), self.give_up), (("timeout",), self.timeout))
        for name, state in self.states.items():
            for key in ("then", "give_up", "timeout"):
                yield ("states", name, key), getattr(state, key)

    def goals(self) -> Iterator[tuple[KeyPath, str]]:
        """Every single goal of every way."""
        for path, way in self.ways():
            if isinstance(way, str):
                yield from [(path, way)] if way else []
            else:
                yield from (((*path, at), goal) for at, goal in enumerate(way))

    @property
    def minds_silence(self) -> bool:
        """Whether anything is said for a caller who is silent."""
        return any(each.unheard or each.timeout for each in self.patience())

    @property
    def most_retries(self) -> int:
        """How often a caller may be silent before the flow goes on without."""
        return max(each.retries or 0 for each in self.patience())

    def patience(self) -> Iterator[Patience]:
        """The flow's, and each state's."""
        yield self
        yield from self.states.values()

    def _expanded(self, template: str) -> Iterator[str]:
        """The template with values for its slots; each value is used, not every combination."""
        names = [name for name in REFERENCE.findall(template) if name in self.slots]
        forms = {name: [form for form, _ in self.slots[name].forms()] for name in names}
        for nth in range(max((len(each) for each in forms.values()), default=1)):
            chosen = {name: each[nth % len(each)] for name, each in forms.items() if each}
            yield REFERENCE.sub(lambda reference, chosen=chosen: chosen.get(reference[1], ""), template)  # type: ignore[misc]


_ACTS: Final = {"agent:": (HAND_OVER, "to"), "transfer:": (TRANSFER, "target")}


def goals_of(way: Way) -> tuple[str, ...]:
    """The goals of a way in the order in which they are tried."""
    return (way,) if isinstance(way, str) else way


def act_of(goal: str) -> ToolUse | None:
    """What leads out of the flow to this goal; None when the goal is a state."""
    if goal in (VOICEMAIL, HANG_UP):
        return ToolUse(goal)
    for prefix, (name, argument) in _ACTS.items():
        if goal.startswith(prefix):
            return ToolUse(name, {argument: goal.removeprefix(prefix)})
    return None
