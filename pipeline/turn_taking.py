"""The caller's turns under the settings of a session. Rule: without turn detection it finds none, and asks nobody."""

from pipeline.audio import FRAME_MS
from pipeline.providers import TurnVerdict
from pipeline.realtime.config import SemanticVad, SessionConfig
from pipeline.realtime.ours import TurnGrounds
from pipeline.signals import SoundJudged
from pipeline.slot import Slot
from pipeline.turn import Edge, Endpointer, TurnEnded
from pipeline.turn_fusion import detector_for
from pipeline.turn_words import finished


class TurnTaking:
    """An endpointer for as long as the session has turn detection."""

    def __init__(self, config: SessionConfig, slot: Slot, line_delay_ms: int) -> None:
        self._slot = slot
        self._line_delay_ms = line_delay_ms
        self._endpointer: Endpointer | None = None
        self._said = ""
        self.configure(config)

    @property
    def detected(self) -> bool:
        """True when turns are found, False when somebody commits them by hand."""
        return self._endpointer is not None

    @property
    def speaking(self) -> bool:
        """True from the onset of speech to the end of the turn."""
        return self._endpointer is not None and self._endpointer.speaking

    def left_ms(self, at_ms: int, *, words_may_come: bool = False) -> int | None:
        """How soon an open turn ends if the caller stays silent; 0 when none is open, None while it goes on.

        It goes on while words may come that were said already, unless that is all right.
        """
        if self._endpointer is None or not self._endpointer.speaking:
            return 0
        return self._endpointer.left_ms(at_ms, words_may_come=words_may_come)

    def configure(self, config: SessionConfig) -> None:
        """Take new settings from the next frame on; an utterance stays open unless turn detection goes."""
        self._slot.configure(config)
        audio = config.audio.input
        self._weighs_words = isinstance(audio.turn_detection, SemanticVad)
        self._language = audio.transcription.language if audio.transcription else None
        if audio.turn_detection is None:
            self._endpointer = None
            return
        detector, threshold = detector_for(audio.turn_detection, self._language)
        if self._endpointer is None:
            self._endpointer = Endpointer(detector, threshold, self._line_delay_ms, self._filled)
        else:
            self._endpointer.change(detector, threshold)

    def hear(self, score: float, end_ms: int) -> Edge | None:
        """One frame that ends at `end_ms` of caller audio."""
        edge = self._endpointer.hear(score, end_ms, FRAME_MS) if self._endpointer else None
        if isinstance(edge, TurnEnded):
            self._said = edge.words
        return edge

    def written(self) -> None:
        """What was said in turns that are over is in the conversation."""
        self._said = ""

    @property
    def slot_full(self) -> bool:
        """True when all that the agent waits for is there, by the caller's keys and words, of turns that are over."""
        return not self.speaking and self._slot.full(self._said)

    def stop(self, at_ms: int) -> TurnEnded | None:
        """End an open utterance here."""
        return self._endpointer.stop(at_ms) if self._endpointer else None

    def heard(self, words: str, *, doubtful: bool) -> None:
        """What the recogniser has understood of the open utterance so far."""
        if self._endpointer is not None:
            self._endpointer.heard(words, doubtful=doubtful)

    def pressed(self) -> None:
        """A key may be the last part of what was being said."""
        if self._endpointer is not None:
            self._endpointer.look_again()

    def judged(self, opinion: TurnVerdict | SoundJudged) -> None:
        """Whether the caller has finished, in the opinion of the recogniser or of who judges the sound."""
        match opinion:
            case _ if self._endpointer is None:
                pass
            case TurnVerdict(verdict=verdict):
                self._endpointer.judged(verdict)
            case SoundJudged(pause=pause, finished=probability):
                self._endpointer.sounded(pause, probability)

    def grounds(self, edge: TurnEnded, item_id: str) -> TurnGrounds:
        """Why the turn that became this item was over."""
        words = finished(edge.words, self._language) if edge.words else None
        return TurnGrounds(item_id, edge.why, edge.at_ms - edge.speech_end_ms, words, edge.sound)

    def _filled(self, words: str) -> float | None:
        return self._slot.filled(words) if self._weighs_words else None
