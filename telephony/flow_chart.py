"""A dialplan as a Mermaid flow chart: routes, agents, menus. Rule: what is drawn is what happens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.flow import Flow, Rule, State, Way, act_of, goals_of
from pipeline.tools import HAND_OVER, HANG_UP, TRANSFER, VOICEMAIL
from telephony.dialplan import Dialplan, Route

_SHOWN = 40
_ANYWHERE = "*"


def mermaid(dialplan: Dialplan) -> Iterator[str]:
    """The chart, line by line."""
    return _Chart(dialplan).lines()


@dataclass(frozen=True, slots=True)
class _Chart:
    dialplan: Dialplan

    def lines(self) -> Iterator[str]:
        yield "flowchart LR"
        for name in self.dialplan.agents:
            yield from self._agent(name)
        for index, route in enumerate(self.dialplan.routes):
            yield from self._route(index, route)

    def _agent(self, name: str) -> Iterator[str]:
        """A scripted agent as its menus, any other as one box."""
        flow = self.dialplan.menus.flow(name)
        if flow is None:
            model = self.dialplan.agents[name].model or "the default model"
            yield f"  {_id(name)}[{_quoted(f'{name}: {model}')}]"
            return
        yield f"  subgraph {_id(name)} [{_quoted(f'agent {name}')}]"
        for state, place in flow.states.items():
            yield f"    {_id(name, state)}[{_quoted(_titled(state, place))}]"
        if flow.when:
            yield f"    {_id(name, _ANYWHERE)}([at any time])"
        yield "  end"
        yield from self._ways(name, flow)

    def _ways(self, name: str, flow: Flow) -> Iterator[str]:
        for path, rule in flow.rules():
            here = _id(name, str(path[1]) if path[0] == "states" else _ANYWHERE)
            label = _label(rule)
            yield from self._arrows(name, here, label, rule.goto)
            if rule.call:
                if rule.call.name in (HANG_UP, TRANSFER, VOICEMAIL, HAND_OVER):
                    goal = next(iter(rule.call.arguments.values()), "")
                    yield f"  {here} -->|{_quoted(label)}| {_end(rule.call.name, goal)}"
                yield from self._arrows(name, here, f"{label}: {rule.call.name}", rule.call.goto)
                yield from self._arrows(name, here, f"{label}: {rule.call.name} fails", rule.call.failed_goto)
        for state, place in flow.states.items():
            here = _id(name, state)
            yield from self._arrows(name, here, f"{', '.join(place.needs) or 'given'}", place.then)
            give_up, timeout = place.give_up or flow.give_up, place.timeout or flow.timeout
            yield from self._arrows(name, here, "not understood" if timeout else "not understood, silent", give_up)
            yield from self._arrows(name, here, "silent", timeout)

    def _arrows(self, name: str, here: str, label: str, way: Way) -> Iterator[str]:
        """To each goal of a way; those that are tried when the one before fails are dotted."""
        for nth, goal in enumerate(goals_of(way)):
            if not goal:
                continue
            arrow, words = ("-.->", f"{nth + 1}. {label}") if nth else ("-->", label)
            yield f"  {here} {arrow}|{_quoted(words)}| {self._goal(name, goal)}"

    def _goal(self, name: str, goal: str) -> str:
        act = act_of(goal)
        if act is None:
            return _id(name, goal)
        to = next(iter(act.arguments.values()), "")
        return self._entrance(to) if act.name == HAND_OVER else _end(act.name, to)

    def _route(self, index: int, route: Route) -> Iterator[str]:
        here = f"route_{index + 1}"
        yield f"  {here}{{{{{_quoted(route.words)}}}}}"
        if route.reject is not None:
            yield f"  {here} --> {_end('reject', str(route.reject))}"
        if route.webhook is not None:
            yield f"  {here} --> {_end('webhook', route.webhook)}"
        for label, agent in (("", route.agent), ("|nobody decides|", route.fallback_agent)):
            if agent:
                yield f"  {here} -->{label} {self._entrance(agent)}"
        reached = {other.partition("/")[0] for other in self.dialplan.menus.others(route)} | {route.agent}
        for agent in sorted(reached & self.dialplan.agents.keys()):
            if self.dialplan.menus.flow(agent) is None:
                for other in route.hand_over:
                    yield f"  {_id(agent)} -->|hands over| {self._entrance(other)}"

    def _entrance(self, other: str) -> str:
        """Where a caller comes to who is handed over to `AGENT` or `AGENT/STATE`."""
        agent, _, state = other.partition("/")
        flow = self.dialplan.menus.flow(agent)
        return _id(agent, state or flow.start) if flow else _id(agent)


def _id(*names: str) -> str:
    return "__".join(re.sub(r"\W", lambda sign: f"_{ord(sign[0]):x}", name) for name in ("a", *names))


def _end(kind: str, to: str = "") -> str:
    return f"{kind}_{_id(to)}([{_quoted(f'{kind} {to}'.strip().replace('_', ' '))}])"


def _quoted(words: str) -> str:
    return '"' + words.replace('"', "#quot;").replace("\n", " ") + '"'


def _titled(name: str, state: State) -> str:
    asks = state.ask or next(iter(state.needs.values()), "")
    short = asks if len(asks) <= _SHOWN else f"{asks[:_SHOWN].rsplit(' ', 1)[0]} ..."
    return f"{name}: {short}" if short else name


def _label(rule: Rule) -> str:
    said = next(iter((*rule.keywords, *rule.says)), rule.pattern)
    return " or ".join(filter(None, (rule.digits, said)))
