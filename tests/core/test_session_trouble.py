"""Providers fail, and the caller hears about it."""

import pytest

from pipeline.excuses import excuses
from pipeline.providers import CutShort
from pipeline.realtime.config import FunctionTool, SessionConfig
from pipeline.realtime.events import ResponseDone
from pipeline.signals import (
    EndCall,
    Greet,
    HearingLost,
    LastResort,
    Limits,
    Permissions,
    Play,
    ReplyEnded,
    Speak,
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
    StartReply,
    TransferCall,
    TransferFailed,
)
from tests.drive.story import APOLOGY_MS, Story, sound

LIMITS = Limits()
APOLOGY = " " + excuses("en").failed


def statuses(call: Story) -> list[tuple[str, str]]:
    return [
        (done.response.status, done.response.status_details.error.code if done.response.status == "failed" else "")
        for done in call.take(ResponseDone)
    ]


def test_a_model_that_fails_is_excused_and_the_call_goes_on() -> None:
    call = Story()
    call.caller_says("hello")

    call.model_fails("unreachable")
    call.voice_speaks(1_000)
    call.passes(2_020)
    assert statuses(call) == [("failed", "llm_unreachable")]
    call.caller_says("hello again")

    assert call.said_so_far() == [("user", "hello"), ("assistant", APOLOGY.strip()), ("user", "hello again")]


def test_what_the_model_said_before_it_failed_and_was_not_spoken_was_not_said() -> None:
    call = Story()
    call.caller_says("hello")
    call.model_says("Good evening. Your balance")
    call.tell(SpeechMade("resp_1", 0, sound(900)))
    call.tell(SpeechEnded("resp_1", 0))

    call.model_fails()
    call.voice_speaks(1_000)
    call.passes(3_000)
    call.caller_says("what")

    assert call.said_so_far()[1] == ("assistant", f"Good evening.{APOLOGY}")


def test_what_a_failed_model_still_had_under_way_is_dropped() -> None:
    call = Story()
    call.caller_says("hello")
    call.model_says("Good evening. ")
    call.model_fails()
    call.take()

    call.model_says("Hello?")
    call.tell(SpeechMade("resp_1", 0, sound(100)))
    call.tell(ReplyEnded("resp_1"))

    assert call.take() == []


def test_a_model_that_says_nothing_is_excused() -> None:
    call = Story()
    call.caller_says("hello")

    call.model_says(" \n")
    call.model_ends()
    call.voice_speaks(1_000)

    assert statuses(call) == [("failed", "llm_malformed")]
    assert call.queued_ms == 2_000


def test_a_model_that_was_cut_off_before_its_first_word_is_excused() -> None:
    call = Story()
    call.caller_says("hello")

    call.model_gives(CutShort("content_filter"))
    call.model_ends()
    call.voice_speaks(1_000)

    assert call.queued_ms == 2_000


def test_a_model_that_was_cut_off_in_the_middle_says_what_it_has() -> None:
    call = Story()
    call.caller_says("hello")

    call.model_says("Good evening, I would")
    call.model_gives(CutShort("max_output_tokens"))
    call.model_ends()
    call.voice_speaks(2_000)

    response = call.take(ResponseDone)[0].response
    assert (response.status, response.status_details.reason) == ("incomplete", "max_output_tokens")


def test_an_agent_without_a_greeting_waits_for_the_caller() -> None:
    call = Story()
    call.tell(Greet())

    call.model_ends()

    assert statuses(call) == [("completed", "")]


def test_a_model_that_stalls_is_excused() -> None:
    call = Story()
    call.caller_says("hello")
    call.passes(LIMITS.progress_ms)
    assert statuses(call) == []

    call.passes(20)
    call.voice_speaks(2_000)

    assert statuses(call) == [("failed", "llm_stalled")]


def test_a_model_that_pauses_while_the_agent_is_heard_has_not_stalled() -> None:
    call = Story()
    call.caller_says("hello")
    call.model_says("This takes a while. ")
    call.voice_speaks(12_000)

    call.passes(12_000 + LIMITS.progress_ms)

    assert statuses(call) == []


def test_a_model_that_fails_three_times_in_a_row_ends_the_call() -> None:
    call = Story()
    for _ in range(3):
        call.caller_says("hello")
        call.model_fails("limited")
        call.voice_speaks(1_000)
        call.passes(1_020)

    call.passes(APOLOGY_MS + 20)

    assert call.take(EndCall) == [EndCall("provider", "llm_limited")]


def test_failures_with_a_good_reply_between_them_do_not_add_up() -> None:
    call = Story()
    for _ in range(4):
        call.caller_says("hello")
        call.model_fails()
        call.voice_speaks(1_000)
        call.passes(1_020)
        call.caller_says("hello")
        call.agent_says("Good evening.", ms=1_000)
        call.passes(1_020)

    assert call.take(EndCall) == []


def test_a_voice_that_fails_leaves_last_words_and_ends_the_call() -> None:
    call = Story()
    call.caller_says("hello")
    call.model_says("Good evening. ")

    call.tell(SpeechFailed("resp_1", "refused"))
    heard_ms = call.queued_ms
    call.passes(APOLOGY_MS + 20)

    assert heard_ms == APOLOGY_MS
    assert statuses(call) == [("failed", "tts_refused"), ("completed", "")]
    assert EndCall("provider", "tts_refused") in call.outputs


def test_what_the_voice_had_made_is_heard_before_the_last_words() -> None:
    call = Story()
    call.tell(Greet())
    call.model_says("Good evening. ")
    call.tell(SpeechMade("resp_1", 0, sound(600)))

    call.tell(SpeechFailed("resp_1", "unreachable"))
    call.passes(600 + APOLOGY_MS)

    assert call.played_ms == 600 + APOLOGY_MS
    assert call.take(EndCall) == [EndCall("provider", "tts_unreachable")]


def test_a_voice_that_stalls_ends_the_call() -> None:
    call = Story()
    call.caller_says("hello")
    call.model_says("Good evening.")
    call.model_ends()

    call.passes(LIMITS.progress_ms + 20)
    call.passes(APOLOGY_MS)

    assert call.take(EndCall) == [EndCall("provider", "tts_stalled")]


def test_a_voice_that_makes_no_sound_of_the_words_is_given_others() -> None:
    call = Story()
    call.caller_says("hello")
    call.model_says("你好。")
    call.model_ends()

    call.voice_speaks(0)

    assert "".join(piece.text for piece in call.take(Speak)) == f"你好。{APOLOGY}"


def test_a_voice_that_makes_no_sound_at_all_ends_the_call() -> None:
    call = Story()
    call.caller_says("hello")
    call.agent_says("Good evening.", ms=0)
    call.voice_speaks(0)

    call.passes(APOLOGY_MS + 20)

    assert call.take(EndCall) == [EndCall("provider", "tts_malformed")]


@pytest.mark.parametrize("text", ["…", "🙂", "?!"])
def test_a_reply_that_nobody_could_speak_is_no_reply(text: str) -> None:
    call = Story()
    call.caller_says("hello")
    call.model_says(text)
    call.model_ends()
    call.voice_speaks(1_000)

    assert statuses(call)[0] == ("failed", "llm_malformed")


def test_an_agent_who_cannot_hear_any_more_says_so_and_leaves() -> None:
    call = Story()
    call.agent_greets()

    call.tell(HearingLost("unreachable"))
    call.passes(APOLOGY_MS)

    assert call.take(EndCall) == [EndCall("provider", "stt_unreachable")]


def test_the_caller_cannot_talk_the_last_words_away() -> None:
    call = Story()
    call.agent_greets()
    call.tell(HearingLost("unreachable"))
    call.take()

    call.caller_speaks(600)
    call.passes(APOLOGY_MS)

    assert call.take(StartReply, EndCall) == [EndCall("provider", "stt_unreachable")]


def test_without_last_words_what_is_queued_is_heard_before_the_end() -> None:
    call = Story(last_resort=LastResort())
    call.tell(Greet())
    call.agent_says("Good evening.", ms=1_000)
    call.tell(HearingLost("refused"))
    call.passes(980)
    assert call.take(EndCall) == []

    call.passes(20)

    assert call.take(EndCall) == [EndCall("provider", "stt_refused")]


def test_a_recogniser_that_never_answers_ends_the_call() -> None:
    call = Story()
    for _ in range(3):
        call.caller_speaks(600)
        call.caller_stops()
        call.passes(LIMITS.transcript_ms + 20)
        call.agent_says("Sorry?", ms=200)
        call.passes(220)
    call.passes(APOLOGY_MS)

    assert call.take(EndCall) == [EndCall("provider", "stt_stalled")]


def test_a_transcript_that_comes_makes_up_for_those_that_did_not() -> None:
    call = Story()
    for _ in range(4):
        call.caller_speaks(600)
        call.caller_stops()
        call.passes(LIMITS.transcript_ms + 20)
        call.unheard()
        call.agent_says("Sorry?", ms=200)
        call.passes(220)
        call.caller_says("hello")
        call.agent_says("Hello.", ms=200)
        call.passes(220)

    assert call.take(EndCall) == []


def test_a_failed_reply_hangs_up_on_nobody() -> None:
    call = Story(permissions=Permissions(hang_up=True))
    call.caller_says("bye")
    call.model_calls("hang_up")
    call.model_fails()
    call.voice_speaks(1_000)
    call.passes(5_000)

    assert call.take(EndCall) == []


def test_a_session_that_writes_apologises_in_writing() -> None:
    call = Story(SessionConfig(output_modalities=("text",)))
    call.caller_says("hello")

    call.model_fails()

    response = call.take(ResponseDone)[0].response
    assert (response.status, response.output[0].content[0].text) == ("failed", APOLOGY)


def test_a_session_that_writes_ends_without_a_sound() -> None:
    call = Story(SessionConfig(output_modalities=("text",)))
    call.tell(HearingLost("refused"))

    call.passes(20)

    assert call.queued_ms == call.played_ms == 0
    assert call.take(EndCall) == [EndCall("provider", "stt_refused")]


def test_a_function_call_without_words_is_a_reply() -> None:
    call = Story(SessionConfig(tools=(FunctionTool(name="lookup"),)))
    call.caller_says("hello")
    call.model_calls("lookup")
    call.model_ends()

    assert statuses(call) == [("completed", "")]


def a_call_without_a_voice(last_resort: LastResort) -> Story:
    """The last words have been heard."""
    call = Story(last_resort=last_resort)
    call.caller_says("hello")
    call.model_says("Good evening.")
    call.tell(SpeechFailed("resp_1", "refused"))
    call.passes(APOLOGY_MS + 40)
    return call


def test_a_caller_whom_no_provider_can_serve_is_handed_over() -> None:
    call = a_call_without_a_voice(LastResort(pcm=sound(APOLOGY_MS), target="sip:desk@example.com"))
    call.caller_says("are you still there")
    call.passes(3_000)

    assert call.take(TransferCall, EndCall, StartReply)[1:] == [TransferCall("sip:desk@example.com")]


def test_a_desk_that_does_not_answer_is_the_last_resort() -> None:
    call = a_call_without_a_voice(LastResort(pcm=sound(APOLOGY_MS), target="sip:desk@example.com"))
    call.take()
    call.tell(TransferFailed(486))
    words = call.take(Play)
    call.passes(APOLOGY_MS + 40)

    assert ([play.speech for play in words], call.take(EndCall)) == (
        [sound(APOLOGY_MS)],
        [EndCall("provider", "rescue_failed")],
    )


def test_a_message_may_be_left_when_no_provider_can_go_on() -> None:
    call = a_call_without_a_voice(LastResort(pcm=sound(APOLOGY_MS), listen_ms=5_000))
    call.caller_speaks(3_000)
    call.passes(1_900)
    assert call.take(EndCall) == []
    call.passes(200)

    assert call.take(EndCall) == [EndCall("provider", "tts_refused")]
