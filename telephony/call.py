"""One call from INVITE to Ending: leg, worker and record in one TaskGroup. Rule: exactly one Ending, always.

An exception of ours in this call ends this call only: it is logged with its traceback, the leg is hung up, and the
Ending says `internal_error`.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from pipeline.ahead import Spent
from pipeline.audio import Frame, speech_ms
from pipeline.manners import Manners
from pipeline.observe import Pii, bound_call
from pipeline.realtime.client import decode
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import ConversationCreated, ServerEvent, SessionCreated
from pipeline.session import Session
from pipeline.signals import (
    CallAct,
    Digit,
    EndCall,
    Greet,
    Hold,
    HoldChanged,
    LastResort,
    Limits,
    Permissions,
    PressKeys,
    SetRecording,
    Setting,
    TimeIsUp,
    TransferCall,
    TransferFailed,
)
from pipeline.sounding import Judged
from pipeline.worker import Cascade, Outlets, Taken, Worker
from telephony.answerer import MachineWish, WhoAnswered
from telephony.audience import Audience
from telephony.call_keys import CallKeys
from telephony.conditions import ANY
from telephony.dialplan import HOLD_WORDS
from telephony.doorbell import ring
from telephony.dtmf import KeySettings
from telephony.errands import Crew, Errands
from telephony.far_end import FarEnd
from telephony.hold_sound import hold_ambience, hold_sound
from telephony.leg import (
    Ambience,
    Answered,
    DigitPressed,
    Ending,
    Fields,
    Held,
    Leg,
    LegEnded,
    LegEvent,
    Moved,
    NotTaken,
    Referrals,
    Referred,
    Ringing,
    TransferProgress,
    Waiting,
)
from telephony.line_terms import LineTerms, known_to_agent
from telephony.lineup import Engaged, Lineup
from telephony.media_settings import MediaSettings
from telephony.moves import Moves
from telephony.overhearing import Overheard
from telephony.quality import Measured
from telephony.recorder import Recorder
from telephony.referrals import allowed
from telephony.transfer import Dial, Failed, Means, Transfers, no_dial
from telephony.transfer_settings import TransferSettings
from telephony.whisper import spoken

log = structlog.get_logger()

# A packet waits for the bridge's tick, and its second half often for the one after it.
LINE_DELAY_MS = 20
BYE_TIMEOUT_S = 5.0
OVERTIME_S = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided for this call before it begins."""

    agent: str
    config: SessionConfig
    permissions: Permissions
    greet: bool = True
    ring_s: float = 0.0
    max_call_s: float = 3_600.0
    ring_timeout_s: float = 60.0
    media: MediaSettings = field(default_factory=MediaSettings)
    record: bool = True
    record_notice: str = ""
    keys: KeySettings = field(default_factory=KeySettings)
    hold: str = HOLD_WORDS
    hold_after_ms: int = 2_000
    hold_sound: bool = False
    last_resort: LastResort = field(default_factory=LastResort)
    ambience: Ambience | None = None
    hold_music: Ambience | None = None
    transfer: TransferSettings = field(default_factory=TransferSettings)
    dial: Dial = no_dial
    manners: Manners = field(default_factory=Manners)
    crew: Crew = field(default_factory=Crew)
    line: LineTerms = field(default_factory=lambda: LineTerms(did=ANY))
    narrow: bool = True
    answer_fields: Fields = ()
    answering_machine: MachineWish = "ignore"

    @property
    def referrals(self) -> Referrals:
        """To whom the far end may refer us."""
        return Referrals(allowed(self.transfer.follow, self.permissions.transfer_targets), self.transfer.ring_s)


class Journal(Protocol):
    """Where a call's life is written down; nothing here waits or raises."""

    def taken_by(self, agent: str) -> None:
        """It has been decided who talks."""
        ...

    def answered(self, sip_call_id: str) -> None:
        """The call is up."""
        ...

    def held(self, on: bool) -> None:
        """The far end waits at our wish, or no longer does."""
        ...

    def happened(self, event: ServerEvent, *, kept: bool = True) -> None:
        """The session emitted an event; what is not to be kept counts all the same."""
        ...

    def handing_over(self, target: str, summary: str) -> None:
        """The caller is being handed over."""
        ...

    def follow(self, leg: Leg) -> tuple[str, Callable[[LegEvent], None]]:
        """A leg that was placed for this call has a record of its own: its call's id, and what takes its events."""
        ...

    def moved(self, far_end: str) -> None:
        """Somebody else is at the far end."""
        ...

    def spent(self, spent: Spent) -> None:
        """The language model's work has cost this."""
        ...

    def judged(self, judged: Judged) -> None:
        """What became of a question to the judge of sound."""
        ...

    def measured(self, trunk: str | None, measured: Measured) -> None:
        """How the call was heard, when it was answered."""
        ...

    def ended(self, ending: Ending, recording: Path | None, *, lost: bool = ...) -> None:
        """The call is over; `lost`, it was to be recorded and is not, or not to its end."""
        ...


class Call:
    """Owner of one call. `run` returns its Ending and never raises, except when it is cancelled."""

    def __init__(
        self,
        call_id: str,
        leg: Leg,
        plan: Plan,
        cascade: Cascade,
        journal: Journal,
        *,
        ids: Callable[[str], str],
        lineup: Lineup,
    ) -> None:
        """`cascade` runs the plan's config; `lineup` finds who runs what an application makes of it, at 8 kHz too."""
        self.call_id, self.leg = call_id, leg
        self._plan, self._journal = plan, journal
        config = lineup.named(plan.config)
        self._session = _session(config, ids, plan, lineup)
        engaged = Engaged(lineup, config, cascade, narrow=plan.narrow)
        outlets = Outlets(
            self._observe, self._control, configured=engaged.follow, spent=journal.spent, judged=journal.judged
        )
        self._keys = CallKeys(plan.keys, self._pressed)
        self._who_answered = WhoAnswered(plan.answering_machine, self, self._observe, ids)
        line = Overheard(leg.audio, self._hear)
        self._worker = Worker(self._session, cascade, line, outlets, now_ms=_now_ms, ids=ids, manners=plan.manners)
        self._errands = Errands(call_id, leg, plan.crew, self._worker.post)
        self.audience, self._answered = Audience(), asyncio.Event()
        self._ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._verdict: EndCall | None = None
        self.recorder = Recorder(plan.media, call_id, leg.audio)
        self._notice, self._announcement = map(lineup.ready_made, (plan.record_notice, plan.line.announcement))
        self.far_end = FarEnd(leg, plan.hold_music, plan.referrals)
        self.transfers = Transfers(call_id, leg, self.far_end, _means(plan, cascade, config, journal))
        self._moves = Moves(self.command, self._keys, journal, self._observe, ids)
        leg.listen(self._on_leg)

    def command(self, frame: bytes) -> None:
        """A client event from nobody in particular; what is wrong with it becomes an `error` event for everybody."""
        self._worker.post(decode(frame))

    def ask(self, frame: bytes, taken: Taken) -> None:
        """A client event; when it has been dealt with, `taken` gets what is for that client alone."""
        self._worker.ask(decode(frame), taken)

    def as_it_is(self) -> list[ServerEvent]:
        """What somebody who comes now is told first: `session.created`, `conversation.created`."""
        return [event for event in self._session.opened() if isinstance(event, SessionCreated | ConversationCreated)]

    def hang_up(self, reason: str) -> None:
        """End the call by our own decision."""
        self._verdict = self._verdict or EndCall("us", reason)
        self.leg.hang_up(reason)

    def transfer(self, wish: TransferCall) -> None:
        """Hand the far end over to a sip: or tel: address; when it has gone, the call ends."""
        with bound_call(self.call_id):
            self._journal.handing_over(wish.target, wish.summary)
            self.transfers.begin(wish, self._transferred, self._joined)

    @property
    def is_answered(self) -> bool:
        """Audio flows, or flowed."""
        return self._answered.is_set()

    async def run(self) -> Ending:
        """Ring, answer, talk, and see the call to its end."""
        self.leg.on_audio(self._worker.wake)
        try:
            await self._live()
        except Exception:
            log.exception("call_failed", remedy="this is a fault of the service: please report it")
            self._verdict = EndCall("us", "internal_error")
            self.leg.hang_up("internal_error")
        finally:
            ending = await self._close()
            self.transfers.end()
            await self.recorder.close()
        log.info("call_ended", by=ending.by, reason=ending.reason, sip_code=ending.sip_code)
        self._journal.ended(ending, self.recorder.path, lost=self.recorder.lost)
        self.audience.call_ended()
        return ending

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            work = [*map(tasks.create_task, (self._worker.run(), self._pick_up(), self._errands.run()))]
            await asyncio.shield(self._ended)
            for task in work:
                task.cancel()

    async def _close(self) -> Ending:
        """Wait for the leg's own end; a far end that never says BYE does not hold the call open."""
        try:
            async with asyncio.timeout(BYE_TIMEOUT_S):
                ending = await asyncio.shield(self._ended)
        except TimeoutError:
            ending = Ending("unknown", "no_bye", 0)
        verdict = self._verdict
        if verdict is not None and ending.by == "us":
            ending = replace(ending, by=verdict.by, reason=verdict.reason)
        return ending

    async def _pick_up(self) -> None:
        plan = self._plan
        if plan.ambience is not None:
            self.leg.surround(plan.ambience)
        if self.leg.inbound:
            await ring(self.leg, plan.ring_s, self._announcement)
            self.leg.answer((*plan.line.answer_headers.items(), *plan.answer_fields))
        try:
            async with asyncio.timeout(plan.ring_timeout_s):
                await self._answered.wait()
        except TimeoutError:
            self.hang_up("no_answer")
            return
        self._journal.answered(self.leg.sip_call_id)
        if plan.record:
            self.recorder.turn("on")
        if known := known_to_agent(self.leg, plan.line.agent_knows):
            self.command(known)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_the_clock())
            tasks.create_task(self.recorder.run())
            await self._begin(greets=plan.greet)

    async def _begin(self, *, greets: bool) -> None:
        """Say that the call is recorded, if it is to be said, and let the agent begin."""
        if self._notice:
            self.leg.audio.play(self._notice)
            await asyncio.sleep(speech_ms(self._notice) / 1_000)
        if greets:
            self._worker.post(Greet())

    async def _watch_the_clock(self) -> None:
        await asyncio.sleep(self._plan.max_call_s)
        self._worker.post(TimeIsUp())
        await asyncio.sleep(OVERTIME_S)
        self.hang_up("max_duration")

    def _on_leg(self, event: LegEvent) -> None:
        """The leg speaks outside of the call's task: what is logged bears the call's id all the same."""
        with bound_call(self.call_id):
            match event:
                case Answered(tells_keys):
                    self._keys.answered(tells_keys=tells_keys)
                    self._answered.set()
                case DigitPressed(digit):
                    if not self.transfers.pass_on(digit):
                        self._keys.signalled(digit)
                case TransferProgress():
                    self.far_end.progressed(event)
                case Held() | Waiting() | Referred() | NotTaken() | Moved():
                    self._worker.post(HoldChanged(self.far_end.changed(event) or self.transfers.joined))
                    self._moves.happened(event, held=self.far_end.held)
                case LegEnded(ending, measured):
                    if measured is not None:
                        self._journal.measured(self.leg.trunk, measured)
                    if not self._ended.done():
                        self._ended.set_result(ending)
                case Ringing():
                    log.info("far_end_rings")

    def _hear(self, frame: Frame) -> None:
        if not self.transfers.joined:
            self._keys.hear(frame)
        self._who_answered.hear(frame)

    def _pressed(self, digit: str) -> None:
        log.info("digit_pressed", digit=Pii(digit))
        self._worker.post(Digit(digit, int(time.time())))

    def _observe(self, event: ServerEvent) -> None:
        self.recorder.observe(event)
        self._journal.happened(event, kept=not self.recorder.discreet)
        self._errands.happened(event)
        self._who_answered.happened(event)
        self.audience.happened(event)

    def _control(self, asked: CallAct) -> None:
        match asked:
            case PressKeys(digits):
                self.leg.send_digits(digits)
            case SetRecording(state):
                self.recorder.turn(state)
            case EndCall(reason=reason):
                self._verdict = asked
                self.leg.hang_up(reason)
            case TransferCall():
                self.transfer(asked)

    def _joined(self, other: Leg) -> None:
        self._worker.post(HoldChanged(True))
        self.recorder.join(other.audio)

    def _transferred(self, failed: Failed | None) -> None:
        if failed is None:
            self.hang_up("transferred")
        elif not self._ended.done():
            self._worker.post(TransferFailed(failed.sip_code, failed.reason))


def _session(config: SessionConfig, ids: Callable[[str], str], plan: Plan, lineup: Lineup) -> Session:
    return Session(
        config,
        ids,
        permissions=plan.permissions,
        limits=Limits(line_delay_ms=LINE_DELAY_MS, keys=plan.keys.rules, idle_prompts=plan.crew.silences),
        last_resort=replace(plan.last_resort, pcm=lineup.ready_made(plan.last_resort.text)),
        hold=Hold(lineup.ready_made(plan.hold), plan.hold_after_ms, hold_sound() if plan.hold_sound else b""),
        setting=Setting(naming=lineup.settled, manners=plan.manners),
    )


def _means(plan: Plan, cascade: Cascade, config: SessionConfig, journal: Journal) -> Means:
    whisper = partial(spoken, cascade.text_to_speech, config.audio.output)
    music = plan.hold_music or hold_ambience()
    return Means(plan.transfer, plan.dial, whisper, music, journal.follow, plan.referrals)


def _now_ms() -> float:
    return time.monotonic() * 1_000
