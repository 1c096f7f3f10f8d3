"""Whatever happens to a session, in any order, its promises hold and its caller is not left in silence."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.providers import Transcript
from pipeline.signals import (
    EndCall,
    Input,
    Output,
    Play,
    ReplyDelta,
    ReplyEnded,
    ReplyFailed,
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
    TransferFailed,
)
from tests.drive.anything import CONFIGS, LIMITS, NOW, PERMISSIONS, config, happenings, last_things
from tests.drive.client import becomes
from tests.drive.story import SPEECH, Story
from tests.drive.watch import Watch

Happening = tuple[float, int] | Input | str


class WatchedStory(Story):
    """A story whose every output is looked at as it comes."""

    def __init__(self, number: int) -> None:
        self.watch = Watch()
        super().__init__(CONFIGS[number], permissions=PERMISSIONS, limits=LIMITS)

    def _note(self, outputs: list[Output]) -> None:
        self.watch.see(outputs)
        super()._note(outputs)

    def happens(self, happening: Happening) -> None:
        match happening:
            case str():
                self.plays(happening)
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
        if scene != "a turn" and self.watch.open_response is None:
            self.plays("a turn")
        match scene:
            case "a turn":
                self.passes(300, SPEECH)
                self.passes(300)
                self.recogniser_answers()
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
            self.tell(Transcript(utterance, "hello", final=True))


@settings(max_examples=60)
@given(number=st.integers(0, len(CONFIGS) - 1), story=happenings, last=st.none() | last_things)
def test_the_promises_hold(number: int, story: list[Happening], last: Input | None) -> None:
    call = WatchedStory(number)

    for happening in story:
        call.happens(happening)
    if last is not None:
        call.tell(last)
        call.passes(400)
    call.watch.see(call.session.closed())

    call.watch.see_closed()


@settings(max_examples=40)
@given(number=st.integers(0, len(CONFIGS) - 1), story=happenings, last=st.none() | last_things)
def test_a_caller_who_speaks_is_answered_or_the_call_ends(
    number: int, story: list[Happening], last: Input | None
) -> None:
    call = WatchedStory(number)
    for happening in [*story, *([last] if last is not None else [])]:
        call.happens(happening)
    call.passes(3_000)
    call.tell(TransferFailed(486))
    call.tell(becomes(config()))
    untold = set(call.watch.owed_transcripts)
    call.take()

    call.passes(600, SPEECH)
    for _ in range(12):
        call.passes(500)
        call.recogniser_answers()
        call.plays("words")
        call.plays("the end of the reply")

    assert call.take(Play, EndCall) or call.watch.ended
    assert call.watch.ended or call.watch.owed_transcripts <= untold
