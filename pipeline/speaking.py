"""The agent's side of a session: the open reply and its way to the caller's ear. Rule: nothing cut is heard."""

from typing import Literal

from pipeline.audio import SAMPLE_BYTES, WIDE_HZ
from pipeline.conversation import Conversation, heard_text
from pipeline.floor import Floor, Yielded
from pipeline.providers import CutShort, Delta, FunctionCall, Prompt, TextDelta, Usage
from pipeline.realtime.config import AudioOutput
from pipeline.realtime.events import ItemTruncated, PlayoutCleared, PlayoutStarted, PlayoutStopped
from pipeline.realtime.items import FailureDetail, MessageItem, OutputAudio, StatusDetails
from pipeline.reply import Reply
from pipeline.signals import CancelReply, FlushPlayout, Ids, Output, Play, Speak, StartReply

Cancelled = Literal["turn_detected", "client_cancelled"]

_PCM_PER_MS = SAMPLE_BYTES * WIDE_HZ / 1_000


class Speaking:
    """At most one reply is open; replies that are made may still be playing."""

    def __init__(self, ids: Ids, conversation: Conversation) -> None:
        self._ids = ids
        self._conversation = conversation
        self.conversation_id = ids("conv")
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

    def listens_to(self, response_id: str) -> bool:
        """True when the model may go on with this reply."""
        return self.reply is not None and self.reply.id == response_id and not self.reply.model_done

    def open(self, *, audio: bool) -> list[Output]:
        """A new reply takes the floor."""
        reply = Reply(self._ids, self._conversation, audio=audio, conversation_id=self.conversation_id)
        self.reply = self._playing[reply.id] = reply
        self._floor.take(reply.id)
        return reply.begin()

    def ask(self, prompt: Prompt) -> list[Output]:
        """Send the open reply's prompt to the model."""
        assert self.reply is not None
        self.reply.asked = True
        self.reply.greets = not prompt.turns
        return [StartReply(self.reply.id, prompt)]

    def take(self, delta: Delta, voice: AudioOutput) -> list[Output]:
        """The model went on with the open reply."""
        reply = self.reply
        assert reply is not None
        match delta:
            case TextDelta(text):
                return self._say(text, voice) if text else []
            case FunctionCall():
                return reply.call(delta)
            case Usage():
                reply.count(delta)
            case CutShort(reason):
                reply.details = StatusDetails(type="incomplete", reason=reason)
        return []

    def model_ended(self, voice: AudioOutput) -> list[Output]:
        """The model has said everything for the open reply."""
        assert self.reply is not None
        first = len(self.reply.pieces)
        return self._speak(first, self.reply.end_of_text(), voice)

    def excuse(self, code: str, apology: str, voice: AudioOutput) -> list[Output]:
        """A provider failed: whatever is under way stops, and the open reply ends with an apology."""
        assert self.reply is not None
        self.reply.asked = True
        return [*self.abandon(code), *self._say(apology, voice), *self.model_ended(voice)]

    def abandon(self, code: str) -> list[Output]:
        """Stop model and voice of the open reply, which stays open and has failed."""
        assert self.reply is not None
        error = FailureDetail(type="server_error", code=code)
        self.reply.details = StatusDetails(type="failed", error=error)
        self.reply.settle()
        return [CancelReply(self.reply.id)]

    def recite(self, pcm: bytes) -> list[Output]:
        """Ready-made audio takes the floor, as a response without words."""
        out = self.open(audio=True)
        assert self.reply is not None
        self._floor.queue(len(pcm) / _PCM_PER_MS)
        return [*out, Play(self.reply.id, pcm), *self.finish()]

    def made(self, piece: int, pcm: bytes) -> list[Output]:
        """Audio for a piece of the open reply; what comes late or for no piece is dropped."""
        reply = self.reply
        assert reply is not None
        if not pcm or not 0 <= piece < len(reply.pieces) or reply.pieces[piece].done:
            return []
        audio_ms = len(pcm) / _PCM_PER_MS
        reply.pieces[piece].audio_ms += audio_ms
        self._floor.queue(audio_ms)
        return [Play(reply.id, pcm)]

    def piece_ended(self, piece: int) -> None:
        """One piece of the open reply has all its audio."""
        assert self.reply is not None
        if 0 <= piece < len(self.reply.pieces):
            self.reply.pieces[piece].done = True

    def finish(self) -> list[Output]:
        """Close the open reply as it is; what is queued is heard out."""
        reply = self.reply
        assert reply is not None
        self.reply = None
        self._floor.complete(reply.id)
        return reply.close(reply.details)

    def withdraw(self) -> list[Output]:
        """The open reply says nothing after all; what plays goes on."""
        reply = self.reply
        assert reply is not None
        reply.details = StatusDetails(type="cancelled", reason="turn_detected")
        return self.finish()

    def cut(self, reason: Cancelled) -> list[Output]:
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
        return out

    def playout(self, played_ms: int) -> list[Output]:
        """Take the leg's position: say what began and what has been heard out."""
        heard_out = self._floor.playout(played_ms)
        if self._floor.free and not heard_out:
            return []
        out: list[Output] = []
        for passage in heard_out:
            self._playing.pop(passage.response_id, None)
            if passage.heard_ms:
                out += self._started(passage.response_id)
                out.append(PlayoutStopped(event_id=self._ids("event"), response_id=passage.response_id))
        holder = self._floor.holder
        return [*out, *self._started(holder)] if holder and self._floor.started else out

    def _started(self, response_id: str) -> list[Output]:
        if response_id == self._announced:
            return []
        self._announced = response_id
        return [PlayoutStarted(event_id=self._ids("event"), response_id=response_id)]

    def _say(self, text: str, voice: AudioOutput) -> list[Output]:
        assert self.reply is not None
        first = len(self.reply.pieces)
        out, texts = self.reply.grow(text)
        return out + self._speak(first, texts, voice)

    def _speak(self, first: int, texts: list[str], voice: AudioOutput) -> list[Output]:
        assert self.reply is not None
        return [
            Speak(self.reply.id, first + offset, text, voice.voice, voice.speed) for offset, text in enumerate(texts)
        ]

    def _truncated(self, passage: Yielded) -> list[Output]:
        out: list[Output] = []
        if passage.response_id == self._announced:
            out.append(PlayoutCleared(event_id=self._ids("event"), response_id=passage.response_id))
        reply = self._playing.pop(passage.response_id)
        if reply.item_id is None or not reply.audio:
            return out
        words = heard_text(reply.pieces, passage.heard_ms)
        item = MessageItem(id=reply.item_id, role="assistant", content=(OutputAudio(words),), status="incomplete")
        self._conversation.put(item)
        return [*out, ItemTruncated(event_id=self._ids("event"), item_id=item.id, audio_end_ms=passage.heard_ms)]
