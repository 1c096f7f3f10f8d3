"""Routes, agents and flows as a person writes them: which agent answers which call. Rule: the first route that matches.

time_zone = "Europe/Berlin"

[hours.office]                     # telephony.hours
open = ["mon-fri 09:00-17:30"]

[[route]]                          # first match wins; what a call must be is in telephony.conditions
did = "+49*"                       # exact, a prefix with a star behind it, or "*"
open = "office"
agent = "reception"                # one of those below; "agent:NAME" is looked up in Redis when the call comes

[[route]]
did = "2000"
webhook = "https://app.example.com/calls"   # the phone rings until an application accepts or rejects the call
fallback_agent = "reception"                # after decide_timeout_s; or fallback_reject = 480

[agents.reception]                 # a Realtime session object
model = "scripted/reception"

[flows.reception]                  # what the scripted language model says
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta

from pipeline import flow_faults
from pipeline.call_tools import CALL_TOOLS
from pipeline.flow import Flow
from pipeline.manners import Manners
from pipeline.realtime.config import SessionConfig
from pipeline.signals import LAST_WORDS
from pipeline.tools import HAND_OVER, HANG_UP, TRANSFER, VOICEMAIL
from telephony import agent_faults
from telephony.conditions import Arrival, normal
from telephony.dtmf import KeySettings
from telephony.faults import FaultyError, did_you_mean
from telephony.hours import Calendar, Hours, decode
from telephony.line_terms import LineTerms, broken_terms
from telephony.menus import Menus
from telephony.provider_table import flow_of
from telephony.toml_text import Broken, KeyPath, TomlText
from telephony.toml_text import parse as parse_toml
from telephony.tongues import flow_names, in_languages, written_name
from telephony.transfer_settings import TransferSettings, broken_transfer
from telephony.typed_table import Reader

NOBODY_DECIDED: Final = 480
STORED: Final = "agent:"
HOLD_WORDS: Final = "One moment, please."
# What a person writes who means that nothing be said, and a voice would read out.
NO_WORDS: Final = frozenset(("", "off", "no", "none", "nothing", "false", "null"))
TRANSFER_TARGET: Final = re.compile(r"sips?:(?:[^@\s<>]+@)?[^@\s<>]+|tel:\+?[0-9*#A-D().\-]+(?:;[^\s<>]+)?")

_PATTERN = re.compile(r"\*|[^\s*@:;<>]+\*?")
_TOP = ["route", "agents", "flows", "functions", "hours", "time_zone"]
_HOURS = ("open", "closed", "holiday")

SipRefusal = Annotated[int, Meta(ge=400, le=699)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(LineTerms):
    """Which calls it takes, and what becomes of them: an agent, a webhook, or a SIP code.

    A dialplan holds `did` and `caller` in the one spelling that numbers are compared in.
    `allow` names the tools the agent has over its own call; `transfer_targets` maps a spoken name to the sip: or tel:
    address it may transfer to. None in `max_call_s` and `record` means what the settings say. With a webhook an
    application decides; what it accepts has its own tools only, and speaks when it says so.
    `hold` is said when the caller has heard nothing for `hold_after_ms` and waits for words, and a soft sound follows
    with `hold_sound`. When no provider can go on, `last_words` are said, and the caller is handed over to
    `last_resort`, or may leave a message for `voicemail_s`. `ambience` is a WAV file that is heard behind the agent all
    the time, beside the dialplan if its path is relative, and so loud (RMS) as `ambience_db` says in dBFS.
    `hand_over` names agents, or states of scripted ones (`hotline/billing`), that an agent may let go on with the call.
    `two_step`, `verdict_ms`, `backchannels`, `protect_greeting`, `speculation` and `echo_guard` are the agent's
    `Manners`; no agent begins answers that may not be wanted unless it is told to. `keys` says when an entry of the
    caller's is complete and whether tones count as keys; `record_notice` is said before anything else; `hold_music` is
    a WAV file for who is made to wait.
    """

    agent: str = ""
    allow: tuple[Literal["hang_up", "transfer", "keys", "recording"], ...] = (HANG_UP,)
    transfer_targets: Mapping[str, str] = field(default_factory=dict)
    transfer: TransferSettings = field(default_factory=TransferSettings)
    greet: bool = True
    reject: SipRefusal | None = None
    webhook: str | None = None
    fallback_agent: str = ""
    fallback_reject: SipRefusal | None = None
    decide_timeout_s: Annotated[int, Meta(ge=1, le=170)] = 20
    max_call_s: Annotated[int, Meta(ge=1)] | None = None
    record: bool | None = None
    hold: str = HOLD_WORDS
    hold_after_ms: Annotated[int, Meta(ge=300, le=10_000)] = 2_000
    hold_sound: bool = False
    last_words: str = LAST_WORDS
    last_resort: str = ""
    voicemail_s: Annotated[int, Meta(ge=0, le=600)] = 0
    ambience: str = ""
    hold_music: str = ""
    ambience_db: Annotated[int, Meta(ge=-70, le=-15)] = -40
    hand_over: tuple[str, ...] = ()
    two_step: bool = True
    verdict_ms: Annotated[int, Meta(ge=200, le=2_000)] = 600
    backchannels: tuple[str, ...] = ()
    protect_greeting: bool = False
    keys: KeySettings = field(default_factory=KeySettings)
    record_notice: str = ""
    speculation: Annotated[float, Meta(ge=0, le=1)] = 0.0
    echo_guard: bool = True

    @property
    def manners(self) -> Manners:
        """What the agent does when the caller speaks while it does."""
        return Manners(
            self.two_step,
            self.verdict_ms,
            self.backchannels,
            self.protect_greeting,
            self.speculation,
            self.echo_guard,
        )


@dataclass(frozen=True, slots=True)
class HttpFunction:
    """A function that a web server answers: POST of the arguments, the body of the answer is the output."""

    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=15)] = 5.0


class DialplanError(FaultyError):
    """The dialplan cannot be used; `faults` says everything that is wrong."""


@dataclass(frozen=True, slots=True)
class Dialplan:
    """Everything a dialplan says, checked; `written` is where each key stands."""

    routes: tuple[Route, ...] = ()
    agents: Mapping[str, SessionConfig] = field(default_factory=dict)
    flows: Mapping[str, Flow] = field(default_factory=dict)
    functions: Mapping[str, HttpFunction] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=lambda: Calendar({}))
    written: TomlText = field(default_factory=lambda: TomlText("dialplan", {}, {}), compare=False, repr=False)

    def phrases(self) -> frozenset[str]:
        """What is said for want of an answer, on all routes."""
        said = (
            words
            for route in self.routes
            for words in (route.hold, route.last_words, route.record_notice, route.announcement)
        )
        return frozenset(filter(None, said))

    @property
    def menus(self) -> Menus:
        """Where its flows lead."""
        return Menus(self.agents, self.flows)

    def match(self, call: Arrival) -> Route | None:
        """The first route that takes this call; numbers may come with separators or as URIs."""
        return next((route for route, against in self.tried(call) if against is None), None)

    def tried(self, call: Arrival) -> Iterator[tuple[Route, str | None]]:
        """Every route in order, and the first of its conditions that this call does not meet; None: it takes it."""
        return ((route, route.against(call, self.calendar)) for route in self.routes)


@dataclass(frozen=True, slots=True)
class Draft:
    """What of a dialplan can be read: routes by their place, and the names of all flows, readable or not.

    `written` is where each key stands.
    """

    routes: Mapping[int, Route]
    agents: Mapping[str, SessionConfig]
    flows: list[str]
    written: TomlText


def nothing_else(draft: Draft) -> Iterable[Broken]:
    """For whoever knows of nothing that a dialplan could disagree with."""
    return ()


def parse(text: str, file: str, disagreements: Callable[[Draft], Iterable[Broken]] = nothing_else) -> Dialplan:
    """Read a dialplan; raises DialplanError with every fault in it.

    `disagreements` says what is wrong with what is sound in itself: at which key, the problem, the remedy.
    """
    try:
        toml = parse_toml(text, file)
    except FaultyError as error:
        raise DialplanError(error.faults) from None
    reader = Reader(toml, decode)
    reader.refuse_unknown(toml.table, _TOP, ())
    if not toml.table:
        reader.fault((), "is empty: nobody would be answered", "a [[route]] that names one of the [agents]")
    flows = _flows(reader)
    agents = reader.read_named(SessionConfig, toml.table.get("agents", {}), ("agents",))
    functions = reader.read_named(HttpFunction, toml.table.get("functions", {}), ("functions",))
    calendar = _calendar(reader)
    routes = _routes(reader)
    for path, problem, remedy in [*_all_broken(reader, routes, agents, flows), *_clockless(reader, routes, calendar)]:
        reader.fault(path, problem, remedy)
    found = disagreements(Draft(routes, agents, flow_names(toml), toml))
    # Which voices and languages there are depends on whose they are.
    for path, problem, remedy in [each for each in found if reader.is_sound(each[0], (*each[0][:-1], "model"))]:
        reader.fault(path, problem, remedy)
    if reader.faults:
        raise DialplanError(reader.faults)
    spelled = tuple(route.spelled() for route in routes.values())
    return Dialplan(spelled, agents, flows, functions, calendar, TomlText(file, {}, toml.lines))


def _flows(reader: Reader) -> dict[str, Flow]:
    """Flows by name, in every language; those that cannot be read are left out."""
    if not isinstance(reader.text.table.get("flows", {}), dict):
        reader.fault(("flows",), "expected a table of names")
    read = {name: reader.read(Flow, table, ("flows", at)) for name, at, table in in_languages(reader)}
    return {name: flow for name, flow in read.items() if isinstance(flow, Flow)}


def _calendar(reader: Reader) -> Calendar:
    table = reader.text.table
    hours = reader.read_named(Hours, table.get("hours", {}), ("hours",))
    zone = reader.read(ZoneInfo, table["time_zone"], ("time_zone",)) if "time_zone" in table else None
    return Calendar(hours, zone if isinstance(zone, ZoneInfo) else None)


def _clockless(reader: Reader, routes: Mapping[int, Route], calendar: Calendar) -> Iterator[Broken]:
    """Hours that are not there, and times that are no time zone's."""
    named = _names(reader.text, "hours")
    for index, route in routes.items():
        for key in _HOURS:
            name = getattr(route, key)
            if name and name not in named:
                yield ("route", index, key), f"there are no hours {name!r}", did_you_mean(name, named)
    if "time_zone" in reader.text.table:
        return
    remedy = 'time_zone = "Europe/Berlin" at the top'
    for index, route in routes.items():
        for key in ("weekdays", "time"):
            if getattr(route, key) is not None:
                yield ("route", index, key), "is nobody's time: there is no time_zone", remedy
    for name, hours in calendar.hours.items():
        if hours.time_zone is None and reader.is_sound(("hours", name, "time_zone")):
            yield ("hours", name, "time_zone"), "is missing, here and in the dialplan", remedy


def _routes(reader: Reader) -> dict[int, Route]:
    """Routes by their place in the file; those that cannot be read are left out."""
    raw = reader.text.table.get("route", [])
    if not isinstance(raw, list):
        reader.fault(("route",), "expected an array of tables", "[[route]]")
        return {}
    read = {index: reader.read(Route, table, ("route", index)) for index, table in enumerate(raw)}
    return {index: route for index, route in read.items() if isinstance(route, Route)}


def _all_broken(
    reader: Reader, routes: Mapping[int, Route], agents: Mapping[str, SessionConfig], flows: Mapping[str, Flow]
) -> Iterator[Broken]:
    for index, route in routes.items():
        at: KeyPath = ("route", index)
        found = list(_broken_route(route, _names(reader.text, "agents")))
        if reader.is_sound(*((*at, key) for key in ("agent", "reject", "webhook"))):
            found += _broken_decision(route)
        for path, problem, remedy in found:
            yield (*at, *path), problem, remedy
    yield from _shadowed(routes)
    for name, agent in agents.items():
        for path, problem, remedy in (*agent_faults.faults(agent), *_broken_script(agent, flow_names(reader.text))):
            yield ("agents", name, *path), problem, remedy
    menus = Menus(agents, flows)
    for name, flow in flows.items():
        for path, problem in flow_faults.faults(flow, menus.entered(name, routes.values())):
            yield ("flows", written_name(name), *path), problem, ""
    yield from menus.broken(routes)
    yield from _missing_tools(agents, flows)


def _names(toml: TomlText, table: str) -> list[str]:
    """The names written down, whether what they name could be read or not: a fault is told once, where it is."""
    named = toml.table.get(table, {})
    return list(named) if isinstance(named, dict) else []


def _broken_route(route: Route, agents: list[str]) -> Iterator[Broken]:
    yield from (*broken_terms(route), *broken_transfer(route.transfer))
    patterns = {"did": route.did, "caller": route.caller, "diverted_from": route.diverted_from or "*"}
    for key, pattern in patterns.items():
        if not _PATTERN.fullmatch(normal(pattern)):
            yield (key,), f"{pattern!r} is no pattern", 'a number or name, a prefix such as "+49*", or "*"'
    for key, agent in (("agent", route.agent), ("fallback_agent", route.fallback_agent)):
        if agent and agent not in agents and not agent.startswith(STORED):
            yield (key,), f"there is no agent {agent!r}", did_you_mean(agent, agents)
    if TRANSFER in route.allow and not route.transfer_targets:
        yield ("allow",), "transfer is allowed, but there is nowhere to", 'transfer_targets = { desk = "tel:+..." }'
    if route.transfer_targets and TRANSFER not in route.allow:
        yield ("transfer_targets",), "transfer is not allowed", 'allow = ["hang_up", "transfer"]'
    places = {("transfer_targets", name): target for name, target in route.transfer_targets.items()}
    for path, target in (*places.items(), *([(("last_resort",), route.last_resort)] if route.last_resort else [])):
        if not TRANSFER_TARGET.fullmatch(target):
            yield path, f"{target!r} is no address", "sip:USER@HOST or tel:+NUMBER"
    for key, words in (("hold", route.hold), ("last_words", route.last_words), ("announcement", route.announcement)):
        if words and words.strip().lower() in NO_WORDS:
            yield (key,), f"{words!r} is nothing to say to a caller", '"" for nothing'
    if route.protect_greeting and not route.greet:
        yield ("protect_greeting",), "nothing is said first that could be interrupted", "leave out greet = false"
    for index, phrase in enumerate(route.backchannels):
        if not any(letter.isalpha() for letter in phrase):
            yield ("backchannels", index), f"{phrase!r} has no words", 'backchannels = ["aye"]'
    if route.voicemail_s and route.record is False:
        yield ("voicemail_s",), "a message is a recording, and this route has none", "leave out record = false"


def _broken_decision(route: Route) -> Iterator[Broken]:
    decisions = {"agent": bool(route.agent), "reject": route.reject is not None, "webhook": route.webhook is not None}
    taken = [name for name, there in decisions.items() if there]
    if len(taken) > 1:
        yield (taken[1],), f"a route has one of agent, reject and webhook, not {' and '.join(taken)}", ""
    elif not taken:
        yield ("agent",), "is missing", "name an agent, or reject = 603, or a webhook"
    if route.webhook is not None and not re.fullmatch(r"https?://[^\s/]+\S*", route.webhook):
        yield ("webhook",), f"{route.webhook!r} is no web address", "https://HOST/PATH"
    for name, there in (("fallback_agent", route.fallback_agent), ("fallback_reject", route.fallback_reject)):
        if there and route.webhook is None:
            yield (name,), "is for when a webhook brings no decision, and there is none", ""
    if route.fallback_agent and route.fallback_reject is not None:
        yield ("fallback_reject",), "a route falls back on an agent or rejects, not both", ""


def _shadowed(routes: Mapping[int, Route]) -> Iterator[Broken]:
    """Routes that no call can come to, because one before them takes every call they would."""
    for index, route in routes.items():
        for earlier in (number for number in routes if number < index):
            if routes[earlier].cover(route):
                yield ("route", index), f"can never match: route[{earlier + 1}] takes all its calls", "put it first"
                break


def _broken_script(agent: SessionConfig, flows: list[str]) -> Iterator[Broken]:
    flow = flow_of(agent.model)
    if flow is not None and flow not in flows:
        yield ("model",), f"there is no flow {flow!r}", did_you_mean(flow, flows)


def _missing_tools(agents: Mapping[str, SessionConfig], flows: Mapping[str, Flow]) -> Iterator[Broken]:
    """Tools that a flow calls and an agent that speaks from it does not have."""
    for agent_name, agent in agents.items():
        flow_name = flow_of(agent.model)
        if flow_name is None or flow_name not in flows:
            continue
        offered = {HANG_UP, TRANSFER, VOICEMAIL, HAND_OVER, *CALL_TOOLS, *(tool.name for tool in agent.tools)}
        for path, rule in flows[flow_name].rules():
            if rule.call and rule.call.name not in offered:
                problem = f"agent {agent_name!r} has no tool {rule.call.name!r}"
                yield (
                    ("flows", written_name(flow_name), *path, "call", "name"),
                    problem,
                    did_you_mean(rule.call.name, offered),
                )
