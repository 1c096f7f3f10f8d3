"""The agent's turn: when it answers, what the model is asked, and what becomes of the answer.

Rule: a response is opened only when nobody speaks, and the model is asked only when all that was said is known.
"""

from pipeline.calling import Calling
from pipeline.conversation import Conversation
from pipeline.farewell import Farewell
from pipeline.listening import Listening
from pipeline.providers import FunctionCall, Prompt, Reason, Tool, Turn
from pipeline.realtime.config import SessionConfig, ToolChoiceFunction
from pipeline.signals import (
    Ids,
    Limits,
    Output,
    Permissions,
    ReplyDelta,
    ReplyEnded,
    ReplyFailed,
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
)
from pipeline.speaking import Cancelled, Speaking
from pipeline.tools import Toolbox
from pipeline.trouble import Trouble


class Answering:
    """Whatever makes it the agent's turn only notes that a response is owed; `proceed` sees to it when it can."""

    def __init__(
        self,
        config: SessionConfig,
        ids: Ids,
        conversation: Conversation,
        listening: Listening,
        permissions: Permissions,
        limits: Limits,
        last_words: bytes,
    ) -> None:
        self.config = config
        self._conversation = conversation
        self._listening = listening
        self.speaking = Speaking(ids, conversation)
        self.farewell = Farewell(limits.farewell_ms)
        self.calling = Calling(ids, conversation, Toolbox(permissions), self.farewell, limits)
        self._trouble = Trouble(self.speaking, self.farewell, limits, last_words)
        self._owed = False

    @property
    def unprompted(self) -> bool:
        """Does the agent answer of its own accord?"""
        detection = self.config.audio.input.turn_detection
        return detection is not None and detection.create_response

    def addressed(self) -> None:
        """The caller said something, pressed something, or nothing for too long."""
        self._owed = self._owed or self.unprompted

    def owe(self) -> None:
        """It is the agent's turn as soon as nobody speaks."""
        self._owed = True

    def proceed(self) -> list[Output]:
        """Take the agent's turn as far as it goes now."""
        reply = self.speaking.reply
        if reply is None:
            if not self._owed or self.farewell.silences or self._listening.busy:
                return []
            return self.open() + self.proceed()
        if reply.asked or self._listening.waiting or self._listening.busy:
            return []
        if not self._owed or self.farewell.silences:
            return self.speaking.withdraw()
        return self._ask()

    def open(self) -> list[Output]:
        """Announce a response; the model is asked later."""
        return self.speaking.open(audio="audio" in self.config.output_modalities)

    def replied(self, news: ReplyDelta | ReplyEnded | ReplyFailed) -> list[Output]:
        """The model's stream went on; what comes for another response is dropped."""
        if not self.speaking.listens_to(news.response_id):
            return []
        now_ms = self._listening.audio_ms
        self._trouble.progress(now_ms)
        voice = self.config.audio.output
        match news:
            case ReplyDelta(delta=delta):
                if isinstance(delta, FunctionCall):
                    self.calling.take(delta, self.config.tools, now_ms)
                return self.speaking.take(delta, voice)
            case ReplyEnded():
                return self.speaking.model_ended(voice) + self._closed_if_made()
            case ReplyFailed(reason=reason):
                return self._trouble.model_failed(reason, self.config) + self._closed_if_made()

    def spoke(self, news: SpeechMade | SpeechEnded | SpeechFailed) -> list[Output]:
        """The voice went on; what comes for another response is dropped."""
        reply = self.speaking.reply
        if reply is None or reply.id != news.response_id:
            return []
        self._trouble.progress(self._listening.audio_ms)
        match news:
            case SpeechMade(piece=piece, pcm=pcm):
                return self.speaking.made(piece, pcm)
            case SpeechEnded(piece=piece):
                self.speaking.piece_ended(piece)
                return self._closed_if_made()
            case SpeechFailed(reason=reason):
                return self._trouble.voice_failed(reason, self.config) + self._closed_if_made()

    def stalled(self) -> list[Output]:
        """One frame later: an open reply that makes no progress has failed."""
        out = self._trouble.stalled(self._listening.audio_ms, self.config)
        return out + self._closed_if_made() if out else []

    def deaf(self, reason: Reason) -> list[Output]:
        """The agent cannot hear any more."""
        return self._trouble.hearing_failed(reason, self.config) + self._closed_if_made()

    def understood(self) -> None:
        """The recogniser answered, and the caller's turn begins a new count of tool rounds."""
        self._trouble.understood()
        self.calling.caller_spoke()

    def misunderstood(self) -> list[Output]:
        """One utterance was not transcribed in time."""
        if self.farewell.firm:
            return []
        out = self._trouble.utterance_lost(self.config)
        return out + self._closed_if_made() if out else []

    def cut(self, reason: Cancelled) -> list[Output]:
        """Silence the agent now."""
        return self.speaking.cut(reason) + self._settled(kept=False)

    def refused(self) -> list[Output]:
        """A client wants no response."""
        self._owed = False
        return self.cut("client_cancelled")

    def _ask(self) -> list[Output]:
        self._owed = False
        self._trouble.progress(self._listening.audio_ms)
        if self.calling.in_circles:
            self.calling.caller_spoke()
            return self._trouble.model_failed("malformed", self.config) + self._closed_if_made()
        return self.speaking.ask(
            _prompt(self.config, self._conversation.turns(), self.calling.offered(self.config.tools))
        )

    def _closed_if_made(self) -> list[Output]:
        """Close the open reply when all of it is there, and do what it asked for; silence is not an answer."""
        reply = self.speaking.reply
        if reply is None:
            return self._settled(kept=False)
        if not reply.made:
            return []
        if reply.empty and not reply.greets:
            return self._trouble.model_failed("malformed", self.config) + self._closed_if_made()
        if reply.mute:
            return self._trouble.nothing_to_hear(self.config) + self._closed_if_made()
        if not reply.failed:
            self._trouble.replied()
        return self.speaking.finish() + self._settled(kept=not reply.failed)

    def _settled(self, *, kept: bool) -> list[Output]:
        out, goes_on = self.calling.settle(self._listening.audio_ms, kept=kept)
        self._owed = self._owed or goes_on
        return out


def _prompt(config: SessionConfig, turns: tuple[Turn, ...], tools: tuple[Tool, ...]) -> Prompt:
    choice = config.tool_choice
    return Prompt(
        instructions=config.instructions,
        turns=turns,
        tools=tools,
        tool_choice=choice.name if isinstance(choice, ToolChoiceFunction) else choice,
        max_output_tokens=None if config.max_output_tokens == "inf" else int(config.max_output_tokens),
        temperature=config.temperature if isinstance(config.temperature, float) else None,
    )
