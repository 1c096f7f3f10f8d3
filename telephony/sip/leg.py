"""A dialog as the event loop sees it (`telephony.leg.Leg`). Rule: commands are posted, events arrive, nothing waits."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import structlog

from telephony.leg import Ambience, Answered, Ending, Fields, KeyMethod, Leg, LegEnded, LegEvent, Muted, Referrals
from telephony.sip.dialog import Dialog
from telephony.sip.invite import Headers, Invite
from telephony.sip.operator import Joined, Placed, Signal
from telephony.sip.sound import LegSound

_log = structlog.get_logger(__name__)

Act = Callable[[Dialog], None]
UNAVAILABLE: Final = 480


class SipLeg:
    """One leg. Events that came before listen() are kept for it."""

    def __init__(
        self, invite: Invite, trunk: str | None, send: Callable[[Act], None], sound: LegSound, *, inbound: bool
    ) -> None:
        self._invite = invite
        self._trunk = trunk
        self._send = send
        self._inbound = inbound
        self._audio = sound
        self._early: list[LegEvent] = []
        self._listener: Callable[[LegEvent], None] | None = None
        self._wake: Callable[[], None] | None = None
        self._answered = False

    @property
    def sip_call_id(self) -> str:
        """The dialog's Call-ID."""
        return self._invite.call_id

    @property
    def inbound(self) -> bool:
        """True when the far end called us."""
        return self._inbound

    @property
    def caller(self) -> str:
        """Who calls, by a trusted trunk's word or else From's user part; `anonymous`; our own number (outbound)."""
        return self._invite.caller

    @property
    def called(self) -> str:
        """User part of the Request-URI (inbound) or of the target (outbound)."""
        return self._invite.called

    @property
    def diverted_from(self) -> str:
        """Who was dialled first, where that is another than `called` (inbound); else empty."""
        return self._invite.diverted_from

    @property
    def headers(self) -> Mapping[str, str]:
        """The INVITE's header fields without credentials, last value wins; empty for outbound legs."""
        return self._invite.headers if self._inbound else Headers({})

    @property
    def header_fields(self) -> tuple[tuple[str, str], ...]:
        """The same fields as they were written, in order, repeats kept."""
        return self._invite.fields

    @property
    def trunk(self) -> str | None:
        """The trunk it came or went by; None for a direct call."""
        return self._trunk

    @property
    def audio(self) -> LegSound:
        """Valid from the moment the leg exists; silent until answered."""
        return self._audio

    def listen(self, post: Callable[[LegEvent], None]) -> None:
        """Give each event to `post`, beginning with those that came already."""
        self._listener = post
        early, self._early = self._early, []
        for event in early:
            post(event)

    def on_audio(self, wake: Callable[[], None]) -> None:
        """Call `wake` on the event loop whenever audio.read() has something, from the answer on."""
        self._wake = wake
        if self._answered:
            self._audio.on_tick(wake, self._audio_failed)

    def surround(self, ambience: Ambience) -> None:
        """Let the far end hear this from the answer on; it is no part of `audio`."""
        self._send(lambda dialog: dialog.surround(ambience))

    def ring(self) -> None:
        """Send 180."""
        self._send(Dialog.ring)

    def announce(self, words: Ambience) -> None:
        """Send 183 with SDP and let the caller hear this once, before any answer."""
        self._send(lambda dialog: dialog.announce(words))

    def answer(self, fields: Fields = ()) -> None:
        """Send 200 with SDP, and these fields."""
        self._send(lambda dialog: dialog.accept(fields))

    def reject(self, sip_code: int) -> None:
        """Refuse an unanswered inbound leg."""
        self._leave(Ending("us", "rejected", sip_code))

    def hang_up(self, reason: str = "agent_hung_up") -> None:
        """BYE, CANCEL or refusal (480), whichever the state of the dialog asks for. Ending is then by us."""
        self._leave(Ending("us", reason, UNAVAILABLE if self._inbound else 0))

    def refer(self, target: str, fields: Fields = ()) -> None:
        """Blind transfer by REFER to a sip: or tel: target; TransferProgress follows."""
        self._send(lambda dialog: dialog.refer(target, fields))

    def refer_to(self, other: Leg) -> None:
        """Let the far ends of two answered legs, if both are at one place, talk without us: REFER with Replaces."""
        assert isinstance(other, SipLeg)

        def act(mine: Dialog) -> None:
            theirs: list[Dialog] = []
            other._send(theirs.append)
            mine.refer_to(theirs[0] if theirs else None)

        self._send(act)

    def follow(self, referrals: Referrals) -> None:
        """Let the far end refer us to these from now on."""
        self._send(lambda dialog: dialog.follow(referrals))

    def join(self, other: Leg) -> None:
        """Let the far ends of two answered legs of one endpoint talk, for as long as both last."""
        assert isinstance(other, SipLeg)
        self._send(lambda mine: other._send(lambda theirs: mine.join(theirs)))  # noqa: PLW0108 - one after the other

    def soothe(self, music: Ambience | None) -> None:
        """Let the far end hear this while it waits for somebody, from now on or no longer."""
        self._send(lambda dialog: dialog.soothe(music))

    def send_digits(self, digits: str, method: KeyMethod = "auto") -> None:
        """Press keys; `auto` is by RFC 4733, or by INFO where the far end has no telephone-event."""
        self._send(lambda dialog: dialog.send_digits(digits, method))

    def hold(self, music: Ambience | None = None) -> None:
        """Ask the far end, by re-INVITE, to wait; Held(True) follows."""
        self._send(lambda dialog: dialog.hold(True, music))

    def mute(self, who: Muted, on: bool) -> None:
        """Let the agent, or the caller, not be heard by the other any more, or be heard again."""
        self._send(lambda dialog: dialog.mute(who, on))

    def resume(self) -> None:
        """Take the far end off hold; Held(False) follows."""
        self._send(lambda dialog: dialog.hold(False))

    def take(self, signal: Signal) -> None:
        """What the dialog signalled, on the event loop."""
        match signal:
            case Joined(port):
                self._audio.join(port)
            case Placed(call_id):
                self._invite = replace(self._invite, call_id=call_id)
            case LegEnded():
                self._audio.end()
                self._deliver(signal)
            case Answered():
                self._answered = True
                if self._wake:
                    self.on_audio(self._wake)
                self._deliver(signal)
            case _:
                self._deliver(signal)

    def _deliver(self, event: LegEvent) -> None:
        if self._listener:
            self._listener(event)
        else:
            self._early.append(event)

    def _leave(self, ending: Ending) -> None:
        self._send(lambda dialog: dialog.leave(ending))

    def _audio_failed(self, fault: Exception) -> None:
        _log.error("leg_ended_by_fault", fault=type(fault).__name__, sip_call_id=self.sip_call_id)
        self.hang_up("internal_error")
