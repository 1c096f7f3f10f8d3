"""The SIP thread's side of the endpoint: its accounts, its dialogs, its ports. Rule: for jobs on the SIP thread only.

A dialog has a number, and only its number travels: pjsua2 objects are made, used and dropped on one thread.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import pjsua2 as pj
import structlog

from telephony.leg import Ending, LegEnded
from telephony.sip.dialog import NO_CALL, Dialog, Joined, Signal
from telephony.sip.invite import Invite, offers_audio, parse_invite
from telephony.sip.sound import Bridge
from telephony.sip.thread import contained

_log = structlog.get_logger(__name__)

BUSY_HERE: Final = 486
NOT_ACCEPTABLE_HERE: Final = 488
SHUTTING_DOWN: Final = 503
SERVICE_UNAVAILABLE: Final = 503
_UNRESOLVED: Final = "PJ_ERESOLVE"  # in the library's words; it tells no status


@dataclass(frozen=True, slots=True)
class Registration:
    """A trunk's answer to REGISTER; `heard` is False when pjsip gave the code itself, for want of an answer."""

    sip_code: int
    reason: str
    expires_s: int
    heard: bool


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What lives on the SIP thread: dialogs, RingPorts held for legs, and ports on the bridge (one is its own)."""

    dialogs: int
    leg_ports: int
    bridge_ports: int


class Lobby(Protocol):
    """What the exchange tells the event loop; called on the SIP thread, heard on the loop."""

    def arrived(self, number: int, invite: Invite, trunk: str | None) -> None:
        """An inbound dialog waits for a decision."""
        ...

    def signalled(self, number: int, signal: Signal) -> None:
        """Something happened to a dialog."""
        ...

    def registered(self, trunk: str, registration: Registration) -> None:
        """A registrar answered, or did not."""
        ...


class Account(pj.Account):  # type: ignore[misc]
    """A trunk's account, or the one that takes and makes direct calls (`trunk` None)."""

    def __init__(self, exchange: "Exchange", trunk: str | None) -> None:
        super().__init__()
        self._exchange = exchange
        self._trunk = trunk
        self.told = 0  # registrations that succeeded or failed

    def onIncomingCall(self, arrival: Any) -> None:  # noqa: N802, D102
        # pjsua answers 500 to a call that nobody took.
        contained(partial(self._exchange.admit, self, self._trunk, arrival), _nothing)

    def onRegState(self, news: Any) -> None:  # noqa: N802, D102
        contained(partial(self._tell_registration, news), _nothing)

    def _tell_registration(self, news: Any) -> None:
        if self._trunk is not None:
            self.told += 1
            answer = Registration(news.code, _reason(news.reason), news.expiration, bool(news.rdata.wholeMsg))
            self._exchange.lobby.registered(self._trunk, answer)


class Exchange:
    """Every dialog of the endpoint, by number."""

    def __init__(
        self, lobby: Lobby, post: Callable[[Callable[[], None]], None], bridge: Bridge, max_calls: int
    ) -> None:
        self.lobby = lobby
        self._post = post
        self._bridge = bridge
        self._max_calls = max_calls
        self._numbers = itertools.count(1)
        self._accounts: dict[str | None, Account] = {}
        self._dialogs: dict[int, Dialog] = {}
        self._ports: dict[int, Any] = {}
        self._refused: dict[int, Dialog] = {}

    def open_account(self, trunk: str | None, config: Any) -> None:
        """Add an account; the one without a trunk is the default for what matches no other."""
        account = Account(self, trunk)
        account.create(config, trunk is None)
        self._accounts[trunk] = account

    def register(self, trunk: str, on: bool = True) -> None:
        """Send REGISTER (again), or take the registration back. What cannot be sent is told as a failure, once."""
        account = self._accounts[trunk]
        told = account.told
        try:
            account.setRegistration(on)
        except pj.Error as fault:
            if account.told == told:
                unsent = Registration(SERVICE_UNAVAILABLE, _reason(str(fault.reason)), 0, heard=False)
                self.lobby.registered(trunk, unsent)

    def admit(self, account: Account, trunk: str | None, arrival: Any) -> None:
        """An INVITE has come: announce it, or refuse it when all lines are taken or nothing in it can be heard."""
        if len(self._dialogs) >= self._max_calls:
            self._refuse(account, arrival, Ending("us", "busy", BUSY_HERE))
            _log.warning("call_refused_all_lines_busy", lines=self._max_calls)
            return
        if not offers_audio(arrival.rdata.wholeMsg):
            self._refuse(account, arrival, Ending("caller", "no_common_codec", NOT_ACCEPTABLE_HERE))
            _log.warning("call_refused_no_usable_audio")
            return
        number = next(self._numbers)
        invite = parse_invite(arrival.rdata.wholeMsg)
        post = partial(self._signal, number)
        self._dialogs[number] = Dialog(account, arrival.callId, post, self._bridge)
        self.lobby.arrived(number, invite, trunk)

    def place(self, number: int, trunk: str | None, target: str, local_uri: str | None) -> str | None:
        """Call out; the number comes from reserve(). Returns the Call-ID; None when it cannot even be tried."""
        dialog = Dialog(self._accounts[trunk], NO_CALL, partial(self._signal, number), self._bridge)
        self._dialogs[number] = dialog
        try:
            return dialog.place(target, local_uri)
        except pj.Error as fault:
            del self._dialogs[number]
            _log.warning("call_not_placed", why=str(fault.reason))
            return None

    def reserve(self) -> int:
        """A number for an outbound dialog; from any thread."""
        return next(self._numbers)

    def is_full(self) -> bool:
        """All lines are taken."""
        return len(self._dialogs) >= self._max_calls

    def act(self, number: int, act: Callable[[Dialog], None]) -> None:
        """Let a dialog do something, if it still lives."""
        dialog = self._dialogs.get(number)
        if dialog:
            act(dialog)

    def let_go(self, number: int) -> None:
        """The event loop no longer holds this dialog's port."""
        _forget(self._ports, number)

    def occupancy(self, library: Any) -> Occupancy:
        """Count what is there."""
        dialogs = len(self._dialogs) + len(self._refused)
        return Occupancy(dialogs, len(self._ports), len(library.mediaEnumPorts2()))

    def check_media(self, now_ms: float, limit_ms: float) -> None:
        """End the dialogs whose RTP has stopped."""
        for dialog in tuple(self._dialogs.values()):
            dialog.check_media(now_ms, limit_ms)

    def hang_up_all(self, reason: str) -> int:
        """End every dialog; returns how many there were."""
        dialogs = tuple(self._dialogs.values())
        for dialog in dialogs:
            dialog.leave(Ending("us", reason, SHUTTING_DOWN))
        return len(dialogs)

    def close(self) -> None:
        """Drop what is left, before the library goes."""
        self._dialogs.clear()
        self._refused.clear()
        self._ports.clear()
        self._bridge.drop_players()
        for account in self._accounts.values():
            account.shutdown()
        self._accounts.clear()

    def _refuse(self, account: Account, arrival: Any, ending: Ending) -> None:
        number = next(self._numbers)
        refused = self._refused[number] = Dialog(account, arrival.callId, _nothing, self._bridge)
        refused.leave(ending)
        self._post(partial(_forget, self._refused, number))

    def _signal(self, number: int, signal: Signal) -> None:
        match signal:
            case Joined(port):
                # Kept until the event loop has let go, so that it is never the last to hold a port.
                self._ports[number] = port
            case LegEnded():
                # Not here: pjsua2 is still inside the dialog. Soon: its line may be taken by another call.
                self._post(partial(_forget, self._dialogs, number))
        self.lobby.signalled(number, signal)


def _reason(reason: str) -> str:
    return "the registrar's name does not resolve" if _UNRESOLVED in reason else reason


def _forget(kept: dict[int, Any], number: int) -> None:
    kept.pop(number, None)


def _nothing(*_: object) -> None:
    pass
