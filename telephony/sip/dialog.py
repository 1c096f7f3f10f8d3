"""A pjsua2 call on the SIP thread, and what it may be told to do. Rule: whatever cannot be done now is not done.

Only the SIP thread holds a Dialog. The event loop names it by number (see exchange.py) and hears its signals.
"""

import pjsua2 as pj
import structlog

from telephony.leg import Ambience, Ending, Fields, KeyMethod, Muted, Referrals, TransferProgress
from telephony.sip.dialog_life import DialogLife, guarded, wish_of
from telephony.sip.keys import press
from telephony.sip.operator import Placed

_log = structlog.get_logger(__name__)


class Dialog(DialogLife):
    """One SIP dialog and its media, as its leg commands it."""

    def place(self, target: str, local_uri: str | None, fields: Fields = ()) -> None:
        """Send the INVITE."""
        wish = wish_of(fields=fields)
        if local_uri:
            wish.txOption.localUri = local_uri
        self.makeCall(target, wish)
        self._post(Placed(str(self.getInfo().callIdString)))

    def follow(self, referrals: Referrals) -> None:
        """The far end may refer us to these."""
        self.referrals = referrals

    @guarded
    def surround(self, ambience: Ambience) -> None:
        """Play this to the far end, beside the port, whenever there is a medium."""
        self._wiring.ambience = self._bridge.player(ambience)
        if self.sounds:
            self._connect()

    @guarded
    def ring(self) -> None:
        """Send 180."""
        self._respond(pj.PJSIP_SC_RINGING)

    @guarded
    def announce(self, words: Ambience) -> None:
        """Send 183 with SDP; the words are heard as soon as there is a medium."""
        self._wiring.announcement = self._bridge.announcer(words)
        self._respond(pj.PJSIP_SC_PROGRESS)

    @guarded
    def accept(self, fields: Fields) -> None:
        """Send 200 with SDP and these fields; 488 when the caller's offer is one that nobody can answer."""
        try:
            self._respond(pj.PJSIP_SC_OK, fields)
            self._answered = True
        except pj.Error as fault:
            _log.warning("offer_not_answerable", why=str(fault.reason))
            self.leave(Ending("caller", "no_common_codec", pj.PJSIP_SC_NOT_ACCEPTABLE_HERE))

    @guarded
    def refer(self, target: str, fields: Fields) -> None:
        """Send REFER (RFC 3515). A target that the library cannot read is answered as a far end would, by 400."""
        if self._confirmed and self.isActive():
            try:
                self.xfer(f"<{target}>", wish_of(fields=fields))
            except pj.Error:
                self._post(TransferProgress(pj.PJSIP_SC_BAD_REQUEST, True))

    @guarded
    def refer_to(self, other: "Dialog | None") -> None:
        """Send REFER with Replaces (RFC 5589 section 7), if both are there, and at one place."""
        try:
            if other is not None and self.talks and other.talks and self._is_at_one_place_with(other):
                self.xferReplaces(other, wish_of())
                return
        except pj.Error as fault:
            _log.warning("refer_not_sent", why=str(fault.reason))
        self._post(TransferProgress(pj.PJSIP_SC_NOT_ACCEPTABLE_HERE, True))

    @guarded
    def send_digits(self, digits: str, method: KeyMethod) -> None:
        """Press keys for the far end."""
        if self._confirmed and self.isActive():
            press(self, digits, method)

    @guarded
    def join(self, other: "Dialog") -> None:
        """Let the two far ends hear each other until one of the dialogs ends."""
        if self.sounds and other.sounds:
            self._wiring.join(self, other._wiring, other)

    @guarded
    def soothe(self, music: Ambience | None) -> None:
        """Play this beside the port, or nothing more."""
        if self.sounds:
            self._wiring.soothe(self, self._bridge.player(music) if music is not None else None)

    @guarded
    def mute(self, who: Muted, on: bool) -> None:
        """Let one side not be heard by the other, from now on and after any re-INVITE."""
        self._wiring.mute(self, who, on)

    @guarded
    def hold(self, on: bool, music: Ambience | None = None) -> None:
        """Ask for sendonly (RFC 3264 section 8.4), or for sendrecv again. While another re-INVITE is out, nothing."""
        self._wiring.music = self._bridge.player(music) if music is not None else None
        if not self._confirmed or not self.isActive():
            return
        wish = wish_of()
        try:
            if on:
                self.setHold(wish)
            else:
                wish.opt.flag = pj.PJSUA_CALL_UNHOLD
                self.reinvite(wish)
        except pj.Error as fault:
            _log.warning("hold_not_changed", why=str(fault.reason), sip_call_id=str(self.getInfo().callIdString))

    def _is_at_one_place_with(self, other: "Dialog") -> bool:
        one_line, trunk = self.account.line is other.account.line, self.account.trunk
        return one_line and bool(trunk or self.source == other.source)

    def _respond(self, sip_code: int, fields: Fields = ()) -> None:
        if self._inbound and not self._confirmed and self.isActive():
            self.answer(wish_of(sip_code, fields))
