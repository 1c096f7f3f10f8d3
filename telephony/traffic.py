"""Which calls may be: those that come, and those we place. Rule: pure; whoever is counted in is counted out.

Inbound limits guard this node; outbound limits guard against toll fraud: a trunk dials nothing that is not allowed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, Final
from urllib.parse import unquote

from telephony.number import dialled

HOUR_S: Final = 3_600.0
DAY_S: Final = 86_400.0
ANY: Final = "*"
_ADDRESS: Final = re.compile(r"sips?:(?:[^@]*@)?([^;?>]*)(.*)", re.IGNORECASE)
_MADDR: Final = re.compile(r"maddr=([^;?>]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Calls at a time: on this node, of one source address, to one DID, and by trunk; None is no limit."""

    node: int
    per_source: int | None = None
    per_did: int | None = None
    per_trunk: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRules:
    """What a trunk may be asked to dial: numbers that begin with one of `prefixes` ("*": any), so many, so dear.

    `prices` is by prefix and minute begun; the longest prefix counts, and what has none costs nothing. `servers` are
    its addresses: a call that goes there by another trunk, or by none, is one of its calls all the same.
    """

    servers: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    at_a_time: int | None = None
    per_hour: int | None = None
    prices: Mapping[str, float] = field(default_factory=dict)
    cost_per_day: float | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """One call, as far as limits go. `source` is an address, and empty for a call that we place."""

    trunk: str | None
    did: str
    source: str = ""


@dataclass(slots=True)
class _Placed:
    """A call that we placed: when, and when it was answered and over."""

    trunks: tuple[str, ...]
    number: str
    placed_s: float
    answered_s: float | None = None
    ended_s: float | None = None


class Traffic:
    """The calls of one node."""

    def __init__(self, limits: Limits, dial_rules: Mapping[str, DialRules]) -> None:
        self._limits = limits
        self._rules = dial_rules
        self._places = {
            trunk: {place for server in rules.servers for place in places_of(server)}
            for trunk, rules in dial_rules.items()
        }
        self._passages: dict[int, Passage] = {}
        self._placed: dict[int, _Placed] = {}

    @property
    def calls(self) -> int:
        """Calls at the moment, in and out."""
        return len(self._passages)

    @property
    def is_full(self) -> bool:
        """The node takes no more."""
        return self.calls >= self._limits.node

    def refusal(self, passage: Passage, instead_of: int | None = None) -> str | None:
        """Why this call may not be now, in words; None when it may. It counts as if whose place it takes were gone."""
        limits, all_of = self._limits, [each for key, each in self._passages.items() if key != instead_of]
        if len(all_of) >= limits.node:
            return "all lines are busy"
        by_trunk = limits.per_trunk.get(passage.trunk or "")
        if by_trunk is not None and sum(each.trunk == passage.trunk for each in all_of) >= by_trunk:
            return f"all {by_trunk} lines of the trunk {passage.trunk!r} are busy"
        if not passage.source:
            return None
        if limits.per_source is not None and sum(each.source == passage.source for each in all_of) >= limits.per_source:
            return f"{passage.source} has {limits.per_source} calls here already"
        if limits.per_did is not None and sum(_is_to(each, passage.did) for each in all_of) >= limits.per_did:
            return f"the number called has {limits.per_did} calls already"
        return None

    def found(self, trunk: str, place: str) -> None:
        """A trunk has answered from this host and port."""
        self._places[trunk].add(place)

    def dial_refusal(self, trunk: str | None, target: str, now_s: float) -> str | None:
        """Why this trunk may not dial this now, in words; None when it may. What goes to no trunk is nobody's money."""
        refusals = (self._refusal_by(each, dialled(target), now_s) for each in self._dialling(trunk, target))
        return next(filter(None, refusals), None)

    def _refusal_by(self, trunk: str, number: str, now_s: float) -> str | None:
        rules = self._rules[trunk]
        if not any(_begins(number, prefix) for prefix in rules.prefixes):
            return f"the trunk {trunk!r} dials only what its key `dial` allows, and not this"
        recent = [call for call in self._placed.values() if trunk in call.trunks and not _is_old(call, now_s)]
        live = sum(call.ended_s is None for call in recent)
        if rules.at_a_time is not None and live >= rules.at_a_time:
            return f"the trunk {trunk!r} has placed {rules.at_a_time} calls that still go on"
        in_an_hour = sum(call.placed_s > now_s - HOUR_S for call in recent)
        if rules.per_hour is not None and in_an_hour >= rules.per_hour:
            return f"the trunk {trunk!r} has placed {rules.per_hour} calls within an hour"
        limit = rules.cost_per_day if _price(rules.prices, number) else None
        if limit is not None and sum(self._costs(recent, rules, now_s)) >= limit:
            return f"the calls of the trunk {trunk!r} have cost {limit:g} within a day"
        return None

    def enter(self, key: int, passage: Passage) -> None:
        """A call begins."""
        self._passages[key] = passage

    def placed(self, key: int, trunk: str | None, target: str, now_s: float) -> None:
        """It is one that we place."""
        self._placed = {old: call for old, call in self._placed.items() if not _is_old(call, now_s)}
        if trunks := self._dialling(trunk, target):
            self._placed[key] = _Placed(trunks, dialled(target), now_s)

    def answered(self, key: int, now_s: float) -> None:
        """From now on it costs."""
        if call := self._placed.get(key):
            call.answered_s = now_s

    def leave(self, key: int, now_s: float) -> None:
        """It is over."""
        self._passages.pop(key, None)
        if call := self._placed.get(key):
            call.ended_s = now_s

    def trade(self, one: int, other: int) -> None:
        """Two calls have each taken the other's key."""
        counted: tuple[dict[int, Any], ...] = (self._passages, self._placed)
        for calls in counted:
            kept = {one: calls.pop(other, None), other: calls.pop(one, None)}
            calls.update({key: call for key, call in kept.items() if call is not None})

    def _dialling(self, trunk: str | None, target: str) -> tuple[str, ...]:
        """The trunks whose call this would be: who is named, and else who is reached there."""
        reached = places_of(target)
        there = [each for each, places in self._places.items() if places & reached]
        named = (trunk,) if trunk is not None else ()
        return named if trunk in there else (*named, *there[:1])

    def _costs(self, calls: list[_Placed], rules: DialRules, now_s: float) -> Iterator[float]:
        """A call that rings may be answered: so many at once would cost what none of them has cost yet."""
        for call in calls:
            if call.answered_s is not None:
                minutes = ((call.ended_s or now_s) - call.answered_s) // 60 + 1
                yield minutes * _price(rules.prices, call.number)
            elif call.ended_s is None:
                yield _price(rules.prices, call.number)


def places_of(address: str) -> set[str]:
    """Each host and port that a sip: address may lead to, in one spelling; without a port, that of SIP and of TLS.

    Who is reached by `maddr` stands there beside the host, so that no odd parameter hides one of them.
    """
    found = _ADDRESS.match(address)
    if found is None:
        return set()
    host, _, port = found[1].lower().partition(":")
    hosts = (host, *_MADDR.findall(unquote(found[2]).lower()))
    ports = (int(port),) if port.isdecimal() and int(port) else (5060, 5061)
    return {f"{_spelt(each.rstrip('.'))}:{number}" for each in hosts for number in ports}


def _spelt(host: str) -> str:
    """An IPv4 address as it is usually written: a part may be octal or hexadecimal, and the last stand for several."""
    parts = host.split(".")
    try:
        *first, last = [int(part, 16 if part[:2] == "0x" else 8 if part[:1] == "0" else 10) for part in parts]
        return str(IPv4Address(sum(number << 24 - 8 * at for at, number in enumerate(first)) + last))
    except ValueError:
        return host


def _is_old(call: _Placed, now_s: float) -> bool:
    return call.ended_s is not None and call.ended_s <= now_s - DAY_S


def _is_to(passage: Passage, did: str) -> bool:
    return bool(passage.source) and dialled(passage.did) == dialled(did)


def _begins(number: str, prefix: str) -> bool:
    return prefix == ANY or number.startswith(prefix)


def _price(prices: Mapping[str, float], number: str) -> float:
    fitting = [prefix for prefix in prices if _begins(number, prefix)]
    return prices[max(fitting, key=lambda prefix: (prefix != ANY, len(prefix)))] if fitting else 0.0
