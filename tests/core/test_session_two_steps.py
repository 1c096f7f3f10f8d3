"""The caller makes a sound while the agent speaks: it waits until it is clear what that was, and yields or goes on."""

from collections.abc import Iterable

import pytest

from pipeline.manners import Manners
from pipeline.providers import HeardOut, Transcript
from pipeline.realtime.config import Audio, AudioInput, ServerVad, SessionConfig, Transcription
from pipeline.realtime.events import ItemTruncated, ResponseCreated, ResponseDone
from pipeline.realtime.items import InputAudio
from pipeline.realtime.ours import BargeInJudged
from pipeline.signals import (
    CancelReply,
    EndCall,
    FillSilence,
    FlushPlayout,
    Greet,
    HearingLost,
    Hold,
    LastResort,
    Limits,
    Output,
    PausePlayout,
    Permissions,
    ResumePlayout,
    Setting,
    ShowItem,
    SpeechEnded,
    SpeechMade,
    StartReply,
    TransferCall,
)
from tests.drive.client import a_client, asks, becomes, cancels, says
from tests.drive.story import MS_PER_CHARACTER, Story, sound

STORY = "There once was a restaurant by the sea. It had a garden full of roses, and a cat that slept on the piano."
QUESTION = "Would you like a table tonight? We have a quiet one by the window, and a large one in the garden."
SHORT = "Good evening, this is the restaurant."
STORY_MS, QUESTION_MS, SHORT_MS = (
    len(text) * MS_PER_CHARACTER for text in (STORY, "Would you like a table tonight?", SHORT)
)
HEARD_MS = 2_000


def an_agent_who_tells(text: str = STORY, heard_ms: int = HEARD_MS, **more: object) -> Story:
    """The whole reply is made, and some of it has been heard."""
    call = Story(**more)  # type: ignore[arg-type]
    call.tell(Greet())
    call.agent_says(text)
    call.passes(heard_ms)
    call.take()
    return call


def steps(call: Story) -> list[type]:
    """What became of the agent's audio since the last look."""
    return [type(output) for output in call.take(PausePlayout, ResumePlayout, FlushPlayout)]


def verdicts(outputs: Iterable[Output]) -> list[str]:
    return [output.verdict for output in outputs if isinstance(output, BargeInJudged)]


def test_the_agent_is_silent_60_ms_after_the_onset_and_nothing_is_lost_yet() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(200)

    assert (call.take_names(), call.played_ms) == (
        ["input_audio_buffer.speech_started", "BeginUtterance", "PausePlayout"],
        HEARD_MS + 60,
    )


def test_a_cough_does_not_stop_the_agent() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(300)
    call.passes(1_000)
    call.recogniser_hears("")
    call.passes(STORY_MS)

    assert call.take_names() == [
        *("input_audio_buffer.speech_started", "BeginUtterance", "PausePlayout"),
        *("ResumePlayout", "offhook.barge_in"),
        *("input_audio_buffer.speech_stopped", "input_audio_buffer.committed"),
        *("conversation.item.added", "conversation.item.done", "EndUtterance"),
        "conversation.item.input_audio_transcription.completed",
        "output_audio_buffer.stopped",
    ]
    assert call.played_ms == STORY_MS


def test_a_second_burst_that_still_sounds_when_the_verdict_is_due_does_not_stop_the_agent() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(140)
    call.passes(320)
    call.caller_speaks(200)
    call.passes(1_000)

    outputs = call.take()
    assert [type(each) for each in outputs if isinstance(each, PausePlayout | ResumePlayout | FlushPlayout)] == [
        PausePlayout,
        ResumePlayout,
    ]
    assert verdicts(outputs) == ["noise"]


def test_a_click_is_forgotten_as_soon_as_it_is_over() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(80)
    call.passes(200)

    assert steps(call) == [PausePlayout, ResumePlayout]


def test_the_agent_waits_no_longer_than_the_verdict_takes() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(300)
    call.passes(340)
    assert steps(call) == [PausePlayout]

    call.passes(20)
    assert steps(call) == [ResumePlayout]


def test_a_listener_does_not_stop_the_agent() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(300)
    call.recogniser_shows("uh-huh")
    call.passes(1_000)
    call.recogniser_hears("uh-huh")
    call.passes(STORY_MS)

    assert call.take_names("offhook.partial_transcript") == [
        *("input_audio_buffer.speech_started", "BeginUtterance", "PausePlayout"),
        *("ResumePlayout", "offhook.barge_in"),
        *("input_audio_buffer.speech_stopped", "input_audio_buffer.committed"),
        *("conversation.item.added", "conversation.item.done", "EndUtterance"),
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        "output_audio_buffer.stopped",
    ]


def test_what_a_listener_said_is_an_item_and_no_turn() -> None:
    call = an_agent_who_tells()
    call.caller_speaks(300)
    call.passes(600)
    call.recogniser_hears("okay")
    call.passes(STORY_MS)

    call.caller_says("and then")

    assert call.said_so_far() == [("assistant", STORY), ("user", "and then")]
    call.tell(says("conversation.item.retrieve", item_id="item_2"))
    assert [shown.event.item.content for shown in call.take(ShowItem)] == [(InputAudio("okay"),)]


def test_a_listener_is_known_as_soon_as_he_is_silent() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(200)
    call.recogniser_shows("okay")
    call.passes(180)
    assert steps(call) == [PausePlayout]

    call.passes(20)
    assert steps(call) == [ResumePlayout]


def test_words_that_are_a_listeners_in_one_language_are_not_in_another() -> None:
    german = SessionConfig(audio=Audio(input=AudioInput(transcription=Transcription(language="de"))))
    call = an_agent_who_tells(config=german)

    call.caller_speaks(200)
    call.recogniser_shows("claro")
    call.passes(460)

    assert steps(call) == [PausePlayout, FlushPlayout]


def test_a_route_may_know_more_of_them() -> None:
    call = an_agent_who_tells(setting=Setting(manners=Manners(backchannels=("roger that",))))

    call.caller_speaks(300)
    call.recogniser_shows("roger")
    call.recogniser_shows("roger that")
    call.passes(600)

    assert verdicts(call.take()) == ["backchannel"]


def test_words_interrupt() -> None:
    call = an_agent_who_tells()
    call.caller_speaks(200)
    call.recogniser_shows("wait")
    call.passes(440)
    call.take()

    call.passes(20)

    assert call.take_names() == [
        *("FlushPlayout", "output_audio_buffer.cleared", "conversation.item.truncated"),
        "offhook.barge_in",
    ]


def test_an_interruption_cancels_the_response_that_is_still_made() -> None:
    call = Story()
    call.tell(Greet())
    call.model_says(STORY)
    call.tell(SpeechMade("resp_1", 0, sound(2_000)))
    call.passes(400)
    call.caller_speaks(300)
    call.take()

    call.recogniser_shows("stop")
    call.caller_stops()

    assert call.take_names("offhook.partial_transcript") == [
        *("FlushPlayout", "CancelReply"),
        *("response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done"),
        *("response.output_item.done", "conversation.item.done", "response.done"),
        *("output_audio_buffer.cleared", "conversation.item.truncated", "offhook.barge_in", "Foresee"),
        *("input_audio_buffer.speech_stopped", "input_audio_buffer.committed"),
        *("conversation.item.added", "conversation.item.done", "EndUtterance", "response.created"),
    ]


def test_only_what_was_heard_stays_in_the_conversation() -> None:
    call = an_agent_who_tells(SHORT, 800)

    call.caller_speaks(300)
    call.recogniser_shows("stop")
    call.caller_stops()
    call.recogniser_hears("stop it")

    assert call.take(ItemTruncated) == [ItemTruncated(event_id="", item_id="item_1", audio_end_ms=860)]
    assert call.said_so_far() == [("assistant", "Good evening,"), ("user", "stop it")]


def test_a_caller_who_still_speaks_when_the_verdict_is_due_interrupts() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(640)
    assert steps(call) == [PausePlayout]

    call.caller_speaks(20)
    assert steps(call) == [FlushPlayout]


def test_a_word_of_a_listener_that_goes_on_is_waited_for() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(200)
    call.recogniser_shows("yeah")
    call.caller_speaks(500)
    call.recogniser_shows("yeah but not")
    call.passes(200)

    assert verdicts(call.take()) == ["backchannel", "interruption"]


def test_a_listeners_word_does_not_hide_a_long_speech() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(200)
    call.recogniser_shows("yeah")
    call.caller_speaks(800)

    assert verdicts(call.take()) == ["backchannel", "interruption"]


def test_words_that_come_late_interrupt_then() -> None:
    call = an_agent_who_tells()
    call.caller_speaks(300)
    call.passes(500)
    assert steps(call) == [PausePlayout, ResumePlayout]

    call.recogniser_hears("stop")

    assert [type(output) for output in call.take(FlushPlayout, ResponseCreated, StartReply)] == [
        FlushPlayout,
        ResponseCreated,
        StartReply,
    ]
    assert call.said_so_far()[-1] == ("user", "stop")


def test_speech_that_goes_on_after_a_pause_interrupts_then() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(300)
    call.passes(400)
    call.caller_speaks(140)
    assert steps(call) == [PausePlayout, ResumePlayout]

    call.caller_speaks(20)
    assert steps(call) == [FlushPlayout]


def test_a_word_that_only_begins_like_a_listeners_is_none() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(200)
    call.recogniser_shows("I")
    call.passes(300)
    call.recogniser_shows("I want")
    call.passes(160)

    assert steps(call) == [PausePlayout, FlushPlayout]


def test_a_guess_of_the_recogniser_is_no_word_yet() -> None:
    call = an_agent_who_tells()
    call.caller_speaks(200)
    for guess in ("four", "for a", "book"):
        call.recogniser_shows(guess)
        call.caller_speaks(100)
    assert steps(call) == [PausePlayout]

    call.recogniser_shows("okay")
    call.passes(200)
    assert steps(call) == [ResumePlayout]


def test_nobody_can_have_said_a_word_in_so_short_a_time() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(100)
    call.recogniser_shows("eight")
    call.passes(500)
    call.recogniser_hears("eight")

    assert steps(call) == [PausePlayout, ResumePlayout]


@pytest.mark.parametrize("heard_ms", [QUESTION_MS - 260, QUESTION_MS + 340])
def test_a_yes_after_the_agents_question_is_an_answer(heard_ms: int) -> None:
    call = an_agent_who_tells(QUESTION, heard_ms=heard_ms)

    call.caller_speaks(300)
    call.recogniser_shows("yes")
    call.passes(360)

    assert steps(call) == [PausePlayout, FlushPlayout]


def test_the_shortest_answer_to_a_question_is_heard() -> None:
    call = an_agent_who_tells("Would you like a table tonight?", QUESTION_MS - 500)

    call.caller_speaks(100)
    call.passes(700)
    call.recogniser_hears("no")

    assert call.said_so_far()[-1] == ("user", "no")


def test_a_yes_long_after_the_agents_question_is_a_listeners() -> None:
    call = an_agent_who_tells(QUESTION, heard_ms=3_600)

    call.caller_speaks(300)
    call.recogniser_shows("yes")
    call.passes(300)

    assert verdicts(call.take()) == ["backchannel"]


def test_an_answer_to_the_last_words_lets_them_be_heard_and_is_answered() -> None:
    call = an_agent_who_tells(SHORT, SHORT_MS - 700)

    call.caller_speaks(300)
    call.recogniser_shows("okay")
    call.passes(500)
    call.recogniser_hears("okay")

    assert call.take_names("offhook.partial_transcript")[2:] == [
        *("PausePlayout", "ResumePlayout", "offhook.barge_in"),
        *("input_audio_buffer.speech_stopped", "input_audio_buffer.committed"),
        *("conversation.item.added", "conversation.item.done", "EndUtterance", "response.created", "Foresee"),
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        *("StartReply", "DropForeseen"),
    ]
    call.passes(500)
    assert (call.played_ms, call.take_names()) == (SHORT_MS, ["output_audio_buffer.stopped"])


def test_an_answer_that_nobody_understood_is_asked_for_again() -> None:
    call = an_agent_who_tells(SHORT, SHORT_MS - 700)

    call.caller_speaks(300)
    call.passes(1_000)
    call.recogniser_hears("")

    assert len(call.take(StartReply)) == 1


def test_a_listener_whose_words_come_after_the_agents_last_is_not_answered() -> None:
    call = an_agent_who_tells(SHORT, 800)

    call.caller_speaks(300)
    call.passes(2_500)
    call.recogniser_hears("okay")
    call.passes(500)

    assert call.take(ResponseCreated, StartReply) == []


def test_a_caller_who_was_taken_for_a_noise_and_went_on_is_answered() -> None:
    call = an_agent_who_tells(SHORT, 800)

    call.caller_speaks(100)
    call.passes(480)
    call.caller_speaks(120)
    call.passes(2_000)
    call.recogniser_hears("hello are you there")

    assert len(call.take(StartReply)) == 1


def test_an_agent_who_has_not_been_heard_is_cancelled_at_once() -> None:
    call = Story()
    call.caller_says("hello")
    call.model_says("Good evening. ")
    call.take()

    call.caller_speaks(60)

    assert call.take(PausePlayout, CancelReply) == [CancelReply("resp_1")]


def test_an_agent_who_was_about_to_go_on_waits_as_well() -> None:
    call = Story()
    call.tell(Greet())
    call.model_says(STORY)
    call.tell(SpeechMade("resp_1", 0, sound(1_000)))
    call.passes(1_200)
    call.caller_speaks(100)
    call.tell(SpeechMade("resp_1", 0, sound(1_000)))
    call.passes(300)
    assert steps(call) == [PausePlayout, ResumePlayout]

    call.passes(2_000)
    assert call.played_ms == 2_000


def test_a_second_cough_does_not_make_the_agent_wait_for_longer() -> None:
    quick = SessionConfig(audio=Audio(input=AudioInput(turn_detection=ServerVad(silence_duration_ms=100))))
    call = an_agent_who_tells(config=quick)

    call.caller_speaks(200)
    call.passes(120)
    call.caller_speaks(200)
    call.passes(140)

    assert steps(call) == [PausePlayout, ResumePlayout]


def test_two_listeners_words_in_a_row_are_told_apart() -> None:
    quick = SessionConfig(audio=Audio(input=AudioInput(turn_detection=ServerVad(silence_duration_ms=100))))
    call = an_agent_who_tells(config=quick)
    call.caller_speaks(300)
    call.passes(400)
    call.caller_speaks(300)
    call.passes(400)
    first, second = call.unheard()

    call.tell(Transcript(first, "okay", final=True))
    call.tell(Transcript(second, "stop", final=True))

    assert verdicts(call.take()) == ["noise", "noise", "backchannel", "interruption"]


def test_a_key_interrupts_at_once() -> None:
    call = an_agent_who_tells()
    call.caller_speaks(100)

    call.caller_presses("1")

    assert steps(call) == [PausePlayout, FlushPlayout]
    call.passes(1_000)
    assert steps(call) == []


def test_a_client_who_cancels_leaves_nothing_waiting() -> None:
    call = Story()
    call.tell(Greet())
    call.model_says(STORY)
    call.tell(SpeechMade("resp_1", 0, sound(2_000)))
    call.passes(500)
    call.caller_speaks(100)

    call.tell(cancels())

    assert (steps(call), call.paused) == ([PausePlayout, FlushPlayout], False)
    call.caller_speaks(500)
    call.caller_stops()
    call.recogniser_hears("hello")
    assert len(call.take(StartReply)) == 1


def test_a_client_who_takes_the_audio_back_leaves_nothing_waiting() -> None:
    call = an_agent_who_tells()
    call.caller_speaks(200)

    call.tell(says("input_audio_buffer.clear"))
    call.passes(600)

    assert steps(call) == [PausePlayout, ResumePlayout]


@pytest.mark.parametrize("detection", [None, ServerVad(interrupt_response=False)])
def test_an_agent_who_may_no_longer_be_interrupted_goes_on_at_once(detection: ServerVad | None) -> None:
    call = an_agent_who_tells()
    call.caller_speaks(200)

    call.tell(becomes(SessionConfig(audio=Audio(input=AudioInput(turn_detection=detection)))))

    assert steps(call) == [PausePlayout, ResumePlayout]


def test_an_agent_who_may_not_be_interrupted_never_waits() -> None:
    deaf = SessionConfig(audio=Audio(input=AudioInput(turn_detection=ServerVad(interrupt_response=False))))
    call = an_agent_who_tells(config=deaf)

    call.caller_speaks(700)
    call.recogniser_shows("stop")

    assert steps(call) == []


def test_last_words_are_said_whoever_was_speaking() -> None:
    call = an_agent_who_tells(last_resort=LastResort(pcm=sound(1_000)))
    call.caller_speaks(200)

    call.tell(HearingLost("unreachable"))

    assert steps(call) == [PausePlayout, ResumePlayout]
    call.passes(STORY_MS)
    assert len(call.take(EndCall)) == 1


def test_a_transfer_that_is_planned_meanwhile_happens() -> None:
    call = Story(permissions=Permissions(transfer_targets={"sales": "sip:sales@example.com"}))
    call.caller_says("sales please")
    call.model_says("One moment. I will see who is there for you today.")
    call.tell(SpeechMade("resp_1", 0, sound(2_000)))
    call.passes(500)
    call.take()
    call.caller_speaks(100)
    call.model_calls("transfer", '{"target": "sales"}')
    call.model_ends()
    assert steps(call) == [PausePlayout]

    call.voice_speaks(1_000)
    assert steps(call) == [ResumePlayout]
    call.passes(3_500)
    assert call.take(TransferCall) == [TransferCall("sip:sales@example.com")]


def test_a_listener_does_not_take_back_a_goodbye() -> None:
    call = Story(permissions=Permissions(hang_up=True))
    call.caller_says("bye")
    call.model_says("Thank you for calling, and goodbye.")
    call.model_calls("hang_up")
    call.model_ends()
    call.voice_speaks(2_500)
    call.passes(500)

    call.caller_speaks(300)
    call.recogniser_shows("okay")
    call.caller_stops()
    call.recogniser_hears("okay")
    call.passes(6_000)

    assert call.take(EndCall) == [EndCall("us", "agent_hung_up")]


def test_silence_while_the_agent_waits_is_not_filled() -> None:
    quick = SessionConfig(audio=Audio(input=AudioInput(turn_detection=ServerVad(silence_duration_ms=100))))
    call = Story(quick, hold=Hold(sound(500), 300))
    call.tell(Greet())
    call.model_says(STORY)
    call.tell(SpeechMade("resp_1", 0, sound(1_000)))
    call.tell(SpeechEnded("resp_1", 0))
    call.passes(980)
    call.caller_speaks(200)
    call.passes(440)

    assert call.take(FillSilence) == []


def test_a_waiting_agents_reply_has_not_stalled() -> None:
    call = Story(
        SessionConfig(),
        limits=Limits(progress_ms=300),
        setting=Setting(manners=Manners(verdict_ms=1_000)),
    )
    call.tell(Greet())
    call.model_says(STORY)
    call.tell(SpeechMade("resp_1", 0, sound(1_000)))
    call.passes(980)
    call.caller_speaks(300)
    call.passes(700)

    assert call.take(ResponseDone) == []


def test_where_the_client_plays_it_is_told_to_stop_at_once() -> None:
    call = a_client()
    call.tell(asks())
    call.agent_says(STORY)
    call.passes(500)
    call.take()

    call.caller_speaks(60)

    assert call.take(PausePlayout, FlushPlayout) == [FlushPlayout()]


def test_the_verdict_says_how_it_came_to_be() -> None:
    call = an_agent_who_tells()

    call.caller_speaks(200)
    call.recogniser_shows("wait")
    call.passes(460)

    assert call.take(BargeInJudged) == [
        BargeInJudged(
            event_id="",
            item_id="item_2",
            response_id="resp_1",
            verdict="interruption",
            words="wait",
            took_ms=600,
            heard_ms=HEARD_MS + 60,
        )
    ]


def test_a_greeting_may_be_protected_and_is_answered_when_it_is_over() -> None:
    call = an_agent_who_tells(SHORT, 500, setting=Setting(manners=Manners(protect_greeting=True)))

    call.caller_says("a table for two please")
    assert steps(call) == []
    call.passes(SHORT_MS)

    assert call.played_ms == SHORT_MS
    assert call.said_so_far() == [("assistant", SHORT), ("user", "a table for two please")]


def test_only_the_greeting_is_protected_by_that() -> None:
    call = an_agent_who_tells(SHORT, SHORT_MS + 20, setting=Setting(manners=Manners(protect_greeting=True)))
    call.caller_says("tell me a story")
    call.agent_says(STORY)
    call.passes(500)

    call.caller_speaks(60)

    assert steps(call) == [PausePlayout]


def test_a_client_may_protect_a_response() -> None:
    call = Story()
    call.tell(asks(metadata={"offhook.protected": "true"}))
    call.agent_says("This call is recorded. Do you agree?")
    call.passes(500)
    call.take()

    call.caller_speaks(300)
    call.recogniser_shows("stop")
    call.passes(600)
    call.recogniser_hears("stop")

    assert steps(call) == []
    assert call.said_so_far()[-1] == ("user", "stop")


def test_a_model_may_protect_what_it_says() -> None:
    call = Story()
    call.tell(Greet())
    call.model_gives(HeardOut())
    call.agent_says("This call is recorded. Do you agree?")
    call.passes(500)
    call.take()

    call.caller_says("stop")

    assert steps(call) == []
    assert call.said_so_far()[-1] == ("user", "stop")


def test_what_waits_behind_the_agents_words_and_is_protected_protects_them() -> None:
    call = an_agent_who_tells(SHORT, 500)
    call.tell(asks(metadata={"offhook.protected": "true"}))

    call.caller_speaks(700)

    assert steps(call) == []


def test_a_key_and_a_client_silence_a_protected_agent() -> None:
    call = an_agent_who_tells(setting=Setting(manners=Manners(protect_greeting=True)))

    call.tell(says("output_audio_buffer.clear"))

    assert steps(call) == [FlushPlayout]
    call = an_agent_who_tells(setting=Setting(manners=Manners(protect_greeting=True)))
    call.caller_presses("1")
    assert steps(call) == [FlushPlayout]
