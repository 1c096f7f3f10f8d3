"""A story in which anything happens, looked at as it goes. Rule: what it is told comes from `tests.drive.anything`."""

from dataclasses import replace

from pipeline.audio import FRAME_MS
from pipeline.providers import Transcript
from pipeline.realtime.client import ClientEvent, Refusal
from pipeline.signals import (
    CallerFrame,
    FillSilence,
    FlushPlayout,
    Hold,
    Input,
    Output,
    Play,
    ReplyDelta,
    ReplyEnded,
    ReplyFailed,
    Setting,
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
    TimeIsUp,
)
from pipeline.turn import ONSET_MS
from tests.drive.anything import CONFIGS, LIMITS, NOW, OURS, PERMISSIONS
from tests.drive.heard import AgentsMouth, CallersEar, CallersWords
from tests.drive.story import SILENCE, SPEECH, Story, sound
from tests.drive.watch import Watch

ALONE = ("a turn", "a guess", "a listener", "somebody else")
HOLD = Hold(sound(90), after_ms=300, sound=sound(50))

Happening = tuple[float, int] | int | Input | str


class WatchedStory(Story):
    """A story whose every output is looked at as it comes."""

    def __init__(self, number: int, setting: Setting = OURS) -> None:
        self.watch = Watch(client_plays=setting.client_plays)
        self._ear = None if setting.client_plays else CallersEar()
        self._mouth = AgentsMouth()
        self._longest_hold_ms = setting.manners.verdict_ms
        self._held_ms = 0
        self._filled_until_ms = 0
        hold = None if setting.client_plays else HOLD
        super().__init__(CONFIGS[number], permissions=PERMISSIONS, limits=LIMITS, setting=setting, hold=hold)

    def tell(self, happened: Input) -> list[Output]:
        self.watch.client_has_the_word = isinstance(happened, ClientEvent | Refusal | TimeIsUp)
        outputs = super().tell(happened)
        self._mouth.see(happened, outputs)
        assert self.paused == self.watch.paused
        if not self.paused:
            self._held_ms = 0
        elif isinstance(happened, CallerFrame):
            self._held_ms += FRAME_MS
        assert self._held_ms <= self._longest_hold_ms, "the agent waits for too long"
        self.watch.client_has_the_word = False
        return outputs

    def _note(self, outputs: list[Output]) -> None:
        self.watch.see(outputs)
        if self._ear is not None:
            self._ear.see(outputs)
        for output in outputs:
            match output:
                case FillSilence():
                    assert not self.queued_ms, "something is heard, and that is filled"
                case Play():
                    assert self.played_ms >= self._filled_until_ms, "words wait for what only fills a silence"
                case _:
                    pass
            super()._note([output])
            if isinstance(output, FillSilence | FlushPlayout):
                self._filled_until_ms = self.played_ms + self.queued_ms

    def _plays(self) -> None:
        if self._ear is not None:
            self._ear.frame_passes()
        super()._plays()

    def happens(self, happening: Happening) -> None:
        match happening:
            case str():
                self.plays(happening)
            case int():
                self.waits(20 * happening)
            case (float() as score, int() as frames):
                self.passes(20 * frames, score)
            case (
                ReplyDelta(response_id=response_id)
                | ReplyEnded(response_id)
                | ReplyFailed(response_id=response_id)
                | SpeechMade(response_id=response_id)
                | SpeechEnded(response_id=response_id)
                | SpeechFailed(response_id=response_id)
            ) if response_id == NOW:
                self.tell(replace(happening, response_id=self.response_id))
            case _:
                self.tell(happening)

    def plays(self, scene: str) -> None:
        if scene not in ALONE and self.watch.open_response is None:
            self.plays("a turn")
        match scene:
            case "a turn":
                self.passes(300, SPEECH)
                self.passes(300)
                self.recogniser_answers()
            case "a tale":
                self.model_says("There once was a cat. Shall I go on? ")
                self.voice_speaks(1_500)
                self.passes(300)
            case "a guess":
                self.passes(300, SPEECH)
                self.recogniser_shows(self._words_of(self._utterance))
                self.passes(140)
            case "a listener" | "somebody else":
                self.passes(240, SPEECH)
                self.recogniser_shows("okay" if scene == "a listener" else "no wait")
                self.passes(100)
            case "words":
                self.model_says("Good evening. ")
            case "the end of the reply":
                self.model_ends()
                self.voice_speaks(200)
            case function:
                self.model_calls(function, '{"target": "sales"}', call_id=f"call_{function}")
                if function != "lookup":
                    self.plays("the end of the reply")

    def recogniser_answers(self) -> None:
        for utterance in self.unheard():
            self.tell(Transcript(utterance, self._words_of(utterance), final=True))

    def _words_of(self, utterance: int) -> str:
        return f"hello {utterance}"


class UnderstoodStory(WatchedStory):
    """A story without clients: whatever the caller says is looked for where it belongs."""

    def __init__(self, number: int, setting: Setting = OURS) -> None:
        self.said = CallersWords()
        self.speech_ms: list[int] = []
        self._audio_ms = 0
        super().__init__(number, setting)

    def tell(self, happened: Input) -> list[Output]:
        self.said.told(happened)
        return super().tell(happened)

    def passes(self, ms: int, score: float = SILENCE) -> None:
        """Where the caller speaks for long enough to be noticed is kept."""
        if score == SPEECH and ms >= ONSET_MS:
            self.speech_ms += range(self._audio_ms, self._audio_ms + ms, FRAME_MS)
        self._audio_ms += ms // FRAME_MS * FRAME_MS
        super().passes(ms, score)

    def _note(self, outputs: list[Output]) -> None:
        self.said.see(outputs)
        super()._note(outputs)
