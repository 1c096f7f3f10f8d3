"""Caller audio that has become items, and waits for its words. Rule: each is told of once: words, none, or lost."""

from dataclasses import dataclass

from pipeline.conversation import Conversation
from pipeline.providers import Reason
from pipeline.realtime.events import (
    Committed,
    Duration,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptError,
    TranscriptFailed,
)
from pipeline.realtime.items import InputAudio, MessageItem
from pipeline.signals import CallerAudio, Ids, Output
from pipeline.wire_order import whole_item

FALSE_START_MS = 250
"""Less speech than this may be a noise: it wants an answer for its words, if it has any."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A finished utterance with its words; `speech_ms` is how long the caller really spoke.

    One that was committed `by_hand` is answered when a client says so; of one that is `lost` nobody knows the words.
    """

    item_id: str
    text: str
    speech_ms: int
    by_hand: bool = False
    lost: Reason | None = None


@dataclass(frozen=True, slots=True)
class Uttered:
    """An utterance as it is committed: where it lies, and how much of it is speech."""

    item_id: str
    span: CallerAudio
    speech_ms: int
    by_hand: bool = False


Told = tuple[list[Output], Understood | None]


class Awaiting:
    """Utterances without words; `told` says whether clients are to read the words."""

    def __init__(self, ids: Ids, conversation: Conversation, patience_ms: int, *, told: bool) -> None:
        self._ids = ids
        self._conversation = conversation
        self._patience_ms = patience_ms
        self._waiting: dict[int, tuple[Uttered, int]] = {}
        self._spans: dict[str, CallerAudio] = {}
        self.told = told

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def spoken(self) -> bool:
        """True when somebody surely spoke, whatever the words will be."""
        return any(uttered.speech_ms >= FALSE_START_MS for uttered, _ in self._waiting.values())

    def item_of(self, utterance: int) -> str:
        """The item that waits for this utterance's words, or nothing."""
        waiting = self._waiting.get(utterance)
        return waiting[0].item_id if waiting else ""

    def owes(self, item_id: str) -> bool:
        """True while this item waits for its words."""
        return any(uttered.item_id == item_id for uttered, _ in self._waiting.values())

    def sole_item(self, utterance: int) -> str:
        """The item that alone waits for words, and is answered when they come; or nothing."""
        uttered, _ = self._waiting.get(utterance, (None, 0))
        return uttered.item_id if uttered is not None and len(self._waiting) == 1 and not uttered.by_hand else ""

    def commit(self, utterance: int, uttered: Uttered, now_ms: int) -> list[Output]:
        """An utterance becomes an item; its words follow."""
        self._waiting[utterance] = (uttered, now_ms)
        return self._item(uttered)

    def commit_silence(self, uttered: Uttered) -> list[Output]:
        """Silence becomes an item, of which everything is known."""
        return [*self._item(uttered), *self._completed(uttered, "")]

    def transcribed(self, utterance: int, text: str) -> Told:
        """The recogniser is done with an utterance."""
        waiting = self._waiting.pop(utterance, None)
        if waiting is None:
            return [], None
        uttered, _ = waiting
        self._conversation.hears(uttered.item_id, text)
        understood = Understood(uttered.item_id, text, uttered.speech_ms, uttered.by_hand)
        return self._completed(uttered, text), understood

    def overdue(self, now_ms: int) -> Told:
        """Give up on words that have been owed for too long."""
        late = (each for each, (_, since_ms) in self._waiting.items() if now_ms - since_ms > self._patience_ms)
        return self.lost(next(late, 0), "stalled")

    def lost(self, utterance: int, reason: Reason) -> Told:
        """Nobody will know what was said in this utterance."""
        waiting = self._waiting.pop(utterance, None)
        return ([], None) if waiting is None else self._lost(waiting[0], reason)

    def span(self, item_id: str) -> CallerAudio | None:
        """Where the caller's item lies in the audio."""
        return self._spans.get(item_id)

    def forget(self, item_id: str) -> None:
        """The caller's item is deleted."""
        self._spans.pop(item_id, None)

    def _item(self, uttered: Uttered) -> list[Output]:
        self._spans[uttered.item_id] = uttered.span
        item = MessageItem(id=uttered.item_id, role="user", content=(InputAudio(),))
        previous = self._conversation.append(item)
        return [
            Committed(event_id=self._ids("event"), item_id=item.id, previous_item_id=previous),
            *whole_item(self._ids, item, previous),
        ]

    def _completed(self, uttered: Uttered, text: str) -> list[Output]:
        if not self.told:
            return []
        event, item_id, span = self._ids, uttered.item_id, uttered.span
        delta: list[Output] = [TranscriptDelta(event_id=event("event"), item_id=item_id, delta=text)] if text else []
        usage = Duration((span.end_ms - span.start_ms) / 1_000)
        return [
            *delta,
            TranscriptCompleted(event_id=event("event"), item_id=item_id, transcript=text, usage=usage),
        ]

    def _lost(self, uttered: Uttered, reason: Reason) -> Told:
        message = "No transcript in time." if reason == "stalled" else "The recogniser is gone."
        self._conversation.hears(uttered.item_id, "")
        understood = Understood(uttered.item_id, "", uttered.speech_ms, uttered.by_hand, lost=reason)
        if not self.told:
            return [], understood
        error = TranscriptError(type="server_error", code=f"stt_{reason}", message=message)
        return [TranscriptFailed(event_id=self._ids("event"), item_id=uttered.item_id, error=error)], understood
