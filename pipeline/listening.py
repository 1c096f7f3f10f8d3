"""The caller's side of a session: utterances, their items and their words. Rule: it reports and decides nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.audio import FRAME_MS
from pipeline.conversation import Conversation
from pipeline.providers import Transcript
from pipeline.realtime.config import AudioInput, SemanticVad, ServerVad
from pipeline.realtime.events import (
    Committed,
    Duration,
    ErrorDetail,
    ItemAdded,
    ItemDone,
    PartialTranscript,
    SpeechStarted,
    SpeechStopped,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
)
from pipeline.realtime.items import InputAudio, Item, MessageItem
from pipeline.signals import BeginUtterance, EndUtterance, Output
from pipeline.turn import Edge, Endpointer, SpeechBegan, TurnEnded

Ids = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Understood:
    """A finished utterance with its words; `speech_ms` is how long the caller really spoke."""

    text: str
    speech_ms: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    item_id: str
    since_ms: int
    audio_ms: int
    speech_ms: int


class Listening:
    """Follows the caller from frame to frame."""

    def __init__(self, ids: Ids, conversation: Conversation, audio: AudioInput) -> None:
        self._ids = ids
        self._conversation = conversation
        self._audio = audio
        self._endpointer = Endpointer(audio.turn_detection) if audio.turn_detection else None
        self._utterance = 0
        self._item_id = ""
        self._began_ms = 0
        self._waiting: dict[int, _Waiting] = {}
        self.audio_ms = 0

    @property
    def speaking(self) -> bool:
        """True from the onset of speech to the end of the turn."""
        return self._endpointer is not None and self._endpointer.speaking

    @property
    def waiting(self) -> bool:
        """True while a transcript is owed."""
        return bool(self._waiting)

    def configure(self, audio: AudioInput) -> None:
        """Take new settings from the next frame on."""
        detection = audio.turn_detection
        if detection is None:
            self._endpointer = None
        elif self._endpointer is None:
            self._endpointer = Endpointer(detection)
        else:
            self._endpointer.change(detection)
        self._audio = audio

    def hear(self, score: float) -> Edge | None:
        """One frame of caller audio."""
        self.audio_ms += FRAME_MS
        return self._endpointer.hear(score, self.audio_ms, FRAME_MS) if self._endpointer else None

    def begin(self, edge: SpeechBegan) -> list[Output]:
        """The caller began to speak."""
        self._utterance += 1
        self._item_id = self._ids("item")
        start_ms = max(0, edge.at_ms - self._padding_ms())
        self._began_ms = start_ms
        return [
            SpeechStarted(event_id=self._ids("event"), audio_start_ms=start_ms, item_id=self._item_id),
            BeginUtterance(self._utterance, self.audio_ms - start_ms),
        ]

    def end(self, edge: TurnEnded) -> list[Output]:
        """The caller's turn is over: the utterance becomes an item, its words follow."""
        item_id = self._item_id
        self._waiting[self._utterance] = _Waiting(item_id, self.audio_ms, edge.at_ms - self._began_ms, edge.speech_ms)
        return [
            SpeechStopped(event_id=self._ids("event"), audio_end_ms=edge.at_ms, item_id=item_id),
            *self.commit(item_id),
            EndUtterance(self._utterance, edge.at_ms - edge.speech_end_ms),
        ]

    def commit(self, item_id: str) -> list[Output]:
        """Caller audio becomes an item without words."""
        item = MessageItem(id=item_id, role="user", content=(InputAudio(),))
        return [
            Committed(
                event_id=self._ids("event"),
                item_id=item_id,
                previous_item_id=self._conversation.last_id,
            ),
            *self.add(item),
        ]

    def add(self, item: Item) -> list[Output]:
        """Append an item that is complete."""
        previous = self._conversation.append(item)
        return [
            ItemAdded(event_id=self._ids("event"), item=item, previous_item_id=previous),
            ItemDone(event_id=self._ids("event"), item=item, previous_item_id=previous),
        ]

    def transcribed(self, words: Transcript) -> tuple[list[Output], Understood | None]:
        """The recogniser's news; a final one yields what was understood."""
        if not words.final:
            item_id = self._item_of(words.utterance)
            if not item_id:
                return [], None
            partial = PartialTranscript(event_id=self._ids("event"), item_id=item_id, transcript=words.text)
            return [partial], None
        waiting = self._waiting.pop(words.utterance, None)
        if waiting is None:
            return [], None
        self._conversation.hears(waiting.item_id, words.text)
        return self._completed(waiting, words.text), Understood(words.text, waiting.speech_ms)

    def overdue(self, limit_ms: int) -> tuple[list[Output], Understood | None]:
        """Give up on a transcript that has been owed for longer than the limit."""
        for utterance, waiting in self._waiting.items():
            if self.audio_ms - waiting.since_ms > limit_ms:
                del self._waiting[utterance]
                self._conversation.hears(waiting.item_id, "")
                return self._failed(waiting), Understood("", waiting.speech_ms)
        return [], None

    def _item_of(self, utterance: int) -> str:
        if utterance == self._utterance:
            return self._item_id
        waiting = self._waiting.get(utterance)
        return waiting.item_id if waiting else ""

    def _completed(self, waiting: _Waiting, text: str) -> list[Output]:
        if self._audio.transcription is None:
            return []
        event = self._ids
        delta: list[Output] = [TranscriptDelta(event_id=event("event"), item_id=waiting.item_id, delta=text)]
        return [
            *(delta if text else []),
            TranscriptCompleted(
                event_id=event("event"),
                item_id=waiting.item_id,
                transcript=text,
                usage=Duration(waiting.audio_ms / 1_000),
            ),
        ]

    def _failed(self, waiting: _Waiting) -> list[Output]:
        if self._audio.transcription is None:
            return []
        error = ErrorDetail(type="server_error", code="transcript_overdue", message="No transcript in time.")
        return [TranscriptFailed(event_id=self._ids("event"), item_id=waiting.item_id, error=error)]

    def _padding_ms(self) -> int:
        match self._audio.turn_detection:
            case ServerVad(prefix_padding_ms=padding_ms):
                return padding_ms
            case SemanticVad() | None:
                return ServerVad().prefix_padding_ms
