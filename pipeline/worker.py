"""The per-call cascade worker: performs a session's outputs and feeds results back. Rule: it decides nothing.

One inbox and one TaskGroup per call. Caller frames come from the line, are scored, and reach the session in order with
everything else that happens to the call.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from pipeline.ahead import Spent
from pipeline.audio import Frame, Speech
from pipeline.echo import Echo
from pipeline.hearing import FINAL_WITHIN_S, Ear, Recognisers
from pipeline.inbox import Inbox
from pipeline.making import Connect, Making
from pipeline.manners import Manners
from pipeline.providers import LanguageModel, SoundJudge, TextToSpeech, VoiceActivity
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import ErrorEvent, ItemRetrieved, ResponseDone, ServerEvent
from pipeline.realtime.ours import TurnDecided, TurnTimeline
from pipeline.session import Session
from pipeline.signals import (
    BeginUtterance,
    CallAct,
    CallerFrame,
    CancelReply,
    Configured,
    DropForeseen,
    EndCall,
    EndUtterance,
    FillSilence,
    FlushPlayout,
    Foresee,
    Ids,
    Input,
    JudgeSound,
    Output,
    PausePlayout,
    Play,
    PressKeys,
    ResumePlayout,
    SetRecording,
    ShowItem,
    Speak,
    StartReply,
    TransferCall,
)
from pipeline.sounding import Judged, Sounding
from pipeline.timeline import Timeline

log = structlog.get_logger()


class Line(Protocol):
    """The call's audio, as the worker needs it."""

    @property
    def played_ms(self) -> int:
        """Agent audio that really left since the answer."""
        ...

    @property
    def queued_ms(self) -> int:
        """Agent audio that has not left yet."""
        ...

    def read(self) -> list[Frame]:
        """Caller audio since the last read, 20 ms each."""
        ...

    def play(self, speech: Speech) -> None:
        """Queue it behind what is queued."""
        ...

    def pause(self) -> None:
        """Hold what has not left; a line whose far end plays is never asked to."""
        ...

    def resume(self) -> None:
        """Go on where it paused."""
        ...

    def flush(self) -> int:
        """Drop what has not left, paused or not; returns its length in ms."""
        ...


@dataclass(frozen=True, slots=True)
class Cascade:
    """The providers of one call; `recognisers` in the order in which they are to listen.

    Each of `warm` has a connection ready before it is needed; it never raises. `final_within_s` is how long a
    transcript may be owed while another recogniser could be asked. Without a `sound_judge` words and silence end turns.
    `foresees` says that the model takes long enough to be worth asking ahead of a turn's end.
    """

    voice_activity: VoiceActivity
    recognisers: Recognisers
    language_model: LanguageModel
    text_to_speech: TextToSpeech
    warm: Sequence[Connect] = ()
    final_within_s: float = FINAL_WITHIN_S
    sound_judge: SoundJudge | None = None
    foresees: bool = True


def _without_audio(asked: ShowItem) -> ServerEvent:
    return asked.event


def _uncounted(what: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Outlets:
    """Who hears of a session, besides the line. `play` is for lines that must know what their audio belongs to.

    `show` puts an item's audio into the event, if any is kept; `configured` gives the providers that a changed session
    goes on with; `spent` hears what the language model's work has cost, `judged` what became of each question to the
    judge of sound.
    """

    observe: Callable[[ServerEvent], None]
    control: Callable[[CallAct], None]
    play: Callable[[Play], None] | None = None
    show: Callable[[ShowItem], ServerEvent] = _without_audio
    configured: Callable[[SessionConfig], Cascade] | None = None
    spent: Callable[[Spent], None] = _uncounted
    judged: Callable[[Judged], None] = _uncounted


Taken = Callable[[list[ServerEvent]], None]
"""Takes what a client's event brought for that client alone, once it has been dealt with."""


@dataclass(frozen=True, slots=True)
class _Asked:
    happened: Input
    taken: Taken


@dataclass(frozen=True, slots=True)
class _Heard:
    frame: Frame
    score: float
    played_ms: int
    foreign: float


class Worker:
    """Drives one session on one line until its task is cancelled."""

    def __init__(
        self,
        session: Session,
        cascade: Cascade,
        line: Line,
        outlets: Outlets,
        *,
        now_ms: Callable[[], float],
        ids: Ids,
        manners: Manners | None = None,
    ) -> None:
        self._session = session
        self._cascade = cascade
        self._line = line
        self._outlets = outlets
        self._observe = outlets.observe
        self._to_line = outlets.play or (lambda play: line.play(play.speech))
        self._ids = ids
        self._echo = Echo() if manners is not None and manners.echo_guard else None
        self._timeline = Timeline(now_ms)
        self._inbox: Inbox[Input | _Heard | _Asked] = Inbox()
        self._ear = Ear(cascade.recognisers, self.post, cascade.final_within_s)
        self._tasks = asyncio.TaskGroup()
        self._sounding = Sounding(cascade.sound_judge, self._tasks, self.post, outlets.judged)
        self._making: Making | None = None

    def post(self, happened: Input) -> None:
        """Something happened to the call: a digit, a client's wish, the moment to greet."""
        self._inbox.post(happened)

    def ask(self, event: Input, taken: Taken) -> None:
        """A client's event; what it brings for that client alone goes to `taken` and to nobody else."""
        self._inbox.post(_Asked(event, taken))

    def wake(self) -> None:
        """Take what the line has; called on the event loop at every tick of the bridge."""
        line = self._line
        played_ms = line.played_ms
        for frame in line.read():
            self._cascade.voice_activity.hear(frame, partial(self._scored, frame, played_ms))
        if self._making is not None and self._making.full:
            self._making.playout(line.queued_ms)

    async def run(self) -> None:
        """Work until cancelled; a provider's failure is the session's business, any other is raised as it is."""
        try:
            async with self._tasks as tasks:
                cascade = self._cascade
                self._making = Making(
                    cascade.language_model, cascade.text_to_speech, tasks, self.post, self._outlets.spent
                )
                self._making.warm(cascade.warm)
                tasks.create_task(self._ear.run())
                self._perform(self._session.opened())
                while True:
                    for happened in await self._inbox.take():
                        self._take(happened)
        except asyncio.CancelledError:
            self._perform(self._session.closed())
            raise
        except BaseExceptionGroup as faults:
            raise faults.exceptions[0] from None
        finally:
            self._ear.forget()

    def _scored(self, frame: Frame, played_ms: int, score: float) -> None:
        foreign = self._echo.foreign(frame, score) if self._echo else 1.0
        self._inbox.post(_Heard(frame, score, played_ms, foreign))

    def _take(self, happened: Input | _Heard | _Asked) -> None:
        match happened:
            case _Heard(frame, score, played_ms, foreign):
                self._ear.hear(frame)
                self._sounding.hear(frame)
                self._perform(self._session.handle(CallerFrame(score, played_ms, foreign)))
            case _Asked(event, taken):
                self._answer(self._session.handle(event), taken)
            case _:
                self._timeline.reached(happened)
                self._perform(self._session.handle(happened))

    def _answer(self, outputs: list[Output], taken: Taken) -> None:
        private: list[ServerEvent] = []
        for output in outputs:
            match output:
                case ErrorEvent() | ItemRetrieved():
                    private.append(output)
                case ShowItem():
                    private.append(self._outlets.show(output))
                case _:
                    self._perform([output])
        taken(private)

    def _perform(self, outputs: list[Output]) -> None:
        assert self._making is not None
        for output in outputs:
            match output:
                case Play():
                    self._play(output)
                case BeginUtterance(utterance, prefix_ms):
                    self._ear.begin(utterance, prefix_ms)
                    self._sounding.begin(prefix_ms)
                case EndUtterance():
                    self._ended(output)
                case JudgeSound():
                    self._sounding.judge(output)
                case Foresee() | DropForeseen():
                    self._look_ahead(output)
                case StartReply():
                    self._timeline.asked(output, foreseen=self._making.reply(output))
                case Speak():
                    self._making.say(output)
                case CancelReply(response_id):
                    self._making.stop(response_id)
                case FillSilence(pcm):
                    self._line.play(pcm)
                case FlushPlayout():
                    self._line.flush()
                case PausePlayout():
                    self._line.pause()
                case ResumePlayout():
                    self._line.resume()
                case EndCall() | TransferCall() | PressKeys() | SetRecording():
                    self._outlets.control(output)
                case ShowItem():
                    self._observe(self._outlets.show(output))
                case Configured(config, ignored):
                    self._follow(config, ignored)
                case ResponseDone(response=response):
                    self._making.stop(response.id)
                    self._observe(output)
                case _:
                    self._observe(output)

    def _look_ahead(self, wanted: Foresee | DropForeseen) -> None:
        assert self._making is not None
        if isinstance(wanted, DropForeseen):
            self._making.drop_foreseen()
        elif self._cascade.foresees:
            self._timeline.foresaw()
            self._making.foresee(wanted)

    def _follow(self, config: SessionConfig, ignored: tuple[str, ...]) -> None:
        if ignored:
            log.info("session_fields_ignored", fields=ignored)
        if self._outlets.configured is None or self._making is None:
            return
        cascade, before = self._outlets.configured(config), self._cascade
        self._cascade = cascade
        self._making.use(cascade.language_model, cascade.text_to_speech)
        self._making.warm(cascade.warm)
        self._sounding.by = cascade.sound_judge
        if cascade.recognisers is not before.recognisers or self._ear.lost:
            self._ear.use(cascade.recognisers)

    def _ended(self, ended: EndUtterance) -> None:
        self._timeline.turn_decided(ended)
        self._ear.end(ended.utterance)
        self._sounding.end()
        if ended.grounds is not None:
            self._observe(TurnDecided(event_id=self._ids("event"), grounds=ended.grounds))

    def _play(self, play: Play) -> None:
        self._to_line(play)
        answered = self._timeline.played(play)
        if answered is not None:
            event_id, (stages, grounds) = self._ids("event"), answered
            self._observe(TurnTimeline(event_id=event_id, response_id=play.response_id, stages=stages, grounds=grounds))
