"""A trunk's registration. Rule: pjsip refreshes what stands; what failed is tried again from here, ever later."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final, TypeVar

import structlog

from telephony.sip.exchange import Registration

_log = structlog.get_logger(__name__)

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Registering:
    """A REGISTER is out for the first time."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The registrar knows where we are."""

    expires_s: int


@dataclass(frozen=True, slots=True)
class Denied:
    """The registrar said no: wrong credentials, an unknown number. Tried again, in case somebody mends it there."""

    sip_code: int
    reason: str
    retry_in_s: float


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No registrar answered, or its name does not resolve."""

    sip_code: int
    retry_in_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unregistered:
    """We took the registration back."""


TrunkState = Registering | Registered | Denied | Unreachable | Unregistered


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from the first to the longest."""

    first_s: float
    longest_s: float

    def wait_s(self, failures: int) -> float:
        """The wait after so many failures in a row (from 1)."""
        return float(min(self.longest_s, self.first_s * 2 ** min(failures - 1, 32)))


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """When a failed registration is tried again. A refusal waits longer: registrars lock out who insists."""

    unreachable: Backoff = Backoff(2.0, 120.0)
    refused: Backoff = Backoff(60.0, 3_600.0)


_PLAN: Final = RetryPlan()


class TrunkLine:
    """One trunk on the event loop: its state, and the next try."""

    def __init__(self, name: str, register: Callable[[], None], plan: RetryPlan = _PLAN) -> None:
        self.name = name
        self.state: TrunkState = Registering()
        self._register = register
        self._plan = plan
        self._failures = 0
        self._retry: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        self._closing = False

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

    def answered(self, registration: Registration) -> None:
        """The registrar answered, or did not."""
        match registration:
            case Registration(sip_code=code, expires_s=expires_s) if 200 <= code < 300:
                self._failures = 0
                self._become(Registered(expires_s) if expires_s > 0 else Unregistered())
            case Registration(sip_code=code, reason=reason, heard=True) if code not in {408, 503, 504}:
                self._become(Denied(code, reason, self._try_again(self._plan.refused)))
            case Registration(sip_code=code, reason=reason):
                self._become(Unreachable(code, self._try_again(self._plan.unreachable), reason))

    def close(self) -> None:
        """No more tries."""
        self._closing = True
        if self._retry:
            self._retry.cancel()

    def _become(self, state: TrunkState) -> None:
        before, self.state = self.state, state
        self._changed.set()
        if _told(state) != _told(before):
            say = _log.warning if isinstance(state, Denied | Unreachable) else _log.info
            say("trunk_state", trunk=self.name, state=type(state).__name__.lower(), **asdict(state))

    def _try_again(self, backoff: Backoff) -> float:
        self._failures += 1
        wait_s = backoff.wait_s(self._failures)
        if self._retry:
            self._retry.cancel()
        if not self._closing:
            self._retry = asyncio.get_running_loop().call_later(wait_s, self._register)
        return wait_s


def _told(state: TrunkState) -> object:
    """What a log's reader learns from a state; the next wait alone is no news."""
    match state:
        case Denied(code, reason) | Unreachable(code, reason=reason):
            return type(state), code, reason
        case _:
            return state
