"""The agent's turn: when it answers, what the model is asked, and what becomes of the answer.

Rule: a response is opened only when nobody speaks, and the model is asked only when all that was said is known. A
client that plays for itself, and asks, need not wait for the caller to stop.
"""

from dataclasses import dataclass

from pipeline.aside import Asides
from pipeline.calling import Calling
from pipeline.conversation import Conversation
from pipeline.farewell import Farewell
from pipeline.listening import Listening
from pipeline.providers import FunctionCall, Reason
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.wish import ResponseWish
from pipeline.reply import Reply
from pipeline.signals import (
    Ids,
    LastResort,
    Limits,
    Output,
    Permissions,
    ReplyDelta,
    ReplyEnded,
    ReplyFailed,
    Setting,
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
    SpeechReached,
)
from pipeline.speaking import Cancelled, Speaking
from pipeline.terms import NOTHING_SPECIAL, Terms
from pipeline.tools import Toolbox, offered
from pipeline.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a session is given besides its config; `last_resort` is for when no provider can go on."""

    permissions: Permissions
    limits: Limits
    setting: Setting
    last_resort: LastResort


class Answering:
    """Whatever makes it the agent's turn only notes that a response is owed; `proceed` sees to it when it can."""

    def __init__(
        self,
        config: SessionConfig,
        ids: Ids,
        conversation: Conversation,
        listening: Listening,
        surroundings: Surroundings,
    ) -> None:
        limits, client_plays = surroundings.limits, surroundings.setting.client_plays
        self.config = config
        self._client_plays = client_plays
        self._conversation = conversation
        self._listening = listening
        self.speaking = Speaking(ids, conversation, client_plays=client_plays)
        self.farewell = Farewell(limits.farewell_ms)
        self.calling = Calling(
            ids, conversation, Toolbox(surroundings.permissions), self.farewell, limits, listening.keypad.expect
        )
        self.asides = Asides(ids, conversation, limits.progress_ms)
        self.trouble = Trouble(
            self.speaking, self.farewell, limits, surroundings.last_resort, client_plays=client_plays
        )
        self._owed: ResponseWish | None = None
        self._unheard = False
        self.declined = False

    @property
    def unprompted(self) -> bool:
        """Does the agent answer of its own accord?"""
        detection = self.config.audio.input.turn_detection
        return detection is not None and detection.create_response and not self.listens_only

    @property
    def listens_only(self) -> bool:
        """True for a session without responses."""
        return self.config.type == "transcription"

    @property
    def promised(self) -> bool:
        """True when a client's own response is waiting for its turn, however little it wishes of it."""
        return self._owed is not None and self._owed is not NOTHING_SPECIAL

    def addressed(self, *, unheard: bool = False) -> None:
        """The caller said something, which nobody may know, pressed something, or nothing for too long."""
        self._unheard = unheard
        if self.unprompted:
            self.owe()

    def owe(self, wish: ResponseWish = NOTHING_SPECIAL) -> None:
        """It is the agent's turn as soon as nobody speaks."""
        if not self.listens_only and not self.promised:
            self._owed = wish

    def proceed(self) -> list[Output]:
        """Take the agent's turn as far as it goes now."""
        reply = self.speaking.reply
        if reply is None:
            if self._owed is None or self.farewell.silences or self._held_up(self._owed):
                return []
            return self.open() + self.proceed()
        if reply.asked or self._listening.waiting or self._held_up(reply.terms.wish):
            return []
        if self._owed is None or self.farewell.silences:
            return self.speaking.withdraw()
        return self._ask(reply)

    def open(self) -> list[Output]:
        """Announce the response that is owed, or will be; the model is asked later."""
        return self.speaking.open(Terms(self.config, self._owed or NOTHING_SPECIAL))

    def _held_up(self, wish: ResponseWish) -> bool:
        """True while the caller has the floor, and that matters."""
        return self._listening.busy and (wish is NOTHING_SPECIAL or not self._client_plays)

    def replied(self, news: ReplyDelta | ReplyEnded | ReplyFailed) -> list[Output]:
        """The model's stream went on; what comes for another response is dropped."""
        now_ms = self._listening.now_ms
        if news.response_id in self.asides:
            return self.asides.replied(news, now_ms)
        if not self.speaking.listens_to(news.response_id):
            return []
        self.trouble.progress(now_ms)
        match news:
            case ReplyDelta(delta=delta):
                reply = self.speaking.reply
                if isinstance(delta, FunctionCall) and reply is not None and not reply.terms.wish.beside:
                    self.calling.take(delta, reply.terms.tools, now_ms)
                return self.speaking.take(delta)
            case ReplyEnded():
                return self.speaking.model_ended() + self._closed_if_made()
            case ReplyFailed(reason=reason):
                return self.trouble.model_failed(reason, self.config) + self._closed_if_made()

    def spoke(self, news: SpeechMade | SpeechReached | SpeechEnded | SpeechFailed) -> list[Output]:
        """The voice went on; what comes for another response is dropped."""
        now_ms, reply = self._listening.now_ms, self.speaking.reply
        if news.response_id in self.asides:
            return self.asides.spoke(news, now_ms)
        if reply is None or reply.id != news.response_id:
            return []
        self.trouble.progress(now_ms)
        match news:
            case SpeechMade(piece=piece, speech=speech):
                return self.speaking.made(piece, speech)
            case SpeechReached(piece=piece, reached=reached):
                return reply.reached(piece, reached)
            case SpeechEnded(piece=piece):
                reply.piece_ended(piece)
                return self._closed_if_made()
            case SpeechFailed(reason=reason):
                return self.trouble.voice_failed(reason, self.config) + self._closed_if_made()

    def stalled(self) -> list[Output]:
        """One frame later: an open reply that makes no progress has failed."""
        now_ms = self._listening.now_ms
        out = self.trouble.stalled(now_ms, self.config)
        return out + self._closed_if_made() if out else []

    def unheard(self, reason: Reason) -> list[Output]:
        """The response that waits for these words fails for want of them."""
        reply = self.speaking.reply
        if reply is None or reply.asked:
            return []
        self._owed = None
        return self.deaf(reason)

    def hearing_lost(self, reason: Reason) -> list[Output]:
        """Where somebody can be told, a session without ears goes on in writing."""
        return [] if self._client_plays or self.farewell.silences else self.deaf(reason)

    def deaf(self, reason: Reason) -> list[Output]:
        """The agent cannot hear any more."""
        return self.trouble.hearing_failed(reason, self.config) + self._closed_if_made()

    def understood(self) -> None:
        """The recogniser answered, and the caller's turn begins a new count of tool rounds."""
        self.trouble.understood()
        self.calling.caller_spoke()

    def misunderstood(self) -> list[Output]:
        """One utterance was not transcribed in time."""
        if self.farewell.firm:
            return []
        out = self.trouble.utterance_lost(self.config)
        return out + self._closed_if_made() if out else []

    def cut(self, reason: Cancelled) -> list[Output]:
        """Silence the agent now. What a client asked for and nobody has begun is cut with it."""
        reply = self.speaking.reply
        if reply is not None and not reply.asked and self.promised:
            self._owed = None
        return self.speaking.cut(reason) + self._settled(kept=False)

    def refused(self) -> list[Output]:
        """A client wants no response, nor one to what is being understood."""
        self._owed = None
        self.declined = self._listening.waiting
        return self.cut("client_cancelled")

    def _ask(self, reply: Reply) -> list[Output]:
        unheard, self._owed, self._unheard = self._unheard, None, False
        self.trouble.progress(self._listening.now_ms)
        if unheard and reply.terms.wish is NOTHING_SPECIAL:
            return self.trouble.unheard(self.config) + self._closed_if_made()
        if self.calling.in_circles:
            self.calling.caller_spoke()
            return self.trouble.model_failed("malformed", self.config) + self._closed_if_made()
        terms = Terms(self.config, reply.terms.wish)
        own = offered(terms.tools) if terms.wish.beside else self.calling.offered(terms.tools)
        return self.speaking.ask(terms.prompt(self._conversation, own))

    def _closed_if_made(self) -> list[Output]:
        """Close the open reply when all of it is there, and do what it asked for; silence is not an answer."""
        reply = self.speaking.reply
        if reply is None:
            return self._settled(kept=False)
        if not reply.made:
            return []
        if reply.empty and not (reply.greets or self._client_plays):
            return self.trouble.model_failed("malformed", self.config) + self._closed_if_made()
        if reply.mute:
            return self.trouble.nothing_to_hear(self.config) + self._closed_if_made()
        if not reply.failed:
            self.trouble.replied()
        return self.speaking.finish() + self._settled(kept=not reply.failed, spoken=bool(reply.pieces))

    def _settled(self, *, kept: bool, spoken: bool = False) -> list[Output]:
        out, goes_on = self.calling.settle(self._listening.now_ms, kept=kept, spoken=spoken)
        if goes_on:
            self.owe()
        return out
