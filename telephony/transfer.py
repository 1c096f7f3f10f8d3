"""How a caller is handed over, and comes back when nobody takes them. Rule: one transfer at a time; it has an end.

By REFER the far end calls the target itself; where it refuses to, or a route wants it so, we call the target and join
the two legs on the bridge. With a whisper the target first hears, alone, what the agent says about the caller.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from pipeline.audio import Speech
from pipeline.call_acts import TransferCall
from pipeline.observe import Pii
from pipeline.providers import ProviderError
from telephony.far_end import FarEnd
from telephony.leg import (
    Ambience,
    Answered,
    CallRefusedError,
    DigitPressed,
    Ending,
    Fields,
    Leg,
    LegEnded,
    LegEvent,
    Referrals,
)
from telephony.line_terms import LONGEST_KEPT
from telephony.transfer_settings import TransferSettings

log = structlog.get_logger()

CALL_ID_HEADER: Final = "X-Offhook-Call-ID"
SUMMARY_HEADER: Final = "X-Offhook-Summary"
LONGEST_SUMMARY: Final = 500
REQUEST_TIMEOUT: Final = 408
NOT_FOUND: Final = 404
REQUEST_PENDING: Final = 491
INTERNAL_ERROR: Final = 500
# What says that REFER itself is not wanted, and nothing about the target (RFC 3515, RFC 3261 section 21).
REFER_UNWANTED: Final = frozenset({403, 405, 420, 481, 488, 489, 500, 501, 503, 603})


@dataclass(frozen=True, slots=True)
class Failed:
    """Nobody took the caller."""

    sip_code: int
    reason: str


class Dial(Protocol):
    """Places a call of ours; raises CallRefusedError when it cannot even be tried."""

    async def __call__(self, target: str, trunk: str | None, caller: str | None, fields: Fields, /) -> Leg:
        """The leg, whose INVITE has left."""
        ...


async def no_dial(target: str, trunk: str | None, caller: str | None, fields: Fields) -> Leg:
    """For calls from which nobody can be called."""
    raise CallRefusedError("this call can call nobody")


Whisper = Callable[[str], Awaitable[Sequence[Speech]]]
Told = Callable[[LegEvent], None]


@dataclass(frozen=True, slots=True)
class Means:
    """What a call's transfers are made with; `whisper` gives words as speech, and may raise ProviderError.

    `follow` begins the record of a target's leg: its call's id, and what is told all that happens to it. `referrals`
    are to whom a target that has the caller may refer them.
    """

    settings: TransferSettings
    dial: Dial
    whisper: Whisper
    music: Ambience
    follow: Callable[[Leg], tuple[str, Told]]
    referrals: Referrals


class Consultation:
    """The target's leg, from its INVITE to its end; `follow` is told its events, and `pressed` its keys."""

    def __init__(self, leg: Leg, call_id: str, follow: Told, pressed: Callable[[str], None]) -> None:
        self.leg = leg
        self.call_id = call_id
        self._follow = follow
        self._pressed = pressed
        loop = asyncio.get_running_loop()
        self._answered: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[Ending] = loop.create_future()
        leg.listen(self._on_leg)

    @property
    def gone(self) -> Failed | None:
        """How it ended; None while it has not."""
        return Failed(self.ended.result().sip_code, self.ended.result().reason) if self.ended.done() else None

    async def answered(self, within_s: float) -> Failed | None:
        """Wait until it answers; None when it did."""
        either: set[asyncio.Future[None] | asyncio.Future[Ending]] = {self._answered, self.ended}
        await asyncio.wait(either, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if failed := self.gone:
            return failed
        return None if self._answered.done() else Failed(REQUEST_TIMEOUT, "no_answer")

    async def hears(self, speech: Sequence[Speech]) -> Failed | None:
        """Let it hear this alone; None when it did, and stays."""
        audio, heard = self.leg.audio, asyncio.get_running_loop().create_future()
        self.leg.on_audio(
            lambda: None if (audio.read() and audio.queued_ms) or heard.done() else heard.set_result(None)
        )
        for chunk in speech:
            audio.play(chunk)
        either: set[asyncio.Future[Ending] | asyncio.Future[None]] = {heard, self.ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        return Failed(self.ended.result().sip_code, "declined") if self.ended.done() else None

    def _on_leg(self, event: LegEvent) -> None:
        self._follow(event)
        match event:
            case DigitPressed(digit):
                self._pressed(digit)
            case Answered() if not self._answered.done():
                self._answered.set_result(None)
            case LegEnded(ending) if not self.ended.done():
                self.ended.set_result(ending)
            case _:
                pass


@dataclass(slots=True)
class Transfers:
    """Those of one call."""

    call_id: str
    leg: Leg
    far_end: FarEnd
    means: Means
    _under_way: "asyncio.Task[Failed | None] | None" = field(default=None, init=False)
    _target: Consultation | None = field(default=None, init=False)
    _partner: Leg | None = field(default=None, init=False)

    @property
    def joined(self) -> bool:
        """The caller talks to somebody else."""
        return self._partner is not None

    @property
    def under_way(self) -> bool:
        """One has been asked for and is undecided, or has led to somebody who is still there."""
        return self._under_way is not None and not self._under_way.done()

    def has(self, call_id: str) -> bool:
        """Whether that is the call of whom the caller is handed over to, and it still goes on."""
        target = self._target
        return target is not None and target.call_id == call_id and target.gone is None

    def dismiss(self, reason: str) -> None:
        """Let go of whom the caller is handed over to: before they talk, the caller comes back."""
        if self._target is not None:
            self._target.leg.hang_up(reason)

    def begin(self, wish: TransferCall, told: Callable[[Failed | None], None], joined: Callable[[Leg], None]) -> None:
        """`told` gets what became of it: None when the caller is gone, or was, with whom they were `joined`."""
        if self.under_way:
            told(Failed(REQUEST_PENDING, "another_transfer_is_under_way"))
            return
        log.info("transfer_asked", target=Pii(wish.target), how=self.means.settings.how)
        task = self._under_way = asyncio.create_task(self._hand_over(wish, joined), name=f"transfer {self.call_id}")
        task.add_done_callback(lambda done: None if done.cancelled() else told(_decided(done)))

    def pass_on(self, key: str) -> bool:
        """The caller has pressed a key; whether it was for whom they talk to."""
        if self._partner is not None:
            self._partner.send_digits(key)
        return self._partner is not None

    def end(self) -> None:
        """The caller is gone, and with them whatever was under way."""
        if self._under_way is not None:
            self._under_way.cancel()

    async def _hand_over(self, wish: TransferCall, joined: Callable[[Leg], None]) -> Failed | None:
        fields = self._fields(wish)
        if self.means.settings.how == "refer":
            sip_code, accepted = await self.far_end.refer(wish.target, fields)
            if 200 <= sip_code < 300:
                return None
            if accepted or sip_code not in REFER_UNWANTED:
                return Failed(sip_code, reason_of(sip_code))
            log.info("refer_refused", sip_code=sip_code)
        self.leg.soothe(self.means.music)
        try:
            return await self._call_and_join(wish, fields, joined)
        except CallRefusedError as error:
            log.warning("transfer_not_placed", problem=str(error))
            return Failed(NOT_FOUND, "it cannot be called from here")
        finally:
            self.leg.soothe(None)

    async def _call_and_join(self, wish: TransferCall, fields: Fields, joined: Callable[[Leg], None]) -> Failed | None:
        settings = self.means.settings
        placed = await self.means.dial(number_in(wish.target), self.leg.trunk, self.leg.caller or None, fields)
        target = self._target = Consultation(placed, *self.means.follow(placed), self._target_pressed)
        reason = "caller_gone"
        try:
            failed = await target.answered(settings.ring_s)
            if failed is None and settings.how == "attended" and wish.summary:
                failed = await self._whisper(wish.summary, target)
            if failed is None and settings.how == "attended" and settings.replaces:
                if 200 <= (await self.far_end.refer_to(placed))[0] < 300:
                    reason = "transferred"
                    return None
                failed = target.gone
            if failed is not None:
                reason = failed.reason
                return failed
            self.leg.soothe(None)
            placed.follow(self.means.referrals)
            self.leg.join(placed)
            self._partner = placed
            joined(placed)
            log.info("transfer_joined")
            await asyncio.shield(target.ended)
            return None
        finally:
            placed.hang_up(reason)

    def _target_pressed(self, key: str) -> None:
        if self.joined:
            self.leg.send_digits(key)

    async def _whisper(self, summary: str, target: Consultation) -> Failed | None:
        """Without a voice the target gets the caller without a word."""
        try:
            speech = await self.means.whisper(summary)
        except ProviderError as error:
            log.warning("whisper_not_made", provider=error.provider, reason=error.reason)
            return None
        return await target.hears(speech)

    def _fields(self, wish: TransferCall) -> Fields:
        headers: Mapping[str, str] = self.leg.headers
        there = {name: " ".join(headers[name].split()) for name in self.means.settings.headers if name in headers}
        kept = [(name, value) for name, value in there.items() if len(value) <= LONGEST_KEPT]
        if len(kept) < len(there):
            log.warning("header_too_long_to_hand_over", longest=LONGEST_KEPT, names=[*there.keys() - dict(kept).keys()])
        words = " ".join(wish.summary.split())[:LONGEST_SUMMARY]
        return ((CALL_ID_HEADER, self.call_id), *([(SUMMARY_HEADER, words)] if words else []), *kept)


def _decided(done: "asyncio.Task[Failed | None]") -> Failed | None:
    """What became of it; also when something of ours broke: the caller is with the agent, who must know."""
    if fault := done.exception():
        log.error("transfer_failed", exc_info=fault, remedy="this is a fault of the service: please report it")
        return Failed(INTERNAL_ERROR, "internal_error")
    return done.result()


def number_in(target: str) -> str:
    """What is dialled for this target: the number of a tel: URI (RFC 3966), or the address itself."""
    if not target.startswith("tel:"):
        return target
    number = target.removeprefix("tel:").partition(";")[0]
    return "".join(character for character in number if character not in "-.()")


def reason_of(sip_code: int) -> str:
    """What a target's SIP code says, in a word."""
    match sip_code:
        case 486 | 600:
            return "busy"
        case 408 | 480 | 487:
            return "no_answer"
        case 404 | 410 | 484 | 604:
            return "not_found"
        case 403 | 603:
            return "declined"
        case _:
            return "failed"
