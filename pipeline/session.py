"""One Realtime session: inputs in, outputs out. Rule: it never waits, reads no clock and draws no ids.

Time is caller audio: every frame is 20 ms and the bridge delivers frames for as long as the call lives, so all limits
are counted in frames and need no timers. Event order follows OpenAI's Realtime API.
"""

import json

from pipeline.audio import WIDE_HZ, ms_of
from pipeline.conversation import Conversation
from pipeline.listening import Listening, Understood
from pipeline.providers import Prompt, Reason, Transcript
from pipeline.realtime.config import ServerVad, SessionConfig, ToolChoiceFunction, TurnDetection
from pipeline.realtime.events import (
    DtmfReceived,
    SessionCreated,
    SessionObject,
    SessionUpdated,
    TimeoutTriggered,
)
from pipeline.realtime.items import FunctionOutputItem, InputText, MessageItem
from pipeline.reply import Ids, Reply
from pipeline.signals import (
    CallerFrame,
    Digit,
    EndCall,
    FunctionAnswered,
    Greet,
    HearingLost,
    Input,
    Limits,
    Output,
    Permissions,
    Play,
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
    TransferCall,
    TransferFailed,
)
from pipeline.speaking import Speaking
from pipeline.tools import HangUpAsked, Outside, Refused, Toolbox, TransferAsked
from pipeline.turn import SpeechBegan, TurnEnded

FALSE_START_MS = 250
APOLOGY = " I am sorry, something went wrong on my side. Could you say that again, please?"


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
        self.config = config
        self._ids = ids
        self._id = ids("sess")
        self._limits = limits or Limits()
        self._apology_pcm = apology_pcm
        self._conversation = Conversation()
        self._listening = Listening(ids, self._conversation, config.audio.input)
        self._speaking = Speaking(ids, self._conversation)
        self._toolbox = Toolbox(permissions or Permissions())
        self._interrupted = False
        self._digits = ""
        self._digit_ms = 0
        self._progress_ms = 0
        self._idle_ms = 0
        self._outside: dict[str, int] = {}
        self._tool_rounds = 0
        self._failures = 0
        self._farewell: EndCall | TransferCall | None = None
        self._transfer_call_id = ""

    def opened(self) -> list[Output]:
        """The session's first event."""
        return [SessionCreated(event_id=self._ids("event"), session=self._as_object())]

    def handle(self, happened: Input) -> list[Output]:
        """Take one input; everything that follows from it is in the outputs, in order."""
        match happened:
            case CallerFrame():
                return self._frame(happened)
            case Transcript():
                return self._transcribed(happened)
            case ReplyDelta() | ReplyEnded() | ReplyFailed():
                return self._replied(happened)
            case SpeechMade() | SpeechEnded() | SpeechFailed():
                return self._spoke(happened)
            case Digit(digit, received_at):
                return self._digit(digit, received_at)
            case _:
                return self._asked(happened)

    def _frame(self, frame: CallerFrame) -> list[Output]:
        out = self._speaking.playout(frame.played_ms)
        match self._listening.hear(frame.score):
            case SpeechBegan() as edge:
                out += self._listening.begin(edge)
                out += self._barge_in()
            case TurnEnded() as edge:
                out += self._listening.end(edge)
                out += self._turn_ended()
            case None:
                pass
        return out + self._overdue()

    def _barge_in(self) -> list[Output]:
        self._interrupted = False
        detection = self.config.audio.input.turn_detection
        if detection is None or not detection.interrupt_response or self._farewell is not None:
            return []
        self._interrupted = self._speaking.audible or self._speaking.reply is not None
        return self._speaking.cut("turn_detected") if self._interrupted else []

    def _turn_ended(self) -> list[Output]:
        self._touch()
        detection = self.config.audio.input.turn_detection
        if detection is None or not detection.create_response or self._speaking.reply is not None:
            return []
        return self._open_reply()

    def _transcribed(self, words: Transcript) -> list[Output]:
        out, understood = self._listening.transcribed(words)
        return out + (self._understood(understood) if understood else [])

    def _understood(self, understood: Understood) -> list[Output]:
        self._tool_rounds = 0
        reply = self._speaking.reply
        if reply is None or self._listening.speaking or reply.asked:
            return []
        if not understood.text and understood.speech_ms < FALSE_START_MS and not self._interrupted:
            return self._speaking.cut("turn_detected")
        return self._ask()

    def _digit(self, digit: str, received_at: int) -> list[Output]:
        out: list[Output] = [DtmfReceived(event_id=self._ids("event"), event=digit, received_at=received_at)]
        self._digits += digit
        self._digit_ms = self._listening.audio_ms
        if self._farewell is None:
            out += self._speaking.cut("turn_detected")
        return out + (self._digits_done() if digit == "#" else [])

    def _digits_done(self) -> list[Output]:
        digits, self._digits = self._digits, ""
        item = MessageItem(id=self._ids("item"), role="user", content=(InputText(f"[digits: {digits}]"),))
        return self._listening.add(item) + self._respond()

    def _respond(self) -> list[Output]:
        if self._speaking.reply is not None or self._listening.speaking or self._farewell is not None:
            return []
        return self._open_reply() + self._ask()

    def _open_reply(self) -> list[Output]:
        return self._speaking.open(audio="audio" in self.config.output_modalities)

    def _ask(self) -> list[Output]:
        self._touch()
        config = self.config
        choice = config.tool_choice
        prompt = Prompt(
            instructions=config.instructions,
            turns=self._conversation.turns(),
            tools=self._toolbox.offered(config.tools),
            tool_choice=choice.name if isinstance(choice, ToolChoiceFunction) else choice,
            max_output_tokens=None if config.max_output_tokens == "inf" else int(config.max_output_tokens),
            temperature=config.temperature if isinstance(config.temperature, float) else None,
        )
        return self._speaking.ask(prompt)

    def _replied(self, news: ReplyDelta | ReplyEnded | ReplyFailed) -> list[Output]:
        self._touch()
        voice = self.config.audio.output
        match news:
            case ReplyDelta(response_id, delta):
                return self._speaking.take(response_id, delta, voice)
            case ReplyEnded(response_id):
                self._failures = 0
                return self._after(self._speaking.reply, self._speaking.model_ended(response_id, voice))
            case ReplyFailed(response_id, reason):
                reply = self._speaking.reply
                return self._apologise(reply, reason) if reply and reply.id == response_id else []

    def _spoke(self, news: SpeechMade | SpeechEnded | SpeechFailed) -> list[Output]:
        self._touch()
        match news:
            case SpeechMade():
                return self._speaking.made(news)
            case SpeechEnded(response_id, piece):
                return self._after(self._speaking.reply, self._speaking.piece_ended(response_id, piece))
            case SpeechFailed(response_id, reason):
                reply = self._speaking.reply
                return self._voice_lost(reason) if reply and reply.id == response_id else []

    def _after(self, reply: Reply | None, out: list[Output]) -> list[Output]:
        """Follow up on a reply that this input has closed."""
        if reply is None or self._speaking.reply is not None:
            return out
        for call in reply.calls:
            out += self._judge(self._toolbox.judge(call, self.config.tools))
        return out

    def _judge(self, verdict: HangUpAsked | TransferAsked | Outside | Refused) -> list[Output]:
        match verdict:
            case HangUpAsked(call_id):
                self._farewell = EndCall("us", "agent_hung_up")
                return self._function_output(call_id, '{"ok": true}')
            case TransferAsked(call_id, target):
                self._farewell = TransferCall(target)
                self._transfer_call_id = call_id
                return []
            case Outside(call_id):
                self._outside[call_id] = self._listening.audio_ms
                return []
            case Refused(call_id, output):
                return self._function_output(call_id, output) + self._next_round()

    def _next_round(self) -> list[Output]:
        self._tool_rounds += 1
        if self._tool_rounds > self._limits.tool_rounds:
            return []
        return self._respond()

    def _function_output(self, call_id: str, output: str) -> list[Output]:
        self._outside.pop(call_id, None)
        return self._listening.add(FunctionOutputItem(id=self._ids("item"), call_id=call_id, output=output))

    def _asked(self, asked: Input) -> list[Output]:
        match asked:
            case Greet() | ResponseAsked():
                return self._respond()
            case ResponseRefused():
                return self._speaking.cut("client_cancelled")
            case FunctionAnswered(call_id, output) if self._conversation.waits_for(call_id):
                return self._function_output(call_id, output)
            case Reconfigured(config):
                self.config = config
                self._listening.configure(config.audio.input)
                return [SessionUpdated(event_id=self._ids("event"), session=self._as_object())]
            case TransferFailed(sip_code):
                self._farewell = None
                failed = json.dumps({"error": f"the transfer failed with SIP code {sip_code}"})
                return self._function_output(self._transfer_call_id, failed) + self._respond()
            case HearingLost(reason):
                return [*self._speaking.cut("turn_detected"), *self._last_words(f"stt_{reason}")]
            case TimeIsUp():
                return [*self._speaking.cut("client_cancelled"), EndCall("us", "max_duration")]
            case _:
                return []

    def _touch(self) -> None:
        self._progress_ms = self._idle_ms = self._listening.audio_ms

    def _overdue(self) -> list[Output]:
        now_ms = self._listening.audio_ms
        if self._farewell is not None and self._speaking.idle:
            farewell, self._farewell = self._farewell, None
            return [farewell]
        if self._digits and now_ms - self._digit_ms >= self._limits.digits_pause_ms:
            return self._digits_done()
        if self._listening.waiting:
            out, understood = self._listening.overdue(self._limits.transcript_ms)
            return out + (self._understood(understood) if understood else [])
        if self._speaking.reply is not None:
            return self._stalled(now_ms)
        if self._speaking.audible or self._listening.speaking:
            self._idle_ms = now_ms
            return []
        return self._tool_overdue(now_ms) if self._outside else self._idle(now_ms)

    def _stalled(self, now_ms: int) -> list[Output]:
        if self._speaking.audible or now_ms - self._progress_ms <= self._limits.progress_ms:
            return []
        self._touch()
        reply = self._speaking.reply
        assert reply is not None
        return self._voice_lost("stalled") if reply.model_done else self._apologise(reply, "stalled")

    def _apologise(self, reply: Reply, reason: Reason) -> list[Output]:
        """The model failed: say so in the open reply; after too many in a row, end the call."""
        self._failures += 1
        if self._failures >= self._limits.failures:
            return self._speaking.cut("turn_detected") + self._last_words(f"llm_{reason}")
        self._speaking.fail(reason, "llm")
        voice = self.config.audio.output
        out = self._speaking.abandon_model()
        out += self._speaking.say(APOLOGY, voice)
        return out + self._after(reply, self._speaking.model_ended(reply.id, voice))

    def _voice_lost(self, reason: Reason) -> list[Output]:
        self._speaking.fail(reason, "tts")
        return [
            *self._speaking.abandon_model(),
            *self._speaking.finish(),
            *self._last_words(f"tts_{reason}"),
        ]

    def _last_words(self, reason: str) -> list[Output]:
        """An apology that needs no provider, then the end of the call."""
        self._farewell = EndCall("provider", reason)
        if not self._apology_pcm:
            return []
        out, response_id = self._speaking.recite(ms_of(self._apology_pcm, WIDE_HZ))
        return [*out, Play(response_id, self._apology_pcm)]

    def _tool_overdue(self, now_ms: int) -> list[Output]:
        for call_id, since_ms in self._outside.items():
            if now_ms - since_ms > self._limits.tool_ms:
                return self._function_output(call_id, '{"error": "nobody answered"}') + self._next_round()
        return []

    def _idle(self, now_ms: int) -> list[Output]:
        limit_ms = _idle_timeout_ms(self.config.audio.input.turn_detection)
        if limit_ms is None or now_ms - self._idle_ms < limit_ms:
            return []
        item_id = self._ids("item")
        silent = TimeoutTriggered(
            event_id=self._ids("event"), audio_start_ms=self._idle_ms, audio_end_ms=now_ms, item_id=item_id
        )
        return [silent, *self._listening.commit(item_id), *self._respond()]

    def _as_object(self) -> SessionObject:
        fields = {name: getattr(self.config, name) for name in self.config.__struct_fields__}
        return SessionObject(id=self._id, **fields)


def _idle_timeout_ms(detection: TurnDetection | None) -> int | None:
    return detection.idle_timeout_ms if isinstance(detection, ServerVad) else None
