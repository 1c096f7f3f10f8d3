"""The caller interrupts an agent who yields at once."""

from pipeline.manners import Manners
from pipeline.providers import FunctionCall, FunctionOutput
from pipeline.realtime.config import Audio, AudioInput, FunctionTool, ServerVad, SessionConfig
from pipeline.realtime.events import ItemTruncated, PlayoutCleared, PlayoutStopped, ResponseDone, SpeechStarted
from pipeline.signals import (
    CancelReply,
    FlushPlayout,
    Greet,
    Play,
    Setting,
    SpeechEnded,
    SpeechMade,
    StartReply,
)
from tests.drive.client import answers, asks, cancels
from tests.drive.story import Story, sound

AT_ONCE = Setting(manners=Manners(two_step=False))
LONG = "Welcome to the restaurant. We open at six. Would you like a table tonight?"


def an_agent_who_speaks() -> Story:
    """400 ms of a reply have been heard, more is queued, and more is being made."""
    call = Story(setting=AT_ONCE)
    call.tell(Greet())
    call.model_says(LONG)
    call.tell(SpeechMade("resp_1", 0, sound(1_600)))
    call.tell(SpeechEnded("resp_1", 0))
    call.passes(400)
    call.take()
    return call


def test_the_caller_takes_the_floor() -> None:
    call = an_agent_who_speaks()

    call.caller_speaks(60)

    assert call.take_names() == [
        "input_audio_buffer.speech_started",
        "BeginUtterance",
        "FlushPlayout",
        "CancelReply",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
        "output_audio_buffer.cleared",
        "conversation.item.truncated",
    ]


def test_the_agent_is_silent_60_ms_after_the_onset() -> None:
    call = an_agent_who_speaks()

    call.caller_speaks(200)

    assert call.played_ms == 460


def test_a_sound_of_40_ms_interrupts_nobody() -> None:
    call = an_agent_who_speaks()

    call.caller_speaks(40)
    call.passes(100)

    assert call.take() == []


def test_only_what_was_heard_stays_in_the_conversation() -> None:
    call = an_agent_who_speaks()
    call.passes(1_200)

    call.caller_says("stop")

    assert call.said_so_far() == [("assistant", "Welcome to the restaurant."), ("user", "stop")]


def test_a_piece_that_was_heard_in_part_keeps_the_words_that_fit() -> None:
    call = Story(setting=AT_ONCE)
    call.tell(Greet())
    call.agent_says("Welcome to the restaurant.", ms=2_000)
    call.passes(1_000)

    call.caller_says("stop")

    assert call.said_so_far() == [("assistant", "Welcome to"), ("user", "stop")]


def test_the_item_is_cut_where_the_caller_stopped_hearing_it() -> None:
    call = an_agent_who_speaks()

    call.caller_speaks(60)

    assert call.take(ItemTruncated) == [ItemTruncated(event_id="", item_id="item_1", audio_end_ms=460)]


def test_nothing_cut_is_played_later() -> None:
    call = an_agent_who_speaks()
    call.caller_speaks(60)
    call.take()

    call.tell(SpeechMade("resp_1", 1, sound(500)))
    call.model_says("Hello?")

    assert call.take(Play) == []


def test_an_interruption_before_the_first_sound() -> None:
    call = Story(setting=AT_ONCE)
    call.caller_says("hello")
    call.model_says("Good evening. ")
    call.take()

    call.caller_speaks(60)

    assert call.take(CancelReply, PlayoutCleared, ItemTruncated) == [
        CancelReply("resp_1"),
        ItemTruncated(event_id="", item_id="item_2", audio_end_ms=0),
    ]


def test_an_agent_who_was_never_heard_said_nothing() -> None:
    call = Story(setting=AT_ONCE)
    call.caller_says("hello")
    call.model_says("Good evening. ")

    call.caller_says("are you there")

    assert call.said_so_far() == [("user", "hello"), ("user", "are you there")]


def test_an_interruption_when_only_playout_is_left_cancels_no_response() -> None:
    call = Story(setting=AT_ONCE)
    call.tell(Greet())
    call.agent_says("Welcome to the restaurant.", ms=2_000)
    call.passes(500)
    call.take()

    call.caller_speaks(60)

    assert call.take_names() == [
        "input_audio_buffer.speech_started",
        "BeginUtterance",
        "FlushPlayout",
        "output_audio_buffer.cleared",
        "conversation.item.truncated",
    ]


def test_one_interruption_silences_the_reply_that_plays_and_the_one_behind_it() -> None:
    call = Story(setting=AT_ONCE)
    call.tell(Greet())
    call.agent_says("Welcome to the restaurant.", ms=1_000)
    call.tell(asks())
    call.model_says("We open at six. ")
    call.tell(SpeechMade("resp_2", 0, sound(1_000)))
    call.passes(500)
    call.take()

    call.caller_speaks(60)

    assert call.take(FlushPlayout, CancelReply, ResponseDone, PlayoutCleared, ItemTruncated)[:2] == [
        FlushPlayout(),
        CancelReply("resp_2"),
    ]
    call.caller_stops()
    call.recogniser_hears("stop")
    assert call.said_so_far() == [("assistant", "Welcome to the"), ("user", "stop")]


def test_every_start_of_playout_has_one_end() -> None:
    call = an_agent_who_speaks()
    call.caller_speaks(60)
    call.passes(3_000)

    assert call.take(PlayoutCleared, PlayoutStopped) == [PlayoutCleared(event_id="", response_id="resp_1")]


def test_a_noise_that_silenced_the_agent_leaves_no_dead_air() -> None:
    call = an_agent_who_speaks()

    call.caller_speaks(80)
    call.caller_stops()
    call.recogniser_hears("")

    assert call.said_so_far() == [("assistant", "Welcome"), ("user", "")]


def test_an_agent_who_may_not_be_interrupted_speaks_on() -> None:
    call = Story(SessionConfig(audio=Audio(input=AudioInput(turn_detection=ServerVad(interrupt_response=False)))))
    call.tell(Greet())
    call.agent_says("Welcome to the restaurant.", ms=2_000)
    call.passes(500)
    call.take()

    call.caller_speaks(500)

    assert call.take(SpeechStarted, FlushPlayout) == [
        SpeechStarted(event_id="", audio_start_ms=200, item_id="item_2"),
    ]


def test_a_client_silences_the_agent() -> None:
    call = an_agent_who_speaks()

    call.tell(cancels())

    done = call.take(ResponseDone)
    assert [(event.response.status, event.response.status_details.reason) for event in done] == [
        ("cancelled", "client_cancelled")
    ]
    assert call.queued_ms == 0


def test_a_function_that_was_called_before_the_interruption_is_still_answered() -> None:
    call = Story(SessionConfig(tools=(FunctionTool(name="lookup"),)))
    call.caller_says("is there a table")
    call.model_says("Let me see. ")
    call.model_calls("lookup")
    call.caller_says("for two")
    call.agent_says("One moment.", ms=500)
    call.passes(520)

    call.tell(answers("call_1", '{"free": true}'))
    call.tell(asks())

    assert call.prompt is not None
    assert [turn for turn in call.prompt.turns if isinstance(turn, FunctionCall | FunctionOutput)] == [
        FunctionCall("call_1", "lookup", "{}"),
        FunctionOutput("call_1", '{"free": true}'),
    ]


def test_the_answer_to_an_interruption_is_asked_for_once() -> None:
    call = an_agent_who_speaks()

    call.caller_says("stop")
    call.passes(2_000)

    assert len(call.take(StartReply)) == 1
