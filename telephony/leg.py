"""One SIP dialog and its media, as the rest of the house sees it. Rule: words only; telephony.sip makes it real."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pipeline.audio import Frame, Speech
from telephony.quality import Measured

KeyMethod = Literal["auto", "rfc4733", "info"]
Muted = Literal["agent", "caller"]
Party = Literal["caller", "callee", "us", "provider", "carrier", "unknown"]
Fields = Sequence[tuple[str, str]]
"""Header fields as name and value."""


class CallRefusedError(Exception):
    """An outbound call could not even be tried; the message says why."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Who ended a call, a reason word, and the SIP code that went or came (0 when none did)."""

    by: Party
    reason: str
    sip_code: int


@dataclass(frozen=True, slots=True)
class Ringing:
    """The far end of an outbound leg rings (180 or 183)."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The dialog is confirmed and audio flows both ways through `leg.audio`.

    With `tells_keys` the far end has agreed to telephone-event (RFC 4733).
    """

    tells_keys: bool = True


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """One key, `0-9 * # A-D`, by RFC 4733 (telephone-event) or SIP INFO."""

    digit: str


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """A NOTIFY for our REFER: the SIP code that the transfer target answered so far."""

    sip_code: int
    final: bool


@dataclass(frozen=True, slots=True)
class Held:
    """The far end waits at our wish (`on`), or no longer does; neither side hears the other meanwhile."""

    on: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """We wait at the far end's wish (`on`), or no longer do; it may send music meanwhile."""

    on: bool


@dataclass(frozen=True, slots=True)
class Referred:
    """The far end wants us to talk to somebody else (REFER), who is being called."""

    target: str


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Whom the far end referred us to did not answer, and the SIP code of that: the far end is who it was."""

    sip_code: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody else is at the far end from now on: whom it referred us to, or who took its place (RFC 3891).

    `far_end` is their address; `tells_keys` is as when a leg is answered.
    """

    far_end: str
    tells_keys: bool


@dataclass(frozen=True, slots=True)
class LegEnded:
    """The leg is over; nothing follows. Exactly one per leg. `measured` is None when it was never answered."""

    ending: Ending
    measured: Measured | None = None


LegEvent = (
    Ringing | Answered | DigitPressed | TransferProgress | Held | Waiting | Referred | NotTaken | Moved | LegEnded
)


@dataclass(frozen=True, slots=True)
class Referrals:
    """To whom a far end may refer us (`telephony.referrals`), and how long they may ring. To nobody, if not said."""

    to: Sequence[str] = ()
    ring_s: float = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Ambience:
    """Sound to be heard behind the agent for a whole call, again and again: PCM16 at 8 kHz."""

    pcm: bytes


class LegAudio(Protocol):
    """A leg's audio on the event loop's side: never blocks, never raises after the leg has ended."""

    @property
    def played_ms(self) -> int:
        """Agent audio that really left since the answer; silence between chunks does not count."""
        ...

    def read(self) -> list[Frame]:
        """Caller audio since the last read, one Frame per 20 ms."""
        ...

    def play(self, speech: Speech) -> None:
        """Queue it behind what is queued; any length."""
        ...

    @property
    def queued_ms(self) -> int:
        """Audio accepted by play() that has not left yet."""
        ...

    def flush(self) -> int:
        """Drop what has not left; returns its length in ms. Takes effect within one tick."""
        ...

    def pause(self) -> None:
        """Hold what has not left until resume() or flush(): it is silent within one tick, and played_ms stands."""
        ...

    def resume(self) -> None:
        """Go on from the very sample at which it paused."""
        ...

    def set_recording(self, on: bool) -> None:
        """Collect both sides for read_record() from now on, or stop it."""
        ...

    def read_record(self) -> bytes:
        """Stereo PCM16 8 kHz (caller left, agent right, same tick) since the last read; empty unless recording."""
        ...


class Leg(Protocol):
    """One dialog. Methods return at once; what comes of them arrives as LegEvents on the event loop."""

    @property
    def sip_call_id(self) -> str:
        """The dialog's Call-ID."""
        ...

    @property
    def inbound(self) -> bool:
        """True when the far end called us."""
        ...

    @property
    def caller(self) -> str:
        """Who calls, by a trusted trunk's word or else From's user part; `anonymous`; our own number (outbound)."""
        ...

    @property
    def called(self) -> str:
        """User part of the Request-URI (inbound) or of the target (outbound)."""
        ...

    @property
    def diverted_from(self) -> str:
        """Who was dialled first, where that is another than `called` (inbound); else empty."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The INVITE's header fields without credentials, last value wins; empty for outbound legs."""
        ...

    @property
    def header_fields(self) -> Sequence[tuple[str, str]]:
        """The same fields as name and value, as they were written: in order, repeats kept."""
        ...

    @property
    def trunk(self) -> str | None:
        """The trunk it came or went by; None for a direct call."""
        ...

    @property
    def audio(self) -> LegAudio:
        """Valid from the moment the leg exists; silent until answered."""
        ...

    def listen(self, post: Callable[[LegEvent], None]) -> None:
        """Give each event to `post`, beginning with those that came already."""
        ...

    def on_audio(self, wake: Callable[[], None]) -> None:
        """Call `wake` on the event loop whenever audio.read() has something, from the answer on."""
        ...

    def surround(self, ambience: Ambience) -> None:
        """Let the far end hear this from the answer on; it is no part of `audio`."""
        ...

    def ring(self) -> None:
        """Send 180."""
        ...

    def announce(self, words: Ambience) -> None:
        """Send 183 with SDP and let the caller hear this once, before any answer."""
        ...

    def answer(self, fields: Fields = ()) -> None:
        """Send 200 with SDP, and these fields."""
        ...

    def reject(self, sip_code: int) -> None:
        """Refuse an unanswered inbound leg."""
        ...

    def hang_up(self, reason: str = "agent_hung_up") -> None:
        """BYE, CANCEL or refusal, whichever the dialog's state asks for. Ending is then by us, with this reason."""
        ...

    def refer(self, target: str, fields: Fields = ()) -> None:
        """Blind transfer by REFER to a sip: or tel: target; TransferProgress follows."""
        ...

    def refer_to(self, other: "Leg") -> None:
        """Let the far ends of two answered legs, if both are at one place, talk without us: REFER with Replaces.

        TransferProgress follows.
        """
        ...

    def follow(self, referrals: Referrals) -> None:
        """Let the far end refer us to these from now on. Who else is named in a REFER is not called."""
        ...

    def join(self, other: "Leg") -> None:
        """Let the far ends of two answered legs of one endpoint talk, for as long as both last."""
        ...

    def soothe(self, music: Ambience | None) -> None:
        """Let the far end hear this while it waits for somebody, from now on or no longer."""
        ...

    def send_digits(self, digits: str, method: KeyMethod = "auto") -> None:
        """Press keys; `auto` is by RFC 4733, or by INFO where the far end has no telephone-event."""
        ...

    def hold(self, music: Ambience | None = None) -> None:
        """Make the far end wait (re-INVITE, sendonly), to music or in silence; Held follows once it agrees."""
        ...

    def mute(self, who: Muted, on: bool) -> None:
        """Let the agent, or the caller, not be heard by the other any more, or be heard again."""
        ...

    def resume(self) -> None:
        """Talk to it again (re-INVITE, sendrecv); Held follows once it agrees."""
        ...
