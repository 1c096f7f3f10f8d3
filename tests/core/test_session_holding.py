"""An answer is late, and the caller hears that it is still to come."""

from pipeline.providers import FunctionCall
from pipeline.realtime.config import FunctionTool, SessionConfig
from pipeline.realtime.events import ItemTruncated, PlayoutStarted, PlayoutStopped
from pipeline.signals import FillSilence, FlushPlayout, Hold, Limits, Play, SpeechMade
from tests.drive.story import Story, sound

HOLD = Hold(sound(1_000), after_ms=2_000)


def a_caller_who_asks(config: SessionConfig | None = None) -> Story:
    call = Story(config, hold=HOLD)
    call.caller_says("what time do you open")
    call.take()
    return call


def test_a_model_that_is_silent_is_covered_in_time() -> None:
    call = a_caller_who_asks()
    call.passes(1_960)
    assert call.take(FillSilence) == []
    call.passes(60)

    assert call.take(FillSilence) == [FillSilence(HOLD.pcm)]


def test_a_recogniser_that_is_silent_is_covered_in_time() -> None:
    call = Story(hold=HOLD)
    call.caller_speaks(600)
    call.caller_stops()
    call.passes(2_020)

    assert call.take(FillSilence) == [FillSilence(HOLD.pcm)]


def test_a_voice_that_breaks_off_is_covered_in_time() -> None:
    call = a_caller_who_asks()
    call.model_says("We open at nine in the morning. ")
    call.tell(SpeechMade("resp_1", 0, sound(500)))
    call.passes(2_400)
    assert call.take(FillSilence) == []
    call.passes(160)

    assert call.take(FillSilence) == [FillSilence(HOLD.pcm)]


def test_the_answer_cuts_what_only_filled_the_silence() -> None:
    call = a_caller_who_asks()
    call.passes(2_400)
    call.take()
    call.agent_says("At nine.", 800)

    assert [type(output) for output in call.take(Play, FlushPlayout)] == [FlushPlayout, Play]


def test_what_filled_the_silence_is_no_part_of_what_was_heard() -> None:
    call = a_caller_who_asks()
    call.passes(2_400)
    call.agent_says("We open at nine in the morning, every day but Sunday.", 3_000)
    call.passes(1_000)
    call.caller_speaks(700)

    (truncated,) = call.take(ItemTruncated)
    assert truncated.audio_end_ms == 1_060


def test_what_was_heard_before_a_silence_counts_and_the_filling_does_not() -> None:
    call = a_caller_who_asks()
    call.model_says("We open at nine in the morning. ")
    call.tell(SpeechMade("resp_1", 0, sound(500)))
    call.passes(3_000)
    assert call.take(FillSilence)
    call.caller_speaks(200)

    (truncated,) = call.take(ItemTruncated)
    assert truncated.audio_end_ms == 500


def test_what_fills_the_silence_is_not_told_as_words() -> None:
    call = a_caller_who_asks()
    call.passes(3_500)
    assert call.take(FillSilence, PlayoutStarted, PlayoutStopped) == [FillSilence(HOLD.pcm)]
    call.agent_says("At nine.", 800)
    call.passes(200)

    assert len(call.take(PlayoutStarted)) == 1


def test_no_silence_in_a_long_wait_is_longer_than_the_first() -> None:
    call = Story(hold=HOLD, limits=Limits(progress_ms=60_000))
    call.caller_says("what time do you open")
    fills = []
    for _ in range(15):
        call.passes(1_000)
        fills.append(len(call.take(FillSilence)))

    assert fills == [0, 1, 0] * 5


def test_nothing_is_filled_while_the_caller_speaks_or_an_application_looks_something_up() -> None:
    call = a_caller_who_asks(config=SessionConfig(tools=(FunctionTool(name="lookup"),)))
    call.passes(1_000)
    call.caller_speaks(4_000)
    call.caller_stops()
    call.recogniser_hears("hello")
    call.model_gives(FunctionCall("call_1", "lookup", "{}"))
    call.model_ends()
    call.passes(6_000)

    assert call.take(FillSilence) == []
