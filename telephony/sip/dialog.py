"""A pjsua2 call on the SIP thread. Rule: callbacks translate and post, and decide nothing; one LegEnded, always.

Only the SIP thread holds a Dialog. The event loop names it by number (see exchange.py) and hears its signals.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Concatenate, Final, ParamSpec

import pjsua2 as pj
import structlog

from telephony.leg import (
    Ambience,
    Answered,
    DigitPressed,
    Ending,
    Fields,
    Held,
    KeyMethod,
    LegEnded,
    LegEvent,
    Muted,
    Ringing,
    TransferProgress,
    Waiting,
)
from telephony.sip.ending import far_ending, our_ending
from telephony.sip.keys import Keys, press
from telephony.sip.listening import Listening
from telephony.sip.sound import Bridge
from telephony.sip.staid_call import StaidCall
from telephony.sip.thread import contained
from telephony.sip.wiring import SOUND, Wiring

_log = structlog.get_logger(__name__)

P = ParamSpec("P")

NO_CALL: Final = -1


@dataclass(frozen=True, slots=True)
class Joined:
    """The dialog is confirmed: its RingPort, for the event loop to read and write."""

    port: Any


Signal = LegEvent | Joined


def _guarded(
    act: Callable[Concatenate["Dialog", P], None],
) -> Callable[Concatenate["Dialog", P], None]:
    """An exception in one dialog's callback or command ends that dialog, and nothing else."""

    @wraps(act)
    def enter(dialog: "Dialog", /, *args: P.args, **kwargs: P.kwargs) -> None:
        contained(partial(act, dialog, *args, **kwargs), dialog.abandon)

    return enter


class Dialog(StaidCall):
    """One SIP dialog and its media, inbound when it has a call_id from the start."""

    def __init__(self, account: Any, call_id: int, post: Callable[[Signal], None], bridge: Bridge) -> None:
        super().__init__(account, call_id)
        self._inbound = call_id != NO_CALL
        self._post = post
        self._bridge = bridge
        self._wiring = Wiring()
        self._rang = False
        self._answered = False  # by us: a BYE may have to wait for the ACK
        self._confirmed = False
        self._over = False
        self._leaving: Ending | None = None
        self._holds = (False, False)  # at our wish, at theirs
        self._listening = Listening()
        self._keys = Keys()

    def place(self, target: str, local_uri: str | None, fields: Fields = ()) -> str:
        """Send the INVITE; returns its Call-ID."""
        wish = _wish(fields=fields)
        if local_uri:
            wish.txOption.localUri = local_uri
        self.makeCall(target, wish)
        return str(self.getInfo().callIdString)

    @_guarded
    def surround(self, ambience: Ambience) -> None:
        """Play this to the far end, beside the port, whenever there is a medium."""
        self._wiring.ambience = self._bridge.player(ambience)
        if self._confirmed and self.isActive():
            self._connect()

    @_guarded
    def ring(self) -> None:
        """Send 180."""
        self._respond(pj.PJSIP_SC_RINGING)

    @_guarded
    def announce(self, words: Ambience) -> None:
        """Send 183 with SDP; the words are heard as soon as there is a medium."""
        self._wiring.announcement = self._bridge.announcer(words)
        self._respond(pj.PJSIP_SC_PROGRESS)

    @_guarded
    def accept(self, fields: Fields) -> None:
        """Send 200 with SDP and these fields; 488 when the caller's offer is one that nobody can answer."""
        try:
            self._respond(pj.PJSIP_SC_OK, fields)
            self._answered = True
        except pj.Error as fault:
            _log.warning("offer_not_answerable", why=str(fault.reason))
            self.leave(Ending("caller", "no_common_codec", pj.PJSIP_SC_NOT_ACCEPTABLE_HERE))

    @_guarded
    def leave(self, ending: Ending) -> None:
        """End by BYE, by CANCEL, or by `ending.sip_code` when we are still to answer."""
        if self._leaving or not self.isActive():
            return
        self._leaving = ending
        self.hangup(_wish(self._farewell_code(ending)))

    @_guarded
    def refer(self, target: str, fields: Fields) -> None:
        """Send REFER (RFC 3515). A target that the library cannot read is answered as a far end would, by 400."""
        if self._confirmed and self.isActive():
            try:
                self.xfer(f"<{target}>", _wish(fields=fields))
            except pj.Error:
                self._post(TransferProgress(pj.PJSIP_SC_BAD_REQUEST, True))

    @_guarded
    def send_digits(self, digits: str, method: KeyMethod) -> None:
        """Press keys for the far end."""
        if self._confirmed and self.isActive():
            press(self, digits, method)

    @_guarded
    def join(self, other: "Dialog") -> None:
        """Let the two far ends hear each other until one of the dialogs ends."""
        if self._confirmed and other._confirmed and self.isActive() and other.isActive():
            self._wiring.join(self, other._wiring, other)

    @_guarded
    def soothe(self, music: Ambience | None) -> None:
        """Play this beside the port, or nothing more."""
        if self._confirmed and self.isActive():
            self._wiring.soothe(self, self._bridge.player(music) if music is not None else None)

    @_guarded
    def mute(self, who: Muted, on: bool) -> None:
        """Let one side not be heard by the other, from now on and after any re-INVITE."""
        self._wiring.mute(self, who, on)

    @_guarded
    def hold(self, on: bool, music: Ambience | None = None) -> None:
        """Ask for sendonly (RFC 3264 section 8.4), or for sendrecv again. While another re-INVITE is out, nothing."""
        self._wiring.music = self._bridge.player(music) if music is not None else None
        if not self._confirmed or not self.isActive():
            return
        wish = _wish()
        try:
            if on:
                self.setHold(wish)
            else:
                wish.opt.flag = pj.PJSUA_CALL_UNHOLD
                self.reinvite(wish)
        except pj.Error as fault:
            _log.warning("hold_not_changed", why=str(fault.reason), sip_call_id=str(self.getInfo().callIdString))

    @_guarded
    def check_media(self, now_ms: float, limit_ms: float) -> None:
        """End a confirmed dialog whose RTP has stopped for so long; on hold none is expected."""
        talks = self._confirmed and self.isActive()
        if talks and self._listening.silent_ms(self._wiring.heard(self), now_ms) >= limit_ms:
            self.leave(Ending("unknown", "media_timeout", 0))

    def abandon(self) -> None:
        """Our own fault: end it as well as can be."""
        ending = Ending("us", "internal_error", pj.PJSIP_SC_INTERNAL_SERVER_ERROR)
        try:
            if not self._leaving and self.isActive():
                self._leaving = ending
                self.hangup(_wish(self._farewell_code(ending)))
        except pj.Error:
            _log.warning("dialog_not_abandoned")
        self._finish(ending)

    @_guarded
    def onCallState(self, happened: Any) -> None:  # noqa: N802, D102
        news = self.getInfo()
        match news.state:
            case pj.PJSIP_INV_STATE_EARLY if not self._inbound and not self._rang:
                self._rang = True
                self._post(Ringing())
            case pj.PJSIP_INV_STATE_CONFIRMED if not self._confirmed:
                self._confirm(has_audio=any(medium.status in SOUND for medium in news.media))
            case pj.PJSIP_INV_STATE_DISCONNECTED:
                self._finish(self._ending_of(news, _came_from_peer(happened)))

    @_guarded
    def onCallMediaState(self, _happened: Any) -> None:  # noqa: N802, D102
        self._connect()

    @_guarded
    def onStreamDestroyed(self, _stream: Any) -> None:  # noqa: N802, D102
        self._listening.silent_ms(self._wiring.heard(self), time.monotonic() * 1_000)

    @_guarded
    def onDtmfEvent(self, event: Any) -> None:  # noqa: N802, D102
        if key := self._keys.received(event):
            self._post(DigitPressed(key))

    @_guarded
    def onCallTransferStatus(self, progress: Any) -> None:  # noqa: N802, D102
        self._post(TransferProgress(progress.statusCode, progress.finalNotify))

    def _confirm(self, *, has_audio: bool) -> None:
        self._confirmed = True
        if not has_audio:
            self.leave(Ending("caller" if self._inbound else "callee", "no_common_codec", 0))
            return
        self._wiring.announcement, self._wiring.port = None, self._bridge.new_port()
        self._connect()
        self._post(Joined(self._wiring.port))
        self._post(Answered(self._wiring.tells_keys(self)))

    def _respond(self, sip_code: int, fields: Fields = ()) -> None:
        if self._inbound and not self._confirmed and self.isActive():
            self.answer(_wish(sip_code, fields))

    def _farewell_code(self, ending: Ending) -> int:
        if self._confirmed or self._answered:
            return int(pj.PJSIP_SC_OK)
        return ending.sip_code if self._inbound else 0

    def _connect(self) -> None:
        self._wiring.connect(self)
        before, self._holds = self._holds, self._wiring.holds
        if before[0] != self._holds[0]:
            self._post(Held(self._holds[0]))
        if before[1] != self._holds[1]:
            self._post(Waiting(self._holds[1]))

    def _ending_of(self, news: Any, from_peer: bool) -> Ending:
        code, words = self._moved or news.lastStatusCode, str(news.lastReason)
        if self._leaving:
            return our_ending(self._leaving, code, unacknowledged=self._answered and not self._confirmed)
        return far_ending(self._inbound, self._confirmed, code, words, from_peer=from_peer)

    def _finish(self, ending: Ending) -> None:
        if not self._over:
            self._over = True
            measured = self._listening.measured if self._confirmed else None
            self._wiring.disconnect()
            self._post(LegEnded(ending, measured))


def _wish(sip_code: int = 0, fields: Fields = ()) -> Any:
    """Options of a request or response: one audio medium and nothing else."""
    wish = pj.CallOpParam(True)
    wish.opt.audioCount = 1
    wish.opt.videoCount = 0
    wish.opt.textCount = 0
    wish.statusCode = sip_code
    for name, value in fields:
        header = pj.SipHeader()
        header.hName, header.hValue = name, value
        wish.txOption.headers.append(header)
    return wish


def _came_from_peer(happened: Any) -> bool:
    event = happened.e
    received: bool = event.body.tsxState.type == pj.PJSIP_EVENT_RX_MSG
    return bool(event.type == pj.PJSIP_EVENT_TSX_STATE and received)
