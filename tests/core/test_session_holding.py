"""An answer is late, and the caller hears that it is still to come."""

from dataclasses import replace
from typing import Any

from pipeline.manners import Manners
from pipeline.realtime.config import Audio, AudioInput, FunctionTool, ServerVad, SessionConfig
from pipeline.realtime.events import ItemTruncated, PlayoutStarted, PlayoutStopped
from pipeline.signals import (
    FillSilence,
    FlushPlayout,
    Greet,
    HearingLost,
    Hold,
    Limits,
    Play,
    Setting,
    SpeechMade,
)
from tests.drive.client import answers, asks
from tests.drive.story import Story, sound

HOLD = Hold(sound(1_000), after_ms=2_000)


def a_caller_who_asks(config: SessionConfig | None = None) -> Story:
    call = Story(config, hold=HOLD)
    call.caller_says("what time do you open")
    call.take()
    return call


def test_a_model_that_is_silent_is_covered_in_time() -> None:
    call = a_caller_who_asks()
    call.passes(1_480)
    assert call.take(FillSilence) == []
    call.passes(20)

    assert call.take(FillSilence) == [FillSilence(HOLD.pcm)]


def test_a_recogniser_that_is_silent_is_covered_in_time() -> None:
    call = Story(hold=HOLD)
    call.caller_speaks(600)
    call.caller_stops()
    call.passes(1_500)

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


def test_the_wait_counts_from_the_end_of_what_the_caller_said_and_audio_is_late() -> None:
    call = Story(hold=HOLD, limits=Limits(line_delay_ms=20))
    call.caller_speaks(600)
    call.passes(1_960)
    assert call.take(FillSilence) == []
    call.passes(20)

    assert call.take(FillSilence) == [FillSilence(HOLD.pcm)]


def test_a_turn_that_was_long_in_doubt_leaves_half_of_the_wait_for_the_answer() -> None:
    slow = SessionConfig(audio=Audio(input=AudioInput(turn_detection=ServerVad(silence_duration_ms=1_800))))
    call = Story(slow, hold=HOLD)
    call.caller_speaks(600)
    call.passes(2_760)
    assert call.take(FillSilence) == []
    call.passes(60)

    assert call.take(FillSilence) == [FillSilence(HOLD.pcm)]


def test_who_pressed_keys_waits_from_the_last_of_them_and_not_from_the_end_of_the_entry() -> None:
    call = Story(hold=HOLD)
    call.caller_presses("42")
    call.passes(2_160)
    assert call.take(FillSilence) == []
    call.passes(20)

    assert call.take(FillSilence) == [FillSilence(HOLD.pcm)]


def test_nothing_is_filled_while_the_caller_speaks() -> None:
    call = a_caller_who_asks()
    call.passes(1_000)
    call.caller_speaks(4_000)
    call.caller_stops()

    assert call.take(FillSilence) == []


def test_a_mere_noise_is_not_asked_to_wait() -> None:
    call = Story(hold=HOLD)
    call.caller_speaks(100)
    call.caller_stops()
    call.passes(4_000)
    call.recogniser_hears("")
    call.passes(4_000)

    assert call.take(FillSilence) == []


def test_a_noise_that_cut_the_agent_short_is_answered_and_so_asked_to_wait() -> None:
    call = Story(hold=HOLD, setting=Setting(manners=Manners(two_step=False)))
    call.tell(Greet())
    call.agent_says("Good evening, this is the restaurant.", 3_000)
    call.passes(500)
    call.caller_speaks(100)
    call.caller_stops()
    call.passes(1_500)

    assert call.take(FillSilence) == [FillSilence(HOLD.pcm)]


def an_agent_who_looks_something_up(**more: Any) -> Story:
    call = Story(SessionConfig(tools=(FunctionTool(name="lookup"),)), **{"hold": HOLD, **more})
    call.caller_says("is there a table")
    call.model_says("Let me see.")
    call.model_calls("lookup")
    call.model_ends()
    call.voice_speaks(1_000)
    call.passes(1_000)
    call.take()
    return call


def test_while_something_is_looked_up_no_silence_is_longer_than_the_first() -> None:
    call = an_agent_who_looks_something_up()
    fills = []
    for _ in range(12):
        call.passes(1_000)
        fills.append(len(call.take(FillSilence)))

    assert fills == [0, 1, 0] * 4


def test_a_lookup_without_a_word_is_covered_from_the_end_of_the_callers_turn() -> None:
    call = Story(SessionConfig(tools=(FunctionTool(name="lookup"),)), hold=HOLD)
    call.caller_says("is there a table")
    call.model_calls("lookup")
    call.model_ends()
    call.passes(1_500)

    assert call.take(FillSilence) == [FillSilence(HOLD.pcm)]


def test_whoever_looks_it_up_may_tell_how_far_it_is() -> None:
    call = an_agent_who_looks_something_up()
    call.passes(2_500)
    call.take()
    call.tell(asks(instructions="Say that it takes a moment."))
    call.agent_says("The kitchen is being asked.", 1_000)
    told = [type(output) for output in call.take(FlushPlayout, Play)]
    call.passes(2_960)
    silent = call.take(FillSilence)
    call.passes(20)

    assert (told, silent) == ([FlushPlayout, Play], [])
    assert call.take(FillSilence) == [FillSilence(HOLD.pcm)]


def test_the_answer_does_not_wait_for_what_filled_the_silence_of_the_reply_before() -> None:
    call = an_agent_who_looks_something_up()
    call.passes(2_200)
    call.take()
    call.tell(answers("call_1", "yes"))
    call.tell(asks())
    call.agent_says("Yes, there is.", 1_000)
    assert [type(output) for output in call.take(FlushPlayout, Play)] == [FlushPlayout, Play]
    call.passes(600)
    call.caller_speaks(700)

    (truncated,) = call.take(ItemTruncated)
    assert truncated.audio_end_ms == 660


def test_last_words_do_not_wait_for_what_fills_a_silence() -> None:
    call = a_caller_who_asks()
    call.passes(1_800)
    call.take()
    call.tell(HearingLost("unreachable"))

    assert [type(output) for output in call.take(FlushPlayout, Play)] == [FlushPlayout, Play]


def test_a_caller_who_speaks_again_while_something_is_looked_up_is_listened_to() -> None:
    call = an_agent_who_looks_something_up()
    call.passes(2_200)
    call.take()
    call.caller_speaks(100)

    assert call.take(FlushPlayout, FillSilence) == [FlushPlayout()]


def test_what_is_looked_up_for_an_agent_that_writes_is_waited_for_in_silence() -> None:
    call = Story(SessionConfig(tools=(FunctionTool(name="lookup"),), output_modalities=("text",)), hold=HOLD)
    call.caller_says("is there a table")
    call.model_calls("lookup")
    call.model_ends()
    call.passes(6_000)

    assert call.take(FillSilence) == []


def test_a_sound_goes_on_after_the_words_until_the_agent_speaks() -> None:
    call = Story(hold=replace(HOLD, sound=sound(400)))
    call.caller_says("what time do you open")
    call.passes(3_320)
    assert call.take(FillSilence) == [FillSilence(HOLD.pcm), *[FillSilence(sound(400))] * 3]

    call.agent_says("At nine.", 800)
    call.passes(1_600)

    assert [type(output) for output in call.take(FlushPlayout, Play, FillSilence)] == [FlushPlayout, Play]


def test_a_sound_may_stand_for_words() -> None:
    call = Story(hold=Hold(after_ms=2_000, sound=sound(400)))
    call.caller_says("what time do you open")
    call.passes(2_000)

    assert call.take(FillSilence) == [FillSilence(sound(400))] * 2


def test_a_short_word_that_is_understood_late_was_waited_with_from_its_end() -> None:
    call = Story(hold=HOLD)
    call.caller_speaks(100)
    call.caller_stops()
    call.passes(1_300)
    call.recogniser_hears("no")
    call.passes(980)
    assert call.take(FillSilence) == []
    call.passes(20)

    assert call.take(FillSilence) == [FillSilence(HOLD.pcm)]
