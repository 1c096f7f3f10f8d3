"""Responses beside the conversation (`conversation: "none"`): any number at once. Rule: they change nothing of it.

Nobody waits for the floor for them: what they say is for the client that asked.
"""

from pipeline.conversation import Conversation
from pipeline.realtime.items import StatusDetails
from pipeline.reply import Reply
from pipeline.signals import (
    CancelReply,
    Ids,
    Output,
    ReplyDelta,
    ReplyEnded,
    ReplyFailed,
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
    SpeechReached,
    StartReply,
)
from pipeline.terms import Terms
from pipeline.tools import offered

MOST = 8


class Asides:
    """The open ones; `progress_ms` is how long one may make no progress."""

    def __init__(self, ids: Ids, conversation: Conversation, progress_ms: int) -> None:
        self._ids = ids
        self._conversation = conversation
        self._progress_ms = progress_ms
        self._open: dict[str, Reply] = {}
        self._since_ms: dict[str, int] = {}

    @property
    def full(self) -> bool:
        """True when there are enough of them."""
        return len(self._open) >= MOST

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, response_id: str) -> bool:
        return response_id in self._open

    def open(self, terms: Terms, now_ms: int) -> list[Output]:
        """Announce one and ask the model at once."""
        reply = Reply(self._ids, terms, None, "")
        self._open[reply.id] = reply
        self._since_ms[reply.id] = now_ms
        return [*reply.begin(), StartReply(reply.id, terms.prompt(self._conversation, offered(terms.tools)))]

    def replied(self, news: ReplyDelta | ReplyEnded | ReplyFailed, now_ms: int) -> list[Output]:
        """The model's stream went on."""
        reply = self._open[news.response_id]
        if reply.model_done:
            return []
        self._since_ms[reply.id] = now_ms
        match news:
            case ReplyDelta(delta=delta):
                return reply.take(delta)
            case ReplyEnded():
                return reply.model_ended() + self._closed_if_made(reply)
            case ReplyFailed(reason=reason):
                return self._failed(reply, f"llm_{reason}")

    def spoke(self, news: SpeechMade | SpeechReached | SpeechEnded | SpeechFailed, now_ms: int) -> list[Output]:
        """The voice went on."""
        reply = self._open[news.response_id]
        self._since_ms[reply.id] = now_ms
        match news:
            case SpeechMade(piece=piece, speech=speech):
                play = reply.played(piece, speech)
                return [play] if play else []
            case SpeechReached(piece=piece, reached=reached):
                return reply.reached(piece, reached)
            case SpeechEnded(piece=piece):
                reply.piece_ended(piece)
                return self._closed_if_made(reply)
            case SpeechFailed(reason=reason):
                return self._failed(reply, f"tts_{reason}")

    def stalled(self, now_ms: int) -> list[Output]:
        """Those that have made no progress for too long have failed."""
        late = [reply for reply in self._open.values() if now_ms - self._since_ms[reply.id] > self._progress_ms]
        return [
            output
            for reply in late
            for output in self._failed(reply, "tts_stalled" if reply.model_done else "llm_stalled")
        ]

    def cancel(self, response_id: str) -> list[Output]:
        """The client does not want it any more."""
        reply = self._forget(self._open[response_id])
        details = StatusDetails(type="cancelled", reason="client_cancelled")
        return [CancelReply(reply.id), *reply.close(details)]

    def cancel_all(self) -> list[Output]:
        """The session is over."""
        return [output for response_id in tuple(self._open) for output in self.cancel(response_id)]

    def _closed_if_made(self, reply: Reply) -> list[Output]:
        if not reply.made:
            return []
        if reply.mute:
            return self._failed(reply, "tts_malformed")
        return self._forget(reply).close(reply.details)

    def _failed(self, reply: Reply, code: str) -> list[Output]:
        reply.fail(code)
        return [CancelReply(reply.id), *self._forget(reply).close(reply.details)]

    def _forget(self, reply: Reply) -> Reply:
        del self._open[reply.id], self._since_ms[reply.id]
        return reply
