"""A caller who speaks while the agent does: the agent waits, and then yields or goes on. Rule: it never waits for long.

Where a client plays it yields at once, as Realtime's clients expect, and so it does where nothing of its words has been
heard. What is protected is not interrupted by speech. An agent who has no verdict to wait for any more goes on.
"""

from pipeline.answering import Answering
from pipeline.interruption import Overlap
from pipeline.listening import Listening
from pipeline.own_voice import OwnVoice
from pipeline.providers import Transcript
from pipeline.realtime.ours import BargeInJudged
from pipeline.signals import CallerFrame, Ids, Output, Setting
from pipeline.turn import SpeechBegan


class BargeIn:
    """The utterances that began over the agent's words, each from its onset until its own words are known."""

    def __init__(self, ids: Ids, listening: Listening, answering: Answering, setting: Setting) -> None:
        self._ids = ids
        self._listening = listening
        self._answering = answering
        self._speaking = answering.speaking
        self._manners = setting.manners
        self._weighs = setting.manners.two_step and not setting.client_plays
        self._own_voice = OwnVoice(ids)
        self._waits_since_ms = 0
        self._overlaps: dict[str, Overlap] = {}
        self._newest: Overlap | None = None
        self.interrupted = False

    def light(self, item_id: str) -> bool:
        """True when this utterance began over the agent's words and is not known to want an answer."""
        return item_id in self._overlaps and self._overlaps[item_id].light

    def begin(self, edge: SpeechBegan) -> list[Output]:
        """The caller begins to speak: the agent yields, or waits."""
        self._newest = None
        self._own_voice.begin()
        if not self._may_yield:
            return []
        passage = self._speaking.passage() if self._weighs else None
        if passage is None:
            return self.yield_floor()
        now_ms = self._listening.now_ms
        out = self._speaking.pause()
        if out:
            self._waits_since_ms = now_ms
        heard = self._answering.config.audio.input.transcription
        self._newest = Overlap(
            self._listening.promised_id,
            passage,
            self._manners,
            heard.language if heard else None,
            since_ms=self._waits_since_ms,
            now_ms=now_ms,
            voiced_ms=self._listening.audio_ms - edge.at_ms,
        )
        owed = {item_id: each for item_id, each in self._overlaps.items() if self._listening.awaiting.owes(item_id)}
        self._overlaps = {**owed, self._newest.item_id: self._newest}
        return out

    def yield_floor(self) -> list[Output]:
        """Silence the agent at once, if it may be silenced at all."""
        if not self._heeds_caller:
            return []
        self.interrupted = True
        return self._answering.cut("turn_detected")

    def weigh(self, frame: CallerFrame) -> float:
        """How much this frame is like speech of the caller."""
        return self._own_voice.weigh(frame)

    def hear(self, score: float) -> None:
        """One more frame of the caller."""
        if self._newest is not None and self._listening.speaking:
            self._newest.hear(score, self._listening.now_ms)

    def understand(self, item_id: str, words: Transcript) -> list[Output]:
        """The recogniser's news of an utterance."""
        overlap = self._overlaps.get(item_id)
        if overlap is None:
            return []
        overlap.understand(words)
        return self._judged(overlap, final=words.final)

    def settle(self) -> list[Output]:
        """Whatever has happened: yield or go on when it is time."""
        newest, heard = self._newest, self._speaking.newest
        echo = self._own_voice.told(heard)
        if self._listening.speaking and self._own_voice.echoes:
            dropped = self._own_voice.dropped(heard, self._listening.promised_id)
            self._newest = None
            return [*echo, *self._listening.clear(), *dropped, *self._speaking.resume()]
        if newest is None:
            return [*echo, *self._speaking.resume()]
        if newest.verdict is None and not self._may_yield:
            self._overlaps = {item_id: each for item_id, each in self._overlaps.items() if each is not newest}
            self._newest = None
            return [*echo, *self._speaking.resume()]
        return [*echo, *self._judged(newest)]

    def turn_ended(self) -> list[Output]:
        """The caller's turn is over: its answer is announced, if it is known to want one and no other is open."""
        answering, light = self._answering, self._newest is not None and self._newest.light
        if light or not answering.unprompted or self._speaking.reply is not None or answering.farewell.firm:
            return []
        return answering.open()

    def passes(self, item_id: str) -> bool:
        """All of an utterance's words are known: True when it need not be answered."""
        overlap = self._overlaps.pop(item_id, None)
        if overlap is not None and overlap is self._newest:
            self._newest = None
        return overlap is not None and overlap.unanswered

    @property
    def _heeds_caller(self) -> bool:
        detection = self._answering.config.audio.input.turn_detection
        heeded = detection is not None and detection.interrupt_response
        return heeded and not (self._answering.farewell.firm or self._speaking.idle)

    @property
    def _may_yield(self) -> bool:
        return self._heeds_caller and not self._speaking.protected

    def _judged(self, overlap: Overlap, *, final: bool = False) -> list[Output]:
        now_ms = self._listening.now_ms
        verdict = overlap.judge(now_ms, final=final)
        if verdict is None:
            return []
        passage = self._speaking.passage() if self._may_yield else None
        out: list[Output] = []
        if verdict == "interruption" and passage is not None:
            out = self.yield_floor()
        elif overlap is self._newest:
            out = self._speaking.resume()
        if passage is None:
            return out
        judged = BargeInJudged(
            event_id=self._ids("event"),
            item_id=overlap.item_id,
            response_id=passage.response_id,
            verdict=verdict,
            words=overlap.words,
            took_ms=overlap.took_ms(now_ms),
            heard_ms=passage.heard_ms,
        )
        return [*out, judged]
