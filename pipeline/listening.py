"""The caller's side of a session: what is spoken and pressed, as items and words. Rule: it reports, decides nothing."""

from dataclasses import dataclass

from pipeline.audio import FRAME_MS
from pipeline.conversation import Conversation
from pipeline.keypad import Keypad
from pipeline.providers import Transcript
from pipeline.realtime.config import AudioInput, SemanticVad, ServerVad, TurnDetection
from pipeline.realtime.events import (
    Committed,
    DtmfReceived,
    Duration,
    PartialTranscript,
    SpeechStarted,
    SpeechStopped,
    TimeoutTriggered,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptError,
    TranscriptFailed,
)
from pipeline.realtime.items import InputAudio, InputText, MessageItem
from pipeline.signals import BeginUtterance, EndUtterance, Ids, Limits, Output
from pipeline.turn import Edge, Endpointer, SpeechBegan, TurnEnded
from pipeline.wire_order import whole_item


@dataclass(frozen=True, slots=True)
class Understood:
    """A finished utterance with its words; `speech_ms` is how long the caller really spoke."""

    item_id: str
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

    def __init__(self, ids: Ids, conversation: Conversation, audio: AudioInput, limits: Limits) -> None:
        self._ids = ids
        self._transcript_ms = limits.transcript_ms
        self._keypad = Keypad(limits.digits_pause_ms)
        self._conversation = conversation
        self._audio = audio
        self._line_delay_ms = limits.line_delay_ms
        self._endpointer = self._endpointer_for(audio.turn_detection) if audio.turn_detection else None
        self._utterance = 0
        self._item_id = ""
        self._began_ms = 0
        self._ended_ms = 0
        self._waiting: dict[int, _Waiting] = {}
        self.audio_ms = 0

    @property
    def speaking(self) -> bool:
        """True from the onset of speech to the end of the turn."""
        return self._endpointer is not None and self._endpointer.speaking

    @property
    def pressing(self) -> bool:
        """True while more keys may follow those pressed."""
        return self._keypad.pending

    @property
    def busy(self) -> bool:
        """True while the caller speaks or presses keys."""
        return self._keypad.pending or self.speaking

    @property
    def waiting(self) -> bool:
        """True while a transcript is owed."""
        return bool(self._waiting)

    def configure(self, audio: AudioInput) -> list[Output]:
        """Take new settings from the next frame on; without turn detection an open utterance ends here."""
        out: list[Output] = []
        detection = audio.turn_detection
        if detection is None:
            if self._endpointer and (edge := self._endpointer.stop(self.audio_ms)):
                out = self.end(edge)
            self._endpointer = None
        elif self._endpointer is None:
            self._endpointer = self._endpointer_for(detection)
        else:
            self._endpointer.change(detection)
        self._audio = audio
        return out

    def _endpointer_for(self, detection: TurnDetection) -> Endpointer:
        return Endpointer(detection, self._line_delay_ms)

    def hear(self, score: float) -> Edge | None:
        """One frame of caller audio."""
        self.audio_ms += FRAME_MS
        return self._endpointer.hear(score, self.audio_ms, FRAME_MS) if self._endpointer else None

    def begin(self, edge: SpeechBegan) -> list[Output]:
        """The caller began to speak."""
        self._utterance += 1
        self._item_id = self._ids("item")
        # Audio belongs to one utterance: the padding does not reach into the one before.
        start_ms = max(self._ended_ms, edge.at_ms - self._padding_ms())
        self._began_ms = start_ms
        return [
            SpeechStarted(event_id=self._ids("event"), audio_start_ms=start_ms, item_id=self._item_id),
            BeginUtterance(self._utterance, self.audio_ms - start_ms),
        ]

    def end(self, edge: TurnEnded) -> list[Output]:
        """The caller's turn is over: the utterance becomes an item, its words follow."""
        item_id = self._item_id
        self._ended_ms = edge.at_ms
        self._waiting[self._utterance] = _Waiting(item_id, self.audio_ms, edge.at_ms - self._began_ms, edge.speech_ms)
        return [
            SpeechStopped(event_id=self._ids("event"), audio_end_ms=edge.at_ms, item_id=item_id),
            *self._commit(item_id),
            EndUtterance(self._utterance, edge.at_ms - edge.speech_end_ms),
        ]

    def timed_out(self, since_ms: int) -> list[Output]:
        """The caller's silence becomes an item."""
        item_id = self._ids("item")
        silence = _Waiting(item_id, self.audio_ms, self.audio_ms - since_ms, 0)
        timeout = TimeoutTriggered(
            event_id=self._ids("event"), audio_start_ms=since_ms, audio_end_ms=self.audio_ms, item_id=item_id
        )
        return [timeout, *self._commit(item_id), *self._completed(silence, "")]

    def transcribed(self, words: Transcript) -> tuple[list[Output], Understood | None]:
        """The recogniser's news; a final one yields what was understood."""
        text = words.text.strip()
        if not words.final:
            item_id = self._item_of(words.utterance)
            if not item_id:
                return [], None
            return [PartialTranscript(event_id=self._ids("event"), item_id=item_id, transcript=text)], None
        waiting = self._waiting.pop(words.utterance, None)
        if waiting is None:
            return [], None
        self._conversation.hears(waiting.item_id, text)
        return self._completed(waiting, text), Understood(waiting.item_id, text, waiting.speech_ms)

    def press(self, key: str, received_at: int) -> list[Output]:
        """One key."""
        self._keypad.press(key, self.audio_ms)
        return [DtmfReceived(event_id=self._ids("event"), event=key, received_at=received_at)]

    def entry(self) -> list[Output]:
        """The keys become an item once they are complete; nothing before."""
        keys = self._keypad.entry(self.audio_ms)
        if keys is None:
            return []
        item = MessageItem(id=self._ids("item"), role="user", content=(InputText(f"[digits: {keys}]"),))
        return whole_item(self._ids, item, self._conversation.append(item))

    def overdue(self) -> tuple[list[Output], Understood | None]:
        """Give up on a transcript that has been owed for too long."""
        for utterance, waiting in self._waiting.items():
            if self.audio_ms - waiting.since_ms > self._transcript_ms:
                del self._waiting[utterance]
                self._conversation.hears(waiting.item_id, "")
                return self._failed(waiting), Understood(waiting.item_id, "", waiting.speech_ms)
        return [], None

    def _commit(self, item_id: str) -> list[Output]:
        """Caller audio becomes an item without words."""
        item = MessageItem(id=item_id, role="user", content=(InputAudio(),))
        previous = self._conversation.append(item)
        return [
            Committed(event_id=self._ids("event"), item_id=item_id, previous_item_id=previous),
            *whole_item(self._ids, item, previous),
        ]

    def _item_of(self, utterance: int) -> str:
        if utterance == self._utterance and self.speaking:
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
        error = TranscriptError(type="server_error", code="transcript_overdue", message="No transcript in time.")
        return [TranscriptFailed(event_id=self._ids("event"), item_id=waiting.item_id, error=error)]

    def _padding_ms(self) -> int:
        match self._audio.turn_detection:
            case ServerVad(prefix_padding_ms=padding_ms):
                return padding_ms
            case SemanticVad() | None:
                return ServerVad().prefix_padding_ms
