"""Where the flows of a dialplan lead: to other agents, people, a message. Rule: every way out is there on every route.

An agent of a route may hand the caller over to those that its flow names, to those that the route names in `hand_over`
(for agents with a language model), to those that their flows name, and so on.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from pipeline.flow import Flow, act_of
from pipeline.realtime.config import ServerVad, SessionConfig
from pipeline.tools import HAND_OVER, HANG_UP, TRANSFER, VOICEMAIL
from telephony.faults import did_you_mean
from telephony.provider_table import flow_of
from telephony.toml_text import Broken, KeyPath
from telephony.tongues import written_name


class Bounds(Protocol):
    """What a route says of where its agents may lead a caller."""

    @property
    def agent(self) -> str:
        """Who answers."""
        ...

    @property
    def fallback_agent(self) -> str:
        """Who answers when nobody decides."""
        ...

    @property
    def hand_over(self) -> tuple[str, ...]:
        """`AGENT` or `AGENT/STATE`, for those who think for themselves."""
        ...

    @property
    def transfer_targets(self) -> Mapping[str, str]:
        """Names and addresses."""
        ...

    @property
    def allow(self) -> tuple[str, ...]:
        """The functions over the call."""
        ...

    @property
    def voicemail_s(self) -> int:
        """How long a message may be."""
        ...


@dataclass(frozen=True, slots=True)
class Menus:
    """The agents and flows of a dialplan."""

    agents: Mapping[str, SessionConfig]
    flows: Mapping[str, Flow]

    def flow(self, agent: str) -> Flow | None:
        """What this agent speaks from, if it is a scripted one; a state may be named behind it."""
        config = self.agents.get(agent.partition("/")[0])
        name = flow_of(config.model) if config else None
        return self.flows.get(name) if name else None

    def others(self, route: Bounds) -> frozenset[str]:
        """Everybody whom the caller of a route may be handed over to."""
        ahead = [*route.hand_over, *self._named_by(route.agent), *self._named_by(route.fallback_agent)]
        found: set[str] = set()
        while ahead:
            other = ahead.pop()
            if other not in found:
                found.add(other)
                ahead += self._named_by(other)
        return frozenset(found)

    def silences(self, route: Bounds) -> int:
        """How often in a row a caller of this route may say nothing before the last of its menus has led on."""
        flows = [self.flow(agent) for agent in (route.agent, route.fallback_agent, *self.others(route))]
        return max(flow.most_retries + 1 for flow in flows if flow) if any(flows) else 0

    def entered(self, flow_name: str, routes: Iterable[Bounds]) -> set[str]:
        """The states of a flow that others hand callers over to."""
        named = {other for route in routes for other in self.others(route)}
        named |= {other for flow in self.flows.values() for _, other in _acts(flow, HAND_OVER)}
        written = written_name(flow_name)
        models = {name: flow_of(config.model) for name, config in self.agents.items()}
        mine = {name for name, model in models.items() if model is not None and written_name(model) == written}
        return {state for agent, _, state in (other.partition("/") for other in named) if agent in mine and state}

    def broken(self, routes: Mapping[int, Bounds]) -> Iterator[Broken]:
        """Ways out that are not there."""
        for name, flow in self.flows.items():
            for path, other in _acts(flow, HAND_OVER):
                for problem, remedy in self._missing(other):
                    yield ("flows", written_name(name), *path), problem, remedy
        for index, route in routes.items():
            for at, other in enumerate(route.hand_over):
                for problem, remedy in self._missing(other):
                    yield ("route", index, "hand_over", at), problem, remedy
            yield from self._barred(index, route)
        yield from self._sleepless()

    def _barred(self, index: int, route: Bounds) -> Iterator[Broken]:
        """Ways out of the flows of a route's agents that the route does not let them take."""
        agents = {each.partition("/")[0] for each in (route.agent, route.fallback_agent, *self.others(route))}
        named = {name for each in agents if (config := self.agents.get(each)) and (name := flow_of(config.model))}
        for name in sorted(named & self.flows.keys()):
            flow, at = self.flows[name], ("flows", written_name(name))
            for path, target in _acts(flow, TRANSFER):
                if target not in route.transfer_targets:
                    problem = f"route[{index + 1}] has no transfer target {target!r}"
                    yield (*at, *path), problem, did_you_mean(target, route.transfer_targets)
            for path, _ in _acts(flow, VOICEMAIL):
                if not route.voicemail_s:
                    yield (*at, *path), f"route[{index + 1}] takes no messages", "voicemail_s = 60"
            for path, _ in _acts(flow, HANG_UP):
                if HANG_UP not in route.allow:
                    yield (*at, *path), f"route[{index + 1}] does not let it hang up", 'allow = ["hang_up"]'

    def _sleepless(self) -> Iterator[Broken]:
        """Agents that would say something to a silent caller, and are never told of silence."""
        for name, config in self.agents.items():
            flow, turns = self.flow(name), config.audio.input.turn_detection
            if flow and flow.minds_silence and not (isinstance(turns, ServerVad) and turns.idle_timeout_ms):
                place: KeyPath = ("agents", name, "audio", "input", "turn_detection")
                remedy = 'turn_detection = { type = "server_vad", idle_timeout_ms = 6000 }'
                yield place, "its flow minds silence, and nothing says how long that is", remedy

    def _missing(self, other: str) -> Iterator[tuple[str, str]]:
        agent, _, state = other.partition("/")
        if agent not in self.agents:
            yield f"there is no agent {agent!r}", did_you_mean(agent, self.agents)
        elif state:
            flow = self.flow(agent)
            if flow is None or state not in flow.states:
                yield f"agent {agent!r} has no state {state!r}", did_you_mean(state, flow.states if flow else ())

    def _named_by(self, agent: str) -> list[str]:
        flow = self.flow(agent)
        return [other for _, other in _acts(flow, HAND_OVER)] if flow else []


def _acts(flow: Flow, name: str) -> Iterator[tuple[KeyPath, str]]:
    """Where a flow leads out in this manner, and to whom."""
    for path, goal in flow.goals():
        act = act_of(goal)
        if act and act.name == name:
            yield path, next(iter(act.arguments.values()), "")
