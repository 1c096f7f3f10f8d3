"""The agent's side of a session: the open reply and its way to the caller's ear. Rule: nothing cut is heard."""

from typing import Literal

from pipeline.audio import Speech, speech_ms
from pipeline.conversation import Conversation, heard_text
from pipeline.floor import Floor, Yielded
from pipeline.interruption import Passage
from pipeline.providers import Delta, Prompt
from pipeline.realtime.events import ItemTruncated, PlayoutCleared, PlayoutStarted, PlayoutStopped
from pipeline.realtime.items import StatusDetails
from pipeline.reply import Reply
from pipeline.signals import (
    CancelReply,
    FillSilence,
    FlushPlayout,
    Ids,
    Output,
    PausePlayout,
    ResumePlayout,
    StartReply,
)
from pipeline.terms import Terms

Cancelled = Literal["turn_detected", "client_cancelled"]


class Speaking:
    """At most one reply is open; replies that are made may still be playing.

    Where the client plays, it knows best what was heard: playout is not told of, and words are cut by estimate alone.
    """

    def __init__(self, ids: Ids, conversation: Conversation, *, client_plays: bool) -> None:
        self._ids = ids
        self._conversation = conversation
        self._client_plays = client_plays
        self.conversation_id = ids("conv")
        self._floor = Floor()
        self._playing: dict[str, Reply] = {}
        self._announced = ""
        self._paused = False
        self.reply: Reply | None = None
        self.has_spoken = False

    @property
    def idle(self) -> bool:
        """True when no reply is open and nothing plays."""
        return self.reply is None and self._floor.free

    @property
    def audible(self) -> bool:
        """True while the caller hears, or is about to hear, queued words; an agent that waits is about to go on."""
        return self._paused or self._floor.audible

    @property
    def newest(self) -> str:
        """The response that was heard last, also while it still is."""
        return self._announced

    @property
    def protected(self) -> bool:
        """True while something has the floor, or is to have it, that the caller is to hear out."""
        return any(reply.protected for reply in self._playing.values())

    def passage(self) -> Passage | None:
        """What the caller hears; None while nothing of it, or only what fills a silence, has been heard."""
        reply, heard_ms = self._playing.get(self._floor.holder or ""), self._floor.heard_ms
        if reply is None or not (self.audible or (heard_ms and not self._floor.filling)):
            return None
        heard = heard_text(reply.pieces, heard_ms)
        ahead = "".join(piece.text for piece in reply.pieces).strip()[len(heard) :]
        return Passage(reply.id, heard_ms, heard, ahead, self._floor.left_ms if self.reply is None else None)

    def pause(self) -> list[Output]:
        """Hold what is queued; nothing when it is held."""
        if self._paused:
            return []
        self._paused = True
        return [PausePlayout()]

    def resume(self) -> list[Output]:
        """Let it go on; nothing when it is not held."""
        if not self._paused:
            return []
        self._paused = False
        return [ResumePlayout()]

    @property
    def filling(self) -> bool:
        """True while the caller hears what only fills a silence."""
        return self._floor.filling

    def listens_to(self, response_id: str) -> bool:
        """True when the model may go on with this reply."""
        return self.reply is not None and self.reply.id == response_id and not self.reply.model_done

    def open(self, terms: Terms) -> list[Output]:
        """A new reply takes the floor."""
        within = None if terms.wish.beside else self._conversation
        reply = Reply(self._ids, terms, within, self.conversation_id)
        self.reply = self._playing[reply.id] = reply
        self._floor.take(reply.id)
        return reply.begin()

    def ask(self, prompt: Prompt) -> list[Output]:
        """Send the open reply's prompt to the model."""
        assert self.reply is not None
        self.reply.asked = True
        self.reply.greets = not prompt.turns
        return [StartReply(self.reply.id, prompt)]

    def take(self, delta: Delta) -> list[Output]:
        """The model went on with the open reply."""
        assert self.reply is not None
        return self.reply.take(delta)

    def model_ended(self) -> list[Output]:
        """The model has said everything for the open reply."""
        assert self.reply is not None
        return self.reply.model_ended()

    def excuse(self, code: str, apology: str) -> list[Output]:
        """A provider failed: whatever is under way stops, and the open reply ends with an apology."""
        assert self.reply is not None
        self.reply.asked = True
        return [*self.abandon(code), *self.reply.say(apology), *self.reply.model_ended()]

    def abandon(self, code: str) -> list[Output]:
        """Stop model and voice of the open reply, which stays open and has failed."""
        assert self.reply is not None
        self.reply.fail(code)
        return [CancelReply(self.reply.id)]

    def recite(self, text: str, pcm: bytes, terms: Terms) -> list[Output]:
        """Words that are audio already take the floor."""
        out = self.open(terms)
        assert self.reply is not None
        out += self.unfill()
        self._floor.queue(speech_ms(pcm))
        return [*out, *self.reply.recite(text, pcm), *self.finish()]

    def made(self, piece: int, speech: Speech) -> list[Output]:
        """Audio for a piece of the open reply; what comes late or for no piece is dropped."""
        assert self.reply is not None
        play = self.reply.played(piece, speech)
        if play is None:
            return []
        out = self.unfill()
        self._floor.queue(speech_ms(speech))
        return [*out, play]

    def fill(self, pcm: bytes) -> list[Output]:
        """Let the caller hear that words are still to come; for when neither words nor such audio are audible."""
        self._floor.fill(speech_ms(pcm))
        return [FillSilence(pcm)]

    def unfill(self) -> list[Output]:
        """The silence is over, or nobody need fill it."""
        return [FlushPlayout()] if self._floor.unfill() else []

    def finish(self) -> list[Output]:
        """Close the open reply as it is; what is queued is heard out."""
        reply = self.reply
        assert reply is not None
        self.reply = None
        self.has_spoken = True
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
        filling, yielded = self._floor.unfill(), self._floor.give_up()
        if filling or yielded:
            out.append(FlushPlayout())
            self._paused = False
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
            if passage.heard_ms and not self._client_plays:
                out += self._started(passage.response_id)
                out.append(PlayoutStopped(event_id=self._ids("event"), response_id=passage.response_id))
        holder = self._floor.holder
        return [*out, *self._started(holder)] if holder and self._floor.started else out

    def _started(self, response_id: str) -> list[Output]:
        if self._client_plays or response_id == self._announced:
            return []
        self._announced = response_id
        return [PlayoutStarted(event_id=self._ids("event"), response_id=response_id)]

    def _truncated(self, passage: Yielded) -> list[Output]:
        out: list[Output] = []
        if passage.response_id == self._announced:
            out.append(PlayoutCleared(event_id=self._ids("event"), response_id=passage.response_id))
        item_id = self._playing.pop(passage.response_id).item_id
        heard_ms = item_id and self._conversation.cut(item_id, passage.heard_ms, estimated=self._client_plays)
        if item_id is None or heard_ms is None or self._client_plays:
            return out
        return [*out, ItemTruncated(event_id=self._ids("event"), item_id=item_id, audio_end_ms=int(heard_ms))]
