"""One Realtime session: inputs in, outputs out. Rule: it never waits, reads no clock and draws no ids.

Time is caller audio: every frame is 20 ms and the bridge delivers frames for as long as the call lives, so all limits
are counted in frames and need no timers. Event order follows OpenAI's Realtime API.
"""

from pipeline.answering import Answering
from pipeline.conversation import Conversation
from pipeline.listening import Listening, Understood
from pipeline.providers import Transcript
from pipeline.realtime.config import ServerVad, SessionConfig
from pipeline.realtime.events import (
    ConversationCreated,
    ConversationObject,
    ErrorDetail,
    ErrorEvent,
    SessionCreated,
    SessionObject,
    SessionUpdated,
)
from pipeline.signals import (
    CallerFrame,
    Digit,
    FunctionAnswered,
    Greet,
    HearingLost,
    Ids,
    Input,
    Limits,
    Output,
    Permissions,
    Reconfigured,
    ReplyDelta,
    ReplyEnded,
    ReplyFailed,
    ResponseAsked,
    ResponseRefused,
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
    TimeIsUp,
    TransferFailed,
)
from pipeline.turn import SpeechBegan, TurnEnded

FALSE_START_MS = 250


class Session:
    """The conversation of one call. `handle` is its only method that acts."""

    def __init__(
        self,
        config: SessionConfig,
        ids: Ids,
        *,
        permissions: Permissions | None = None,
        limits: Limits | None = None,
        apology_pcm: bytes = b"",
    ) -> None:
        """`apology_pcm`: `pipeline.trouble.LAST_WORDS` at 24 kHz, for when no provider is left to speak."""
        limits = limits or Limits()
        self.config = config
        self._ids = ids
        self._id = ids("sess")
        self._conversation = Conversation()
        self._listening = Listening(ids, self._conversation, config.audio.input, limits)
        self._answering = Answering(
            config, ids, self._conversation, self._listening, permissions or Permissions(), limits, apology_pcm
        )
        self._speaking = self._answering.speaking
        self._calling = self._answering.calling
        self._farewell = self._answering.farewell
        self._interrupted = False
        self._declined = False
        self._quiet_since_ms = 0

    def opened(self) -> list[Output]:
        """The session's first events."""
        conversation = ConversationObject(id=self._speaking.conversation_id)
        return [
            SessionCreated(event_id=self._ids("event"), session=_as_object(self._id, self.config)),
            ConversationCreated(event_id=self._ids("event"), conversation=conversation),
        ]

    def closed(self) -> list[Output]:
        """The call is over, whoever ended it: what is open is closed with what was heard of it."""
        self._farewell.over = True
        return self._answering.cut("client_cancelled")

    def handle(self, happened: Input) -> list[Output]:
        """Take one input; everything that follows from it is in the outputs, in order."""
        if self._farewell.over:
            return self._listening.transcribed(happened)[0] if isinstance(happened, Transcript) else []
        match happened:
            case CallerFrame(score, played_ms):
                out = self._frame(score, played_ms)
            case Transcript():
                out = self._transcribed(happened)
            case ReplyDelta() | ReplyEnded() | ReplyFailed():
                out = self._answering.replied(happened)
            case SpeechMade() | SpeechEnded() | SpeechFailed():
                out = self._answering.spoke(happened)
            case Digit(digit, received_at):
                self._quiet_since_ms = self._listening.audio_ms
                out = self._listening.press(digit, received_at)
                out += self._calling.taken_back() + self._interrupt() + self._entry()
            case _:
                out = self._asked(happened)
        return out + self._answering.proceed()

    def _frame(self, score: float, played_ms: int) -> list[Output]:
        out = self._speaking.playout(played_ms)
        match self._listening.hear(score):
            case SpeechBegan() as edge:
                self._declined = False
                out += self._listening.begin(edge) + self._interrupt()
            case TurnEnded() as edge:
                out += self._listening.end(edge)
                if self._answering.unprompted and self._speaking.reply is None and not self._farewell.firm:
                    out += self._answering.open()
            case None:
                pass
        return out + self._overdue()

    def _interrupt(self) -> list[Output]:
        detection = self.config.audio.input.turn_detection
        if detection is None or not detection.interrupt_response or self._farewell.firm or self._speaking.idle:
            return []
        self._interrupted = True
        return self._answering.cut("turn_detected")

    def _transcribed(self, words: Transcript) -> list[Output]:
        out, understood = self._listening.transcribed(words)
        if (out or understood) and words.text.strip():
            out += self._calling.taken_back()
        if understood is not None:
            self._answering.understood()
            self._understood(understood)
        return out

    def _understood(self, said: Understood) -> None:
        """The caller's words, or none: a noise is answered only where it left the agent silent."""
        left_silent = self._interrupted or said.speech_ms >= FALSE_START_MS
        if not said.text and not left_silent:
            self._conversation.disregard(said.item_id)
        elif not self._declined:
            self._answering.addressed()
        self._interrupted = False

    def _entry(self) -> list[Output]:
        out = self._listening.entry()
        if out:
            self._calling.caller_spoke()
            self._answering.addressed()
        return out

    def _asked(self, asked: Input) -> list[Output]:
        match asked:
            case Greet():
                self._answering.owe()
            case ResponseAsked(event_id):
                return self._response_asked(event_id)
            case ResponseRefused(event_id):
                return self._response_refused(event_id)
            case FunctionAnswered(call_id, output):
                return self._calling.answered(call_id, output)
            case Reconfigured(config):
                self.config = self._answering.config = config
                stopped = self._listening.configure(config.audio.input)
                return [
                    SessionUpdated(event_id=self._ids("event"), session=_as_object(self._id, self.config)),
                    *stopped,
                ]
            case TransferFailed(sip_code):
                out = self._calling.transfer_failed(sip_code)
                if out:
                    self._answering.owe()
                return out
            case HearingLost(reason) if not self._farewell.silences:
                return self._answering.deaf(reason)
            case TimeIsUp():
                return [*self._answering.cut("client_cancelled"), self._farewell.end("max_duration")]
            case _:
                pass
        return []

    def _response_asked(self, event_id: str | None) -> list[Output]:
        reply = self._speaking.reply
        # A client may answer a function call, and ask for the response to it, before the call's own response is done.
        if reply is None or reply.calls:
            self._answering.owe()
            return []
        code = "conversation_already_has_active_response"
        return [_mistake(self._ids, code, "A response is under way.", event_id)]

    def _response_refused(self, event_id: str | None) -> list[Output]:
        if self._speaking.reply is None:
            message = "Cancellation failed: no active response found"
            return [_mistake(self._ids, "response_cancel_not_active", message, event_id)]
        self._declined = self._listening.waiting
        return self._answering.refused()

    def _overdue(self) -> list[Output]:
        """What has waited for too long by this frame."""
        now_ms = self._listening.audio_ms
        caller, farewell, idle = self._listening, self._farewell, self._speaking.idle
        if farewell.planned and idle:
            act = farewell.due(now_ms, caller_silent=not (caller.busy or caller.waiting))
            if act is not None:
                return [act]
        if caller.pressing:
            return self._entry()
        if caller.waiting:
            return self._unheard()
        if not idle or caller.speaking or farewell.silences:
            self._quiet_since_ms = now_ms
            return self._answering.stalled()
        if self._calling.pending:
            return self._unanswered(now_ms)
        return self._too_quiet(now_ms)

    def _unheard(self) -> list[Output]:
        out, understood = self._listening.overdue()
        if understood is None:
            return out
        self._understood(understood)
        return out + self._answering.misunderstood()

    def _unanswered(self, now_ms: int) -> list[Output]:
        out = self._calling.given_up(now_ms)
        if out and not self._calling.pending:
            self._answering.owe()
        return out

    def _too_quiet(self, now_ms: int) -> list[Output]:
        detection = self.config.audio.input.turn_detection
        limit_ms = detection.idle_timeout_ms if isinstance(detection, ServerVad) else None
        if limit_ms is None or now_ms - self._quiet_since_ms < limit_ms:
            return []
        out = self._listening.timed_out(self._quiet_since_ms)
        self._quiet_since_ms = now_ms
        self._answering.addressed()
        return out


def _as_object(session_id: str, config: SessionConfig) -> SessionObject:
    fields = {name: getattr(config, name) for name in config.__struct_fields__}
    return SessionObject(id=session_id, **fields)


def _mistake(ids: Ids, code: str, message: str, event_id: str | None) -> ErrorEvent:
    error = ErrorDetail(type="invalid_request_error", code=code, message=message, event_id=event_id)
    return ErrorEvent(event_id=ids("event"), error=error)
