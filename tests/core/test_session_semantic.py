"""Under semantic_vad the words, the sound and the recogniser's own verdict tell a finished turn from a pause."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.providers import Transcript, TurnVerdict
from pipeline.realtime.config import Audio, AudioInput, SemanticVad, ServerVad, SessionConfig, TurnDetection
from pipeline.realtime.events import Committed, SpeechStarted, SpeechStopped
from pipeline.realtime.ours import TurnGrounds
from pipeline.signals import EndUtterance, Input, JudgeSound, SoundJudged
from tests.drive.client import says
from tests.drive.story import SPEECH, Story

FINISHED = "what time do you open"
THINKING = "I was thinking about the"
CAP_MS = {"low": 8_000, "medium": 4_000, "high": 2_000, "auto": 4_000}


def listening(detection: TurnDetection | None = None) -> Story:
    return Story(SessionConfig(audio=Audio(input=AudioInput(turn_detection=detection or SemanticVad()))))


def a_caller_who_said(words: str) -> Story:
    """The recogniser keeps up with a caller who has just fallen silent."""
    call = listening()
    call.caller_speaks(1_000)
    call.recogniser_shows(words)
    call.take()
    return call


def silence_ms(call: Story) -> int:
    """The turn ends by itself; the silence by then."""
    for _ in range(500):
        call.passes(20)
        if ends := call.take(EndUtterance):
            return int(ends[0].silence_ms)
    raise AssertionError("a turn that never ends")


def why(call: Story) -> TurnGrounds:
    silence_ms(call)
    ended = next(output for output in reversed(call.outputs) if isinstance(output, EndUtterance))
    assert ended.grounds is not None
    return ended.grounds


def test_a_question_is_answered_at_once_and_a_thought_is_waited_for() -> None:
    assert silence_ms(a_caller_who_said(FINISHED)) <= 300
    assert silence_ms(a_caller_who_said(THINKING)) >= 1_500


def test_a_caller_who_thinks_and_goes_on_has_one_turn() -> None:
    call = a_caller_who_said(THINKING)
    call.passes(1_000)
    call.caller_speaks(600)
    call.recogniser_shows(f"{THINKING} eighteenth")
    call.passes(2_500)

    assert len(call.take(SpeechStarted, SpeechStopped, Committed)) == 2


def test_words_that_come_late_end_the_pause_that_they_complete() -> None:
    call = a_caller_who_said("what time do you open the")
    call.passes(400)
    assert not call.take(EndUtterance)
    call.recogniser_shows("what time do you open the kitchen today")

    call.passes(20)

    assert [ended.silence_ms for ended in call.take(EndUtterance)] == [420]


def test_words_that_come_late_prolong_the_pause_that_they_leave_open() -> None:
    call = a_caller_who_said("a table")
    call.passes(100)
    call.recogniser_shows("a table for")

    assert silence_ms(call) >= 1_500


def test_a_recogniser_whose_words_come_late_is_given_the_time_that_it_took_before() -> None:
    call = a_caller_who_said("a table for")
    call.passes(360)
    call.recogniser_shows("a table for four people")
    call.caller_speaks(400)
    call.recogniser_shows("a table for four people. Tomorrow, please")

    assert 340 <= silence_ms(call) <= 400


def test_commas_and_capitals_that_come_late_hold_nobody_up() -> None:
    call = a_caller_who_said("what time do you open the")
    call.passes(400)
    call.recogniser_shows("What time do you open the")
    call.caller_speaks(400)
    call.recogniser_shows("What time do you open the kitchen?")

    assert silence_ms(call) <= 300


def test_the_sound_is_judged_once_in_a_pause_that_the_words_leave_open() -> None:
    call = listening()
    call.caller_speaks(1_000)
    call.take()
    call.passes(300)
    first = call.take(JudgeSound)
    call.caller_speaks(400)
    call.passes(400)

    assert (first, call.take(JudgeSound)) == ([JudgeSound(1, 0)], [JudgeSound(1, 1)])


@pytest.mark.parametrize("words", ["hold on", "What time do you open?"])
def test_nobody_listens_to_the_sound_when_the_words_are_plain(words: str) -> None:
    call = a_caller_who_said(words)
    call.passes(5_000)

    assert call.take(JudgeSound) == []


@pytest.mark.parametrize(("sound", "least_ms", "most_ms"), [(0.98, 160, 340), (0.02, 1_000, 4_000)])
def test_without_words_the_sound_decides(sound: float, least_ms: int, most_ms: int) -> None:
    call = listening()
    call.caller_speaks(1_000)
    call.passes(160)
    [asked] = call.take(JudgeSound)
    call.tell(SoundJudged(asked.utterance, asked.pause, sound))

    assert least_ms <= silence_ms(call) <= most_ms


def test_the_sound_does_not_end_a_first_turn_whose_words_may_still_come_and_later_ones_at_once() -> None:
    call = listening()
    waits_ms = []
    for _ in range(2):
        call.caller_speaks(1_000)
        call.passes(160)
        [asked] = call.take(JudgeSound)
        call.tell(SoundJudged(asked.utterance, asked.pause, 0.98))
        waits_ms.append(silence_ms(call))

    assert waits_ms[1] < waits_ms[0] == 300


def test_a_judgement_of_a_pause_that_is_over_is_ignored() -> None:
    call = listening()
    call.caller_speaks(1_000)
    call.passes(160)
    [asked] = call.take(JudgeSound)
    call.caller_speaks(400)
    unheard_ms = silence_ms(listening_again(call))
    call.tell(SoundJudged(asked.utterance, asked.pause, 0.99))
    call.caller_speaks(1_000)
    call.tell(SoundJudged(asked.utterance, asked.pause, 0.99))

    assert silence_ms(call) == unheard_ms


def listening_again(call: Story) -> Story:
    """The same call; its past outputs are nobody's business."""
    call.take()
    return call


def test_the_recogniser_that_says_the_turn_is_over_is_believed() -> None:
    call = a_caller_who_said(THINKING)
    call.passes(100)
    call.tell(TurnVerdict(1, "over"))

    grounds = why(call)
    assert (grounds.item_id, grounds.why, grounds.silence_ms) == ("item_1", "vendor", 120)


def test_every_turn_tells_why_it_ended() -> None:
    assert why(a_caller_who_said(FINISHED)).why == "words"
    assert why(a_caller_who_said(THINKING)).why == "silence"

    call = a_caller_who_said(THINKING)
    call.tell(says("input_audio_buffer.commit"))

    assert [ended.grounds.why for ended in call.take(EndUtterance)] == ["by_hand"]


@pytest.mark.parametrize("eagerness", ["low", "medium", "high", "auto"])
@pytest.mark.parametrize("words", ["", FINISHED, THINKING])
@pytest.mark.parametrize("verdict", ["maybe_over", "goes_on"])
def test_no_turn_outlasts_the_longest_wait(eagerness: str, words: str, verdict: str) -> None:
    call = listening(SemanticVad(eagerness=eagerness))  # type: ignore[arg-type]
    call.caller_speaks(1_000)
    call.recogniser_shows(words)
    call.passes(140)
    call.tell(TurnVerdict(1, verdict))  # type: ignore[arg-type]
    call.tell(SoundJudged(1, 0, 0.0))

    assert silence_ms(listening_again(call)) <= CAP_MS[eagerness]


@pytest.mark.parametrize("words", ["", FINISHED, THINKING])
def test_under_server_vad_silence_alone_decides(words: str) -> None:
    call = listening(ServerVad(silence_duration_ms=500))
    call.caller_speaks(1_000)
    call.recogniser_shows(words)
    call.passes(200)
    call.tell(TurnVerdict(1, "over"))
    call.tell(SoundJudged(1, 0, 1.0))

    assert (silence_ms(call), call.take(JudgeSound)) == (500, [])


opinions = st.one_of(
    st.tuples(st.sampled_from([SPEECH, 0.0, 0.4]), st.integers(1, 40)),
    st.builds(
        Transcript, st.integers(1, 4), st.sampled_from(["", FINISHED, THINKING, "four one five"]), st.just(False)
    ),
    st.builds(TurnVerdict, st.integers(1, 4), st.sampled_from(["maybe_over", "goes_on", "over"])),
    st.builds(SoundJudged, st.integers(1, 4), st.integers(0, 6), st.floats(0, 1)),
)


@settings(max_examples=80)
@given(st.sampled_from(["low", "medium", "high", "auto"]), st.lists(opinions, max_size=60))
def test_whoever_says_what_and_when_every_turn_ends_before_the_next_begins(
    eagerness: str, story: list[tuple[float, int] | Input]
) -> None:
    call = listening(SemanticVad(eagerness=eagerness))  # type: ignore[arg-type]
    for happening in story:
        match happening:
            case (float() as score, int() as frames):
                call.passes(20 * frames, score)
            case _:
                call.tell(happening)
    call.passes(CAP_MS[eagerness] + 20)

    edges = [type(output) for output in call.outputs if isinstance(output, SpeechStarted | SpeechStopped)]
    assert edges[::2] == [SpeechStarted] * (len(edges) // 2)
    assert edges[1::2] == [SpeechStopped] * (len(edges) // 2)
