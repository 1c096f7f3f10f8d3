"""The caller's side of a session: what is spoken and pressed, as items and words. Rule: it reports, decides nothing.

Positions (`audio_ms`) are caller audio since the session began, waiting (`now_ms`) is on the session's clock. Without
turn detection one utterance lasts from commit to commit.
"""

from pipeline.audio import FRAME_MS
from pipeline.awaiting import Awaiting, Understood, Uttered
from pipeline.conversation import Conversation
from pipeline.keypad import Keypad, written
from pipeline.providers import Transcript, TurnVerdict
from pipeline.realtime.config import SemanticVad, ServerVad, SessionConfig, TurnDetection
from pipeline.realtime.events import (
    DtmfReceived,
    InputCleared,
    SpeechStarted,
    SpeechStopped,
    TimeoutTriggered,
)
from pipeline.realtime.items import InputText, MessageItem
from pipeline.realtime.ours import PartialTranscript
from pipeline.signals import BeginUtterance, CallerAudio, EndUtterance, Ids, JudgeSound, Limits, Output, SoundJudged
from pipeline.slot import Slot
from pipeline.turn import Edge, SoundWanted, SpeechBegan, TurnEnded
from pipeline.turn_taking import TurnTaking
from pipeline.wire_order import whole_item

LEAST_COMMIT_MS = 100
LONGEST_PREFIX_MS = 2_000


class Listening:
    """Follows the caller from frame to frame."""

    def __init__(
        self, ids: Ids, conversation: Conversation, config: SessionConfig, limits: Limits, *, client_plays: bool
    ) -> None:
        self._ids = ids
        self._frame_passes_ms = 0 if client_plays else FRAME_MS
        self.keypad = Keypad(limits.keys)
        self._conversation = conversation
        self._audio = audio = config.audio.input
        self.turns = TurnTaking(config, Slot(conversation, self.keypad), limits.line_delay_ms)
        self._utterance = 0
        self._item_id = ""
        self._began_ms = self._began_now_ms = self._ended_ms = 0
        self._buffering = False
        self.awaiting = Awaiting(ids, conversation, limits.transcript_ms, told=audio.transcription is not None)
        self.on_hold = False
        self.audio_ms = self.now_ms = self.quiet_since_ms = 0

    @property
    def buffered_ms(self) -> int:
        """Caller audio that is no item yet."""
        return self.audio_ms - self._ended_ms

    @property
    def promised_id(self) -> str:
        """The id that clients have been told for an item that is still to come, or nothing."""
        return self._item_id if self.speaking else ""

    @property
    def speaking(self) -> bool:
        """True from the onset of speech to the end of the turn."""
        return self.turns.speaking

    @property
    def pressing(self) -> bool:
        """True while more keys may follow those pressed."""
        return self.keypad.pending

    @property
    def busy(self) -> bool:
        """True while the caller speaks, presses keys, or is on hold."""
        return self.keypad.pending or self.speaking or self.on_hold

    @property
    def waiting(self) -> bool:
        """True while a transcript is owed."""
        return bool(self.awaiting)

    def configure(self, config: SessionConfig) -> list[Output]:
        """Take new settings from the next frame on; without turn detection an open utterance ends here."""
        out: list[Output] = []
        audio = config.audio.input
        if audio.turn_detection is not None:
            out = self._unbuffered()
        elif edge := self.turns.stop(self.audio_ms):
            out = self.end(edge)
        self.turns.configure(config)
        self._audio = audio
        self.awaiting.told = audio.transcription is not None
        return out

    def hear(self, score: float) -> Edge | None:
        """One frame of caller audio."""
        self.audio_ms += FRAME_MS
        self.now_ms += self._frame_passes_ms
        return self.turns.hear(0.0 if self.on_hold else score, self.audio_ms)

    @property
    def unheeded(self) -> bool:
        """True when caller audio comes without turn detection and no utterance is open."""
        return not (self.turns.detected or self._buffering)

    def buffer(self) -> list[Output]:
        """What comes is one utterance until somebody commits it."""
        self._buffering = True
        return self._reached_back(FRAME_MS)

    def commit(self) -> list[Output]:
        """A client takes what there is as an item; nothing when that is less than LEAST_COMMIT_MS."""
        if edge := self.turns.stop(self.audio_ms):
            return self.end(edge, by_hand=True)
        if self.buffered_ms < LEAST_COMMIT_MS:
            return []
        begun = [] if self._buffering else self._reached_back(min(self.buffered_ms, LONGEST_PREFIX_MS))
        self._buffering = False
        return [*begun, *self._committed(self.audio_ms, speech_ms=0, by_hand=True), EndUtterance(self._utterance, 0)]

    def clear(self) -> list[Output]:
        """What there is, an utterance under way as well, is taken back by a client, or was nobody's."""
        out = self._unbuffered()
        if self.turns.stop(self.audio_ms):
            out.append(EndUtterance(self._utterance, 0))
        self._ended_ms = self.audio_ms
        return [*out, InputCleared(event_id=self._ids("event"))]

    def begin(self, edge: SpeechBegan) -> list[Output]:
        """The caller began to speak."""
        self._utterance += 1
        self._item_id = self._ids("item")
        # Audio belongs to one utterance: the padding does not reach into the one before.
        start_ms = max(self._ended_ms, edge.at_ms - _padding_ms(self._audio.turn_detection))
        self._began_ms, self._began_now_ms = start_ms, self.now_ms
        return [
            SpeechStarted(event_id=self._ids("event"), audio_start_ms=start_ms, item_id=self._item_id),
            BeginUtterance(self._utterance, self.audio_ms - start_ms),
        ]

    def end(self, edge: TurnEnded, *, by_hand: bool = False) -> list[Output]:
        """The caller's turn is over: the utterance becomes an item, its words follow."""
        self.quiet_since_ms = self.now_ms - (edge.at_ms - edge.speech_end_ms)
        return [
            SpeechStopped(event_id=self._ids("event"), audio_end_ms=edge.at_ms, item_id=self._item_id),
            *self._committed(edge.at_ms, speech_ms=edge.speech_ms, by_hand=by_hand),
            EndUtterance(self._utterance, edge.at_ms - edge.speech_end_ms, self.turns.grounds(edge, self._item_id)),
        ]

    def ask(self, edge: SoundWanted) -> list[Output]:
        """The caller pauses, and the sound would tell why."""
        return [JudgeSound(self._utterance, edge.pause, edge.late_ms)]

    def timed_out(self, since_ms: int) -> list[Output]:
        """The caller's silence becomes an item."""
        span = CallerAudio(since_ms, self.audio_ms)
        silence = Uttered(self._ids("item"), span, speech_ms=0)
        return [
            TimeoutTriggered(
                event_id=self._ids("event"),
                audio_start_ms=span.start_ms,
                audio_end_ms=span.end_ms,
                item_id=silence.item_id,
            ),
            *self.awaiting.commit_silence(silence),
        ]

    def item_of(self, utterance: int) -> str:
        """The item that this utterance is to become, or that waits for its words; nothing for any other."""
        return self._item_id if self.speaking and utterance == self._utterance else self.awaiting.item_of(utterance)

    def transcribed(self, words: Transcript) -> tuple[list[Output], Understood | None]:
        """The recogniser's news; a final one yields what was understood."""
        text = words.text.strip()
        if words.final:
            self.turns.written()
            return self.awaiting.transcribed(words.utterance, text)
        item_id = self.item_of(words.utterance)
        if not item_id:
            return [], None
        if item_id == self.promised_id:
            self.turns.heard(text, doubtful=words.doubtful)
        return [PartialTranscript(event_id=self._ids("event"), item_id=item_id, transcript=text)], None

    def judged(self, opinion: TurnVerdict | SoundJudged) -> None:
        """Whether the caller has finished, in the opinion of the recogniser or of who judges the sound."""
        if opinion.utterance == self._utterance:
            self.turns.judged(opinion)

    def press(self, key: str, received_at: int) -> list[Output]:
        """One key."""
        self.quiet_since_ms = self.now_ms
        self.keypad.press(key, self.now_ms)
        self.turns.pressed()
        return [DtmfReceived(event_id=self._ids("event"), event=key, received_at=received_at)]

    def entry(self, *, turn_ends: bool = False) -> list[Output]:
        """The keys become an item once they are complete; nothing before.

        They are when they make up, perhaps with what was said, all that the agent waits for; and when the caller's turn
        ends that began after them. Words begun before them come first: the key that closes the entry ends their turn.
        """
        words_first = (self.speaking or turn_ends) and self.keypad.follows(self._began_now_ms)
        edge = self.turns.stop(self.audio_ms) if words_first and self.keypad.closed else None
        if words_first and edge is None:
            return []
        full = self.keypad.waits_since(self._began_now_ms) if turn_ends else self.turns.slot_full
        keys = self.keypad.entry(self.now_ms, full=full)
        if keys is None:
            return []
        begun = self.end(edge) if edge is not None else []
        item = MessageItem(id=self._ids("item"), role="user", content=(InputText(written(keys)),))
        return [*begun, *whole_item(self._ids, item, self._conversation.append(item))]

    def _committed(self, end_ms: int, *, speech_ms: int, by_hand: bool) -> list[Output]:
        """The open utterance becomes an item that waits for its words."""
        self._ended_ms = end_ms
        uttered = Uttered(self._item_id, CallerAudio(self._began_ms, end_ms), speech_ms, by_hand)
        return self.awaiting.commit(self._utterance, uttered, self.now_ms)

    def _reached_back(self, prefix_ms: int) -> list[Output]:
        """An utterance that nobody heard the onset of."""
        self._utterance += 1
        self._item_id = self._ids("item")
        self._began_ms = self.audio_ms - prefix_ms
        return [BeginUtterance(self._utterance, prefix_ms)]

    def _unbuffered(self) -> list[Output]:
        """An utterance that is open for lack of turn detection is forgotten."""
        begun, self._buffering = self._buffering, False
        return [EndUtterance(self._utterance, 0)] if begun else []


def _padding_ms(detection: TurnDetection | None) -> int:
    match detection:
        case ServerVad(prefix_padding_ms=padding_ms):
            return padding_ms
        case SemanticVad() | None:
            return ServerVad().prefix_padding_ms
