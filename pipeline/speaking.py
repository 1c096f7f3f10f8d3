"""The agent's side of a session: the open reply and its way to the caller's ear. Rule: nothing cut is heard."""

from collections.abc import Callable
from typing import Literal

from pipeline.audio import SAMPLE_BYTES, WIDE_HZ
from pipeline.conversation import Conversation, heard_text
from pipeline.floor import Floor, Yielded
from pipeline.providers import CutShort, Delta, FunctionCall, Prompt, Reason, TextDelta, Usage
from pipeline.realtime.config import AudioOutput
from pipeline.realtime.events import ItemTruncated, PlayoutCleared, PlayoutStarted, PlayoutStopped
from pipeline.realtime.items import FailureDetail, MessageItem, OutputAudio, StatusDetails
from pipeline.reply import Reply
from pipeline.signals import CancelReply, FlushPlayout, Output, Play, Speak, SpeechMade, StartReply

Ids = Callable[[str], str]

_PCM_PER_MS = SAMPLE_BYTES * WIDE_HZ / 1_000


class Speaking:
    """At most one reply is open; replies that are made may still be playing."""

    def __init__(self, ids: Ids, conversation: Conversation) -> None:
        self._ids = ids
        self._conversation = conversation
        self._conversation_id = ids("conv")
        self._floor = Floor()
        self._playing: dict[str, Reply] = {}
        self._announced = ""
        self.reply: Reply | None = None

    @property
    def idle(self) -> bool:
        """True when no reply is open and nothing plays."""
        return self.reply is None and self._floor.free

    @property
    def audible(self) -> bool:
        """True while the caller hears, or is about to hear, queued audio."""
        return self._floor.audible

    def open(self, *, audio: bool) -> list[Output]:
        """A new reply takes the floor."""
        reply = Reply(self._ids, self._conversation, audio=audio, conversation_id=self._conversation_id)
        self.reply = self._playing[reply.id] = reply
        self._floor.take(reply.id)
        return reply.begin()

    def ask(self, prompt: Prompt) -> list[Output]:
        """Send the open reply's prompt to the model."""
        assert self.reply is not None
        self.reply.asked = True
        return [StartReply(self.reply.id, prompt)]

    def take(self, response_id: str, delta: Delta, voice: AudioOutput) -> list[Output]:
        """The model's stream went on; what comes for another reply is dropped."""
        reply = self.reply
        if reply is None or reply.id != response_id:
            return []
        match delta:
            case TextDelta(text):
                return self.say(text, voice)
            case FunctionCall():
                return reply.call(delta)
            case Usage():
                reply.count(delta)
            case CutShort(reason):
                reply.failure = StatusDetails(type="incomplete", reason=reason)
        return []

    def say(self, text: str, voice: AudioOutput) -> list[Output]:
        """Words for the open reply."""
        assert self.reply is not None
        first = len(self.reply.pieces)
        out, texts = self.reply.grow(text)
        return out + self._speak(first, texts, voice)

    def model_ended(self, response_id: str, voice: AudioOutput) -> list[Output]:
        """The model has said everything."""
        reply = self.reply
        if reply is None or reply.id != response_id or reply.model_done:
            return []
        first = len(reply.pieces)
        return self._speak(first, reply.end_of_text(), voice) + self._close_if_made()

    def fail(self, reason: Reason, layer: Literal["llm", "tts"]) -> None:
        """Remember why the open reply will not complete."""
        assert self.reply is not None
        error = FailureDetail(type="server_error", code=f"{layer}_{reason}")
        self.reply.failure = StatusDetails(type="failed", error=error)

    def abandon_model(self) -> list[Output]:
        """Stop model and voice of the open reply, which stays open."""
        assert self.reply is not None
        self.reply.settle()
        return [CancelReply(self.reply.id)]

    def recite(self, audio_ms: float) -> tuple[list[Output], str]:
        """Ready-made audio takes the floor as a response of its own without words."""
        out = self.open(audio=True)
        assert self.reply is not None
        response_id = self.reply.id
        self._floor.queue(audio_ms)
        return out + self.finish(), response_id

    def made(self, speech: SpeechMade) -> list[Output]:
        """Audio for the open reply; late audio is dropped."""
        reply = self.reply
        if reply is None or not self._floor.admits(speech.response_id):
            return []
        audio_ms = len(speech.pcm) / _PCM_PER_MS
        reply.pieces[speech.piece].audio_ms += audio_ms
        self._floor.queue(audio_ms)
        return [Play(speech.response_id, speech.pcm)]

    def piece_ended(self, response_id: str, piece: int) -> list[Output]:
        """One piece has all its audio."""
        if self.reply is None or self.reply.id != response_id:
            return []
        self.reply.pieces[piece].done = True
        return self._close_if_made()

    def finish(self) -> list[Output]:
        """Close the open reply as it is; what is queued is heard out."""
        reply = self.reply
        if reply is None:
            return []
        self.reply = None
        self._floor.complete(reply.id)
        return reply.close(reply.failure)

    def cut(self, reason: Literal["turn_detected", "client_cancelled"]) -> list[Output]:
        """Silence everyone now: cancel the open reply, flush playout, keep only the words that were heard."""
        out: list[Output] = []
        yielded = self._floor.give_up()
        if yielded:
            out.append(FlushPlayout())
        if self.reply is not None:
            out.append(CancelReply(self.reply.id))
            out += self.reply.close(StatusDetails(type="cancelled", reason=reason))
            self.reply = None
        for passage in yielded:
            out += self._truncated(passage)
        self._playing.clear()
        return out

    def playout(self, played_ms: int) -> list[Output]:
        """Take the leg's position: say what began and what has been heard out."""
        if self._floor.free:
            self._floor.playout(played_ms)
            return []
        out: list[Output] = [
            PlayoutStopped(event_id=self._ids("event"), response_id=response_id)
            for response_id in self._floor.playout(played_ms)
            if self._playing.pop(response_id).audio and response_id == self._announced
        ]
        holder = self._floor.holder
        if holder and holder != self._announced and self._floor.started:
            self._announced = holder
            out.append(PlayoutStarted(event_id=self._ids("event"), response_id=holder))
        return out

    def _speak(self, first: int, texts: list[str], voice: AudioOutput) -> list[Output]:
        assert self.reply is not None
        return [
            Speak(self.reply.id, first + offset, text, voice.voice, voice.speed) for offset, text in enumerate(texts)
        ]

    def _close_if_made(self) -> list[Output]:
        return self.finish() if self.reply is not None and self.reply.made else []

    def _truncated(self, passage: Yielded) -> list[Output]:
        reply = self._playing[passage.response_id]
        if reply.item_id is None or not reply.audio:
            return []
        words = heard_text(reply.pieces, passage.heard_ms)
        item = MessageItem(id=reply.item_id, role="assistant", content=(OutputAudio(words),), status="incomplete")
        self._conversation.put(item)
        truncated = ItemTruncated(event_id=self._ids("event"), item_id=item.id, audio_end_ms=passage.heard_ms)
        if passage.response_id != self._announced:
            return [truncated]
        cleared = PlayoutCleared(event_id=self._ids("event"), response_id=passage.response_id)
        return [cleared, truncated]
