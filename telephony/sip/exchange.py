"""The SIP thread's side of the endpoint: its accounts, its dialogs, its ports. Rule: for jobs on the SIP thread only.

A dialog has a number, and only its number travels: pjsua2 objects are made, used and dropped on one thread.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import pjsua2 as pj
import structlog

from pipeline.observe import Pii
from telephony.leg import Answered, CallRefusedError, Ending, LegEnded, Moved
from telephony.line_settings import LineSettings
from telephony.number import masked
from telephony.sip.dialog import Dialog
from telephony.sip.dialog_life import NO_CALL
from telephony.sip.doorkeeper import Doorkeeper
from telephony.sip.identity import identified
from telephony.sip.invite import Invite, bare_host_of, offers_audio, parse_invite
from telephony.sip.operator import Joined, Signal
from telephony.sip.sound import Bridge
from telephony.sip.succession import Successions
from telephony.sip.thread import contained
from telephony.sip.trunk import Left, Registration
from telephony.sip.ways import Rounds, Way
from telephony.traffic import Passage, Traffic
from telephony.trunk_settings import Trunk

_log = structlog.get_logger(__name__)

NOT_ACCEPTABLE_HERE: Final = 488
SHUTTING_DOWN: Final = 503
SERVICE_UNAVAILABLE: Final = 503
_UNRESOLVED: Final = "PJ_ERESOLVE"  # in the library's words; it tells no status
_TOO_LONG: Final = "PJSIP_EMSGTOOLONG"


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

    def left(self, trunk: str, left: Left) -> None:
        """A trunk's server could not take a call."""
        ...


class Account(pj.Account):  # type: ignore[misc]
    """A trunk's account with one of its servers, or the one that takes and makes direct calls (`trunk` None)."""

    def __init__(self, exchange: "Exchange", trunk: str | None, server: int, line: LineSettings) -> None:
        super().__init__()
        self.line = line
        self.trusted = isinstance(line, Trunk) and line.trusted
        self.trunk = trunk
        self._exchange = exchange
        self._server = server
        self.told = 0  # answers, and what stood for one

    def onIncomingCall(self, arrival: Any) -> None:  # noqa: N802, D102
        # pjsua answers 500 to a call that nobody took.
        contained(partial(self._exchange.admit, self, self.trunk, arrival))

    def onRegState(self, news: Any) -> None:  # noqa: N802, D102
        source = str(news.rdata.srcAddress) if news.rdata.wholeMsg else ""
        contained(partial(self.tell, news.code, news.reason, news.expiration, source))

    def onSendRequest(self, news: Any) -> None:  # noqa: N802, D102
        change = news.e.body.tsxState
        source = str(change.src.rdata.srcAddress) if change.type == pj.PJSIP_EVENT_RX_MSG else ""
        contained(partial(self.tell, change.tsx.statusCode, change.tsx.statusText, 0, source))

    def ask(self, uri: str | None, on: bool = True) -> None:
        """Send REGISTER, or take it back; with a URI, send OPTIONS there. What cannot be sent is told, once."""
        told = self.told
        try:
            if uri is None:
                self.setRegistration(on)
            else:
                self.sendRequest(_options(uri))
        except pj.Error as fault:
            if self.told == told:
                self.tell(SERVICE_UNAVAILABLE, str(fault.reason), 0, "")

    def tell(self, code: int, reason: str, expires_s: int, source: str) -> None:
        """A server has answered from there, or from nowhere: nobody has."""
        if self.trunk is not None:
            self.told += 1
            answer = Registration(code, _reason(reason), expires_s, bool(source), self._server)
            if source and code < 300:
                self._exchange.heard_from(self.trunk, source)
            self._exchange.lobby.registered(self.trunk, answer)


class Exchange:
    """Every dialog of the endpoint, by number."""

    def __init__(
        self,
        lobby: Lobby,
        post: Callable[[Callable[[], None]], None],
        bridge: Bridge,
        traffic: Traffic,
        doorkeeper: Doorkeeper,
    ) -> None:
        self.lobby = lobby
        self.doorkeeper = doorkeeper
        self._post = post
        self._bridge = bridge
        self._traffic = traffic
        self._numbers = itertools.count(1)
        self._accounts: dict[tuple[str | None, int], Account] = {}
        self._retired: list[Account] = []  # pjsua2 deletes an account once more, by its number, when its object goes
        self._dialogs: dict[int, Dialog] = {}
        self._ports: dict[int, Any] = {}
        self._refused: dict[int, Dialog] = {}
        self._is_open = True
        self._rounds = Rounds(self._dialogs, self._begin, lobby.left)
        self.successions = Successions(self, self._dialogs, traffic, self._open, post)

    def open_account(self, trunk: str | None, line: LineSettings, config: Any, server: int = 0) -> None:
        """Add an account; the one without a trunk is the default for what matches no other."""
        account = self._accounts[trunk, server] = Account(self, trunk, server, line)
        account.create(config, trunk is None)
        if trunk is None:
            self.doorkeeper.expect_direct(account.getId())
        elif server == 0:
            self.doorkeeper.expect(trunk, account.getId())

    def renew_account(self, trunk: str, line: LineSettings, config: Any, server: int) -> bool:
        """Add one, or put it in the place of another; False while calls go by that, or when it cannot be."""
        before = self._accounts.get((trunk, server))
        if before and any(dialog.account is before for dialog in self._dialogs.values()):
            return False
        if before:
            before.shutdown()
            self._retired.append(before)
        try:
            self.open_account(trunk, line, config, server)
        except pj.Error as fault:
            _log.warning("server_not_usable", trunk=trunk, why=str(fault.reason))
            return False
        return True

    def ask(self, trunk: str, server: int, uri: str | None, on: bool = True) -> None:
        """Send REGISTER (again), or take the registration back; with a URI, OPTIONS instead."""
        self._accounts[trunk, server].ask(uri, on)

    def heard_from(self, trunk: str, source: str) -> None:
        """A trunk has answered from this address and port."""
        self.doorkeeper.heard_from(trunk, source.rpartition(":")[0])
        self._traffic.found(trunk, source)

    def admit(self, account: Account, trunk: str | None, arrival: Any) -> None:
        """An INVITE has come: announce it, or refuse it when limits say so or nothing in it can be heard."""
        invite = identified(parse_invite(arrival.rdata.wholeMsg), trusted=account.trusted)
        passage = Passage(trunk, invite.called, str(arrival.rdata.srcAddress).rpartition(":")[0])
        refusal = self._traffic.refusal(passage)
        if refusal:
            self._refuse(account, arrival, Ending("us", "busy", SERVICE_UNAVAILABLE))
            _log.warning("call_refused", why=refusal, trunk=trunk, calls=self._traffic.calls)
            return
        if not offers_audio(arrival.rdata.wholeMsg):
            self._refuse(account, arrival, Ending("caller", "no_common_codec", NOT_ACCEPTABLE_HERE))
            _log.warning("call_refused_no_usable_audio")
            return
        dialog = self._open(account, arrival.callId, passage)
        dialog.source = passage.source
        self.lobby.arrived(dialog.number, invite, trunk)

    def place(self, number: int, ways: tuple[Way, ...]) -> None:
        """Call out, by the first way that goes; the number comes from reserve().

        Raises CallRefusedError when it cannot even be tried.
        """
        trunk, target = ways[0].trunk, ways[0].target
        passage = Passage(trunk, target)
        refusal = self._traffic.refusal(passage) or self._traffic.dial_refusal(trunk, target, time.monotonic())
        if refusal:
            _log.warning("call_not_placed", why=refusal, trunk=trunk, target=Pii(target, masked(target)))
            raise CallRefusedError(refusal)
        self._enter(number, passage)
        try:
            unsent = "" if self._rounds.set_out(number, ways) else _UNRESOLVED
        except pj.Error as fault:
            unsent = str(fault.reason)
            self._over(number)
        if unsent:
            _log.warning("call_not_placed", why=unsent)
            raise CallRefusedError(_unsent(unsent))
        self._traffic.placed(number, trunk, target, time.monotonic())

    def reserve(self) -> int:
        """A number for an outbound dialog; from any thread."""
        return next(self._numbers)

    def set_open(self, is_open: bool) -> None:
        """Whether new calls are wanted: what OPTIONS are told."""
        self._is_open = is_open
        self._tell_load()

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
        self._retired.clear()
        self.doorkeeper.leave()

    def _open(self, account: Account, call_id: int, passage: Passage) -> Dialog:
        number = next(self._numbers)
        dialog = self._dialogs[number] = Dialog(account, call_id, self, number, self._bridge)
        self._enter(number, passage)
        return dialog

    def _begin(self, number: int, way: Way) -> Dialog:
        """The dialog of an outbound call; one that it had before is kept until pjsua2 is through with it."""
        dialog = Dialog(self._accounts[way.trunk, way.server], NO_CALL, self, number, self._bridge)
        dialog.source = bare_host_of(way.target)
        if before := self._dialogs.pop(number, None):
            self._post(partial(_forget, {number: before}, number))
        self._dialogs[number] = dialog
        return dialog

    def _enter(self, number: int, passage: Passage) -> None:
        self._traffic.enter(number, passage)
        self._tell_load()

    def _over(self, number: int) -> None:
        self._rounds.over(number)
        self._traffic.leave(number, time.monotonic())
        self._tell_load()
        # Not here: pjsua2 is still inside the dialog. Soon: its line may be taken by another call.
        self._post(partial(_forget, self._dialogs, number))

    def _tell_load(self) -> None:
        self.doorkeeper.tell_load(self._traffic.calls, is_open=self._is_open and not self._traffic.is_full)

    def _refuse(self, account: Account, arrival: Any, ending: Ending) -> None:
        number = next(self._numbers)
        refused = self._refused[number] = Dialog(account, arrival.callId, self, number, self._bridge)
        refused.leave(ending)
        self._post(partial(_forget, self._refused, number))

    def signal(self, number: int, signal: Signal) -> None:
        """Something happened to the dialog that has this number."""
        match signal:
            case Joined(port):
                # Kept until the event loop has let go, so that it is never the last to hold a port.
                self._ports[number] = port
            case Answered() | Moved():
                self._rounds.over(number)
                self._traffic.answered(number, time.monotonic())
            case LegEnded(ending) if self._rounds.goes_on(number, ending):
                return
            case LegEnded(ending):
                number = self.successions.ended(number, ending)
                self._over(number)
        self.lobby.signalled(number, signal)


def _options(uri: str) -> Any:
    request = pj.SendRequestParam()
    request.method = "OPTIONS"
    request.txOption.targetUri = uri
    return request


def _unsent(reason: str) -> str:
    if _TOO_LONG in reason:
        return "its header fields are too many or too long for one message"
    return "the target is no SIP address that can be reached from here"


def _reason(reason: str) -> str:
    return "the registrar's name does not resolve" if _UNRESOLVED in reason else reason


def _forget(kept: dict[int, Any], number: int) -> None:
    kept.pop(number, None)
