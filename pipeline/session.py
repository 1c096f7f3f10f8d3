"""One Realtime session: inputs in, outputs out. Rule: it never waits, reads no clock and draws no ids.

Time is caller audio on a call: every frame is 20 ms and the bridge delivers frames for as long as the call lives. Where
a client plays, it is what `Elapsed` says. Event order follows OpenAI's Realtime API.
"""

from pipeline.answering import Answering, Surroundings
from pipeline.awaiting import FALSE_START_MS, Told, Understood
from pipeline.barge_in import BargeIn
from pipeline.conversation import Conversation
from pipeline.foresight import Foresight
from pipeline.holding import Holding
from pipeline.listening import Listening
from pipeline.on_hold import OnHold
from pipeline.providers import Transcript, TurnVerdict
from pipeline.quiet import Quiet
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.dialect import honoured
from pipeline.realtime.events import (
    ConversationCreated,
    ConversationObject,
    ErrorEvent,
    SessionCreated,
)
from pipeline.realtime.mistakes import mistake
from pipeline.realtime.session_view import as_object
from pipeline.signals import (
    CallerFrame,
    Digit,
    Elapsed,
    Greet,
    HearingLost,
    Hold,
    HoldChanged,
    Ids,
    Input,
    LastResort,
    Limits,
    Output,
    Permissions,
    ReplyDelta,
    ReplyEnded,
    ReplyFailed,
    Setting,
    SoundJudged,
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
    SpeechReached,
    TimeIsUp,
    TransferFailed,
    UtteranceLost,
)
from pipeline.steering import Steering
from pipeline.terms import HEARD_OUT, NOTHING_SPECIAL
from pipeline.turn import SoundWanted, SpeechBegan, TurnEnded


class Session:
    """The conversation of one call, or of one client. `handle` is its only method that acts."""

    def __init__(
        self,
        config: SessionConfig,
        ids: Ids,
        *,
        permissions: Permissions | None = None,
        limits: Limits | None = None,
        last_resort: LastResort | None = None,
        hold: Hold | None = None,
        setting: Setting | None = None,
    ) -> None:
        """`last_resort` is for when no provider can go on, `hold` for when an answer on a call is late."""
        limits, self._setting = limits or Limits(), setting or Setting()
        surroundings = Surroundings(permissions or Permissions(), limits, self._setting, last_resort or LastResort())
        self._conversation = Conversation()
        ids = self._ids = self._conversation.own_ids(ids)
        effective = honoured(config)
        self._listening = Listening(ids, self._conversation, effective, limits, client_plays=self._setting.client_plays)
        self._answering = Answering(effective, ids, self._conversation, self._listening, surroundings)
        self._steering = Steering(config, ids, self._conversation, self._listening, self._answering, self._setting)
        self._speaking, self._calling = self._answering.speaking, self._answering.calling
        self._asides, self._farewell = self._answering.asides, self._answering.farewell
        self._holding = Holding(self._answering, self._listening, hold or Hold(), limits.line_delay_ms)
        self._barge_in = BargeIn(ids, self._listening, self._answering, self._setting)
        self._quiet = Quiet(self._answering, self._listening, client_plays=self._setting.client_plays)
        self._foresight = Foresight(self._conversation, self._listening, self._answering, self._setting)
        self._on_hold = OnHold(ids, self._conversation, self._listening, self._answering)
        self._idle_prompts = limits.idle_prompts

    @property
    def config(self) -> SessionConfig:
        """The effective config, as clients see it."""
        return self._steering.config

    def opened(self) -> list[Output]:
        """What a client is told first; for each that comes."""
        session = as_object(self.config, self._steering.session_id, self._setting.expires_at)
        conversation, ids = ConversationObject(id=self._speaking.conversation_id), self._ids
        created = SessionCreated(event_id=ids("event"), session=session)
        return [created, ConversationCreated(event_id=ids("event"), conversation=conversation)]

    def closed(self) -> list[Output]:
        """The call is over, whoever ended it: what is open is closed with what was heard of it."""
        self._farewell.over = True
        return self._answering.cut("client_cancelled") + self._asides.cancel_all() + self._foresight.withdraw()

    def handle(self, happened: Input) -> list[Output]:
        """Take one input; everything that follows from it is in the outputs, in order."""
        if self._farewell.over:
            return self._listening.transcribed(happened)[0] if isinstance(happened, Transcript) else []
        match happened:
            case CallerFrame():
                out = self._frame(happened)
            case Elapsed(ms, played_ms):
                self._listening.now_ms += ms
                out = self._speaking.playout(played_ms) + self._overdue()
            case Transcript():
                out = self._transcribed(happened)
            case UtteranceLost(utterance, reason):
                out = self._unheard(self._listening.awaiting.lost(utterance, reason))
            case TurnVerdict() | SoundJudged():
                self._listening.judged(happened)
                out = []
            case ReplyDelta() | ReplyEnded() | ReplyFailed():
                out = self._answering.replied(happened)
            case SpeechMade() | SpeechReached() | SpeechEnded() | SpeechFailed():
                out = self._answering.spoke(happened)
            case Digit(digit, received_at):
                out = self._pressed(digit, received_at)
            case Greet() | HearingLost() | HoldChanged() | TransferFailed() | TimeIsUp():
                out = self._befell(happened)
            case _:
                out = self._steering.take(happened)
        out += self._barge_in.settle() + self._answering.proceed() + self._foresight.follow(happened)
        if isinstance(happened, CallerFrame):
            out += self._holding.due(interrupted=self._barge_in.interrupted)
        return out

    def _frame(self, frame: CallerFrame) -> list[Output]:
        out, score = self._speaking.playout(frame.played_ms), self._barge_in.weigh(frame)
        match self._listening.hear(score):
            case SpeechBegan() as edge:
                self._quiet.caller_is_there()
                self._answering.declined = False
                out += self._listening.begin(edge) + self._barge_in.begin(edge)
            case TurnEnded() as edge:
                out += self._entry(turn_ends=True) + self._listening.end(edge) + self._barge_in.turn_ended()
            case SoundWanted() as edge:
                out += self._listening.ask(edge)
            case None:
                if self._listening.unheeded:
                    out += self._listening.buffer()
        self._barge_in.hear(score)
        return out if self._setting.client_plays else out + self._overdue()

    def _transcribed(self, words: Transcript) -> list[Output]:
        item_id, text = self._listening.item_of(words.utterance), words.text.strip()
        out, understood = self._listening.transcribed(words)
        out += self._barge_in.understand(item_id, words)
        if item_id and text and not self._barge_in.light(item_id):
            out += self._calling.taken_back()
        if understood is not None:
            self._answering.understood()
            out += self._understood(understood)
        return out

    def _understood(self, said: Understood) -> list[Output]:
        """The caller's words, or none: a noise is answered only where it left the agent silent, a listener never."""
        if said.lost and self._setting.client_plays:
            self._conversation.disregard(said.item_id)
            return self._answering.unheard(said.lost)
        passes = self._barge_in.passes(said.item_id) and not said.by_hand
        left_silent = self._barge_in.interrupted or (said.speech_ms >= FALSE_START_MS and not passes)
        if passes or (not said.text and (said.lost or said.by_hand or not left_silent)):
            self._conversation.disregard(said.item_id)
        if (said.text or left_silent) and not (passes or self._answering.declined or said.by_hand):
            self._answering.addressed(unheard=said.lost is not None)
        self._barge_in.interrupted = False
        return []

    def _pressed(self, digit: str, received_at: int) -> list[Output]:
        self._quiet.caller_is_there()
        out = self._listening.press(digit, received_at)
        heeded = self._listening.pressing
        return out + (self._calling.taken_back() + self._barge_in.yield_floor() + self._entry() if heeded else [])

    def _entry(self, *, turn_ends: bool = False) -> list[Output]:
        if out := self._listening.entry(turn_ends=turn_ends):
            self._calling.caller_spoke()
            self._answering.addressed()
        return out

    def _befell(self, happened: Greet | HearingLost | HoldChanged | TransferFailed | TimeIsUp) -> list[Output]:
        match happened:
            case Greet():
                self._answering.owe(HEARD_OUT if self._setting.manners.protect_greeting else NOTHING_SPECIAL)
                return []
            case TransferFailed():
                out = self._calling.transfer_failed(happened)
                if out:
                    self._answering.owe()
                return out or self._answering.trouble.unrescued(self._answering.config)
            case HearingLost(reason):
                return self._answering.hearing_lost(reason)
            case HoldChanged(on):
                return self._on_hold.turn(on)
            case TimeIsUp():
                return self._time_is_up()

    def _time_is_up(self) -> list[Output]:
        out = self._answering.cut("client_cancelled") + self._asides.cancel_all()
        if self._setting.client_plays:
            error = mistake("session_expired", "Your session hit the maximum duration.")
            out.append(ErrorEvent(event_id=self._ids("event"), error=error))
        return [*out, self._farewell.end("max_duration")]

    def _overdue(self) -> list[Output]:
        """What has waited for too long by now."""
        now_ms = self._listening.now_ms
        if self._asides and (out := self._asides.stalled(now_ms)):
            return out
        caller, farewell, idle = self._listening, self._farewell, self._speaking.idle
        if farewell.planned and idle and not caller.on_hold:
            act = farewell.due(now_ms, caller_silent=not (caller.busy or caller.waiting))
            if act is not None:
                return [*(self._asides.cancel_all() if farewell.over else []), act]
        if caller.pressing:
            return self._entry()
        if caller.waiting:
            return self._unheard(caller.awaiting.overdue(now_ms))
        if not idle or caller.busy or farewell.silences:
            self._quiet.broken()
            return self._answering.stalled()
        if self._calling.pending and not self._setting.client_plays:
            return self._unanswered(now_ms)
        return self._too_quiet()

    def _unheard(self, told: Told) -> list[Output]:
        out, understood = told
        if understood is None:
            return out
        out += self._understood(understood)
        return out if self._setting.client_plays else out + self._answering.misunderstood()

    def _unanswered(self, now_ms: int) -> list[Output]:
        out = self._calling.given_up(now_ms)
        if out and not self._calling.pending:
            self._answering.owe()
        return out

    def _too_quiet(self) -> list[Output]:
        out = self._quiet.due()
        if out and self._quiet.in_a_row > self._idle_prompts and not self._setting.client_plays:
            return [*out, self._farewell.end("caller_silent")]
        if out:
            self._answering.addressed()
        return out
