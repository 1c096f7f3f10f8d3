"""A dialog from its confirmation to its end. Rule: callbacks translate and post, and decide nothing; it ends once."""

import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import pjsua2 as pj
import structlog

from telephony.leg import (
    Answered,
    DigitPressed,
    Ending,
    Fields,
    Held,
    LegEnded,
    Moved,
    Referrals,
    Ringing,
    TransferProgress,
    Waiting,
)
from telephony.sip.ending import far_ending, our_ending
from telephony.sip.keys import Keys
from telephony.sip.listening import Listening
from telephony.sip.movable_call import MovableCall
from telephony.sip.operator import Joined, Operator, Signal
from telephony.sip.sound import Bridge
from telephony.sip.thread import contained
from telephony.sip.wiring import SOUND, Wiring

_log = structlog.get_logger(__name__)

D = TypeVar("D", bound="DialogLife")
P = ParamSpec("P")

NO_CALL: Final = -1


def guarded(act: Callable[Concatenate[D, P], None]) -> Callable[Concatenate[D, P], None]:
    """An exception in one dialog's callback or command ends that dialog, and nothing else."""

    @wraps(act)
    def enter(dialog: D, /, *args: P.args, **kwargs: P.kwargs) -> None:
        contained(partial(act, dialog, *args, **kwargs), dialog.abandon)

    return enter


class DialogLife(MovableCall):
    """One SIP dialog and its media, inbound when it has a call_id from the start.

    `source` is the address or host of its far end. One that follows another says so when it is confirmed, and who
    `far_end` is; until then it rings no longer than `ring_until_ms`. `hear_by_ms` is when a far end that has answered
    nothing at all is given up, and `farewell` the message with which it refused.
    """

    def __init__(self, account: Any, call_id: int, operator: Operator, number: int, bridge: Bridge) -> None:
        super().__init__(account, call_id, operator, number)
        self.far_end = self.source = self.farewell = ""
        self.ring_until_ms: float | None = None
        self.hear_by_ms: float | None = None
        self.referrals = Referrals()
        self._inbound = self._with_caller = call_id != NO_CALL
        self._bridge = bridge
        self._wiring = Wiring()
        self.rang = False
        self._answered = False  # by us: a BYE may have to wait for the ACK
        self._confirmed = False
        self._followed = self._over = False
        self._leaving: Ending | None = None
        self._holds = (False, False)  # at our wish, at theirs
        self._listening = Listening()
        self._keys = Keys()

    @property
    def talks(self) -> bool:
        """It is confirmed, and not over."""
        return bool(self._confirmed and self.isActive() and not self._leaving)

    @property
    def sounds(self) -> bool:
        """It has a port: its own, or before it is confirmed that of the dialog it follows."""
        return bool(self._wiring.port and self.isActive())

    @property
    def is_over(self) -> bool:
        """Its end has been told."""
        return self._over

    @property
    def is_leaving(self) -> bool:
        """We have ended it, or another has taken its place."""
        return self._leaving is not None or self._followed

    def inherit(self, elder: "DialogLife") -> None:
        """Become to a leg what another dialog has been to it."""
        self._wiring.inherit(elder._wiring, live=elder.isActive())
        self._listening.follow(elder._listening)
        elder._followed = True
        self._holds, self.referrals, self._with_caller = elder._holds, elder.referrals, elder._with_caller

    @guarded
    def leave(self, ending: Ending) -> None:
        """End by BYE, by CANCEL, or by `ending.sip_code` when we are still to answer."""
        if self._leaving or not self.isActive():
            return
        self._leaving = ending
        self.hangup(wish_of(self._farewell_code(ending)))

    @guarded
    def check_media(self, now_ms: float, limit_ms: float) -> None:
        """End a dialog whose RTP has stopped for so long (on hold none is expected), or that nobody takes in time."""
        if not self._confirmed and self.ring_until_ms is not None and now_ms > self.ring_until_ms:
            self.leave(Ending("us", "no_answer", 0))
        if self.hear_by_ms is not None and now_ms > self.hear_by_ms:
            self.leave(Ending("carrier", "unreachable", pj.PJSIP_SC_REQUEST_TIMEOUT))
        talks = self._confirmed and self.isActive()
        if talks and self._listening.silent_ms(self._wiring.heard(self), now_ms) >= limit_ms:
            self.leave(Ending("unknown", "media_timeout", 0))

    def abandon(self) -> None:
        """Our own fault: end it as well as can be."""
        ending = Ending("us", "internal_error", pj.PJSIP_SC_INTERNAL_SERVER_ERROR)
        try:
            if not self._leaving and self.isActive():
                self._leaving = ending
                self.hangup(wish_of(self._farewell_code(ending)))
        except pj.Error:
            _log.warning("dialog_not_abandoned")
        self._finish(ending)

    @guarded
    def onCallState(self, happened: Any) -> None:  # noqa: N802, D102
        news = self.getInfo()
        match news.state:
            case pj.PJSIP_INV_STATE_EARLY if not self._inbound and not self.rang:
                self.rang = True
                self._post(Ringing())
            case pj.PJSIP_INV_STATE_CONFIRMED if not self._confirmed:
                self._confirm(has_audio=any(medium.status in SOUND for medium in news.media))
            case pj.PJSIP_INV_STATE_DISCONNECTED:
                from_peer = _came_from_peer(happened)
                self.farewell = str(happened.e.body.tsxState.src.rdata.wholeMsg) if from_peer else ""
                self._finish(self._ending_of(news, from_peer))

    @guarded
    def onCallTsxState(self, happened: Any) -> None:  # noqa: N802, D102
        if self.hear_by_ms is not None and _came_from_peer(happened):
            self.hear_by_ms = None

    @guarded
    def onCallMediaState(self, _happened: Any) -> None:  # noqa: N802, D102
        self._connect()

    @guarded
    def onStreamDestroyed(self, _stream: Any) -> None:  # noqa: N802, D102
        self._listening.silent_ms(self._wiring.heard(self), time.monotonic() * 1_000)
        self._listening.renewed()

    @guarded
    def onDtmfEvent(self, event: Any) -> None:  # noqa: N802, D102
        if key := self._keys.received(event):
            self._post(DigitPressed(key))

    @guarded
    def onCallTransferStatus(self, progress: Any) -> None:  # noqa: N802, D102
        self._post(TransferProgress(progress.statusCode, progress.finalNotify))

    def _confirm(self, *, has_audio: bool) -> None:
        self._confirmed = True
        if not has_audio:
            self.leave(Ending("caller" if self._inbound else "callee", "no_common_codec", 0))
            return
        self._operator.successions.confirmed(self.number)
        is_first, self._wiring.announcement = self._wiring.port is None, None
        self._wiring.port = self._wiring.port or self._bridge.new_port()
        self._connect()
        tells_keys = self._wiring.tells_keys(self)
        if is_first:
            self._post(Joined(self._wiring.port))
            self._post(Answered(tells_keys))
        if self.far_end:
            self._post(Moved(self.far_end, tells_keys))

    def _post(self, signal: Signal) -> None:
        self._operator.signal(self.number, signal)

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
        inbound = self._with_caller if self._confirmed else self._inbound
        return far_ending(inbound, self._confirmed, code, words, from_peer=from_peer)

    def _finish(self, ending: Ending) -> None:
        if not self._over:
            self._over = True
            measured = self._listening.measured if self._confirmed else None
            self._post(LegEnded(ending, measured))  # first: what this dialog is connected to may be another's then
            self._wiring.disconnect()


def wish_of(sip_code: int = 0, fields: Fields = ()) -> Any:
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
