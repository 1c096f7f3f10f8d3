"""A trunk's line: is it there? Rule: pjsip refreshes what stands; what failed is tried again from here, ever later.

A registering trunk is there while its registration stands, a peer while it answers OPTIONS. Where one server is out of
reach the next in the trunk's list is tried at once; after the last the first again, later.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Protocol, TypeVar

import structlog

from telephony.sip.next_hops import Hop

_log = structlog.get_logger(__name__)

S = TypeVar("S")
CHECK_S: Final = 30.0
"""How often a peer is asked whether it lives."""


@dataclass(frozen=True, slots=True)
class Registering:
    """A first request is out."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The registrar knows where we are."""

    expires_s: int


@dataclass(frozen=True, slots=True)
class Answering:
    """The peer answers: where nothing is registered, that is all there is to know."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The registrar said no: wrong credentials, an unknown number. Tried again, in case somebody mends it there."""

    sip_code: int
    reason: str
    retry_in_s: float


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nobody answered, the name does not resolve, or who answered cannot serve now."""

    sip_code: int
    retry_in_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unregistered:
    """We took the registration back."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A trunk's answer to REGISTER or OPTIONS; not `heard` when pjsip gave the code itself, for want of an answer."""

    sip_code: int
    reason: str
    expires_s: int
    heard: bool
    server: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """A server could not take a call, why, and how long calls are to try others first."""

    server: int
    sip_code: int
    reason: str
    rest_s: float
    is_last: bool


TrunkState = Registering | Registered | Answering | Denied | Unreachable | Unregistered


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from the first to the longest, each shortened by chance by up to a part of it."""

    first_s: float
    longest_s: float
    jitter: float = 0.0

    def wait_s(self, failures: int, chance: float = 0.0) -> float:
        """The wait after so many failures in a row (from 1); `chance` is from 0 to 1."""
        return float(min(self.longest_s, self.first_s * 2 ** min(failures - 1, 32)) * (1 - self.jitter * chance))


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """When a failed try is repeated. A refusal waits longer: registrars lock out who insists."""

    unreachable: Backoff = Backoff(2.0, 120.0, jitter=0.5)
    refused: Backoff = Backoff(60.0, 3_600.0, jitter=0.5)
    check_s: float = CHECK_S
    names_s: float = 30.0
    """How often nameservers are asked at most."""


_PLAN: Final = RetryPlan()
_ELSEWHERE: Final = frozenset({408, 500, 502, 503, 504})
"""Answers after which another server may do better."""


class Ask(Protocol):
    """How a trunk's server is asked to take us."""

    def __call__(self, server: int, /) -> None:
        """Send REGISTER, or a peer's OPTIONS, to the server at this place in the trunk's list."""
        ...


class TrunkLine:
    """One trunk on the event loop: its state, its server, and the next try."""

    def __init__(
        self,
        name: str,
        ask: Ask,
        plan: RetryPlan = _PLAN,
        *,
        servers: tuple[Hop, ...] = (Hop(""),),
        registers: bool = True,
    ) -> None:
        self.name = name
        self.state: TrunkState = Registering()
        self.registers = registers
        self.servers = [*servers]
        """Those it knows: each keeps its place, and where it stands says nothing of its turn."""
        self.turns = [*range(len(servers))]
        self.place = 0
        self.lost = asyncio.Event()
        """No server could serve: the records of their names may have changed."""
        self._ask = ask
        self._plan = plan
        self._failures = 0
        self._next: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        self._closing = False
        self._resting_until: dict[Hop, float] = {}

    @property
    def server(self) -> str:
        """Where calls by this trunk go at the moment."""
        return self.servers[self.place].server

    @property
    def is_up(self) -> bool:
        """Calls can come and go by it."""
        return isinstance(self.state, Registered | Answering)

    @property
    def is_waiting(self) -> bool:
        """Every server has been tried, and the next try comes later."""
        return isinstance(self.state, Denied | Unreachable) and self.state.retry_in_s > 0

    def hops(self) -> list[tuple[int, Hop]]:
        """Where a call may go, with the place in the list: from the present server on, and last to who wants a rest."""
        now_s = asyncio.get_running_loop().time()
        hops = [(place, self.servers[place]) for place in (self.place, *self._after())]
        return sorted(hops, key=lambda hop: self._resting_until.get(hop[1], 0.0) > now_s)

    def left(self, left: Left) -> None:
        """A server could not take a call, which went on to the next, if there is one."""
        hop, told = self.servers[left.server], asdict(left)
        _log.warning("server_left", trunk=self.name, **{**told, "server": hop.server}, route=hop.route or None)
        self._resting_until[hop] = asyncio.get_running_loop().time() + left.rest_s
        if left.is_last:
            self.lost.set()

    def turn(self, places: list[int], new: Sequence[int] = ()) -> None:
        """These are the servers' turns from now on. One that serves goes on.

        Who waits to try again, or whose own place a new one has, tries a new one: who had the place answers no more.
        """
        self.turns = places
        if new and (self.is_waiting or self.place in new):
            self.place = new[0]
            self._later(0.0)

    async def changed(self) -> TrunkState:
        """Wait for the next change; returns the state then."""
        self._changed.clear()
        await self._changed.wait()
        return self.state

    async def until(self, wanted: type[S]) -> S:
        """Wait for a state of this kind."""
        while not isinstance(self.state, wanted):
            await self.changed()
        return self.state

    def answered(self, answer: Registration) -> None:
        """A server answered, or did not. One that we have left behind is not heard any more."""
        if answer.server != self.place:
            return
        match answer:
            case Registration(sip_code=code, expires_s=expires_s) if self.registers and 200 <= code < 300:
                self._failures = 0
                self._become(Registered(expires_s) if expires_s > 0 else Unregistered())
            case Registration(sip_code=code, heard=True) if not self.registers and code not in _ELSEWHERE:
                # Whatever the answer to OPTIONS is, somebody gave it (RFC 3261 section 11).
                self._failures = 0
                self._become(Answering())
                self._later(self._plan.check_s)
            case Registration(sip_code=code, reason=reason, heard=True) if code not in _ELSEWHERE:
                self._become(Denied(code, reason, self._try_again(self._plan.refused)))
            case Registration(sip_code=code, reason=reason):
                hop = self.servers[self.place]
                self._become(Unreachable(code, self._try_elsewhere(), reason), hop)

    def close(self) -> None:
        """No more tries."""
        self._closing = True
        if self._next:
            self._next.cancel()

    def _become(self, state: TrunkState, hop: Hop | None = None) -> None:
        """Of the server that calls go to, unless another is named."""
        before, self.state = self.state, state
        self._changed.set()
        if _told(state) != _told(before):
            say = _log.warning if isinstance(state, Denied | Unreachable) else _log.info
            words, told = in_words(state), {"state": type(state).__name__.lower(), **asdict(state)}
            hop = hop or self.servers[self.place]
            say("trunk_state", trunk=self.name, server=hop.server, route=hop.route or None, meaning=words, **told)

    def _try_elsewhere(self) -> float:
        turn = self.turns.index(self.place) + 1 if self.place in self.turns else 0
        self.place = self.turns[turn % len(self.turns)]
        if turn < len(self.turns):
            self._later(0.0)
            return 0.0
        self.lost.set()
        return self._try_again(self._plan.unreachable)

    def _after(self) -> list[int]:
        """The other servers, in their turn from the present one on."""
        turn = self.turns.index(self.place) if self.place in self.turns else 0
        return [place for place in self.turns[turn:] + self.turns[:turn] if place != self.place]

    def _try_again(self, backoff: Backoff) -> float:
        self._failures += 1
        wait_s = backoff.wait_s(self._failures, random.random())
        self._later(wait_s)
        return wait_s

    def _later(self, wait_s: float) -> None:
        if self._next:
            self._next.cancel()
        if not self._closing:
            self._next = asyncio.get_running_loop().call_later(wait_s, self._ask, self.place)


def in_words(state: TrunkState) -> str:
    """What a state means for who runs the service."""
    match state:
        case Registering():
            return "does not answer so far"
        case Registered(expires_s):
            return f"registered for {expires_s} s"
        case Answering():
            return "answers"
        case Unregistered():
            return "the registration has been taken back"
        case Denied(sip_code=code, reason=reason):
            return f"refuses us ({code} {reason}): {_DENIED.get(code, 'its operator knows why')}"
        case Unreachable(sip_code=code, reason=reason):
            meaning = _UNREACHABLE.get(code, "it cannot serve now")
            return f"is out of reach: {reason if 'resolve' in reason else f'{meaning} ({code} {reason})'}"


_DENIED: Final = {
    400: "it does not understand what we send",
    401: "the password, the user name or the realm is wrong",
    403: "it does not allow this account, this number or this address",
    404: "it knows no such account",
    407: "the password, the user name or the realm is wrong",
    423: "it wants a longer expires_s",
    488: "no codec or encryption suits both sides",
}
_UNREACHABLE: Final = {
    408: "no answer came in time",
    500: "it has a fault of its own",
    502: "no connection, or its name does not resolve",
    503: "no connection, or it is overloaded or in maintenance",
    504: "a server behind it does not answer",
}


def _told(state: TrunkState) -> object:
    """What a log's reader learns from a state; the next wait alone is no news."""
    match state:
        case Denied(code, reason) | Unreachable(code, reason=reason):
            return type(state), code, reason
        case _:
            return state
