"""A caller and an agent take turns."""

from pipeline.providers import TextDelta, Transcript, Usage
from pipeline.realtime.config import Audio, AudioInput, ServerVad, SessionConfig
from pipeline.realtime.events import (
    ErrorEvent,
    PlayoutStarted,
    PlayoutStopped,
    ResponseCreated,
    ResponseDone,
    SpeechStarted,
    SpeechStopped,
    TimeoutTriggered,
    TranscriptCompleted,
)
from pipeline.realtime.ours import PartialTranscript
from pipeline.signals import (
    BeginUtterance,
    EndCall,
    Greet,
    Play,
    ReplyDelta,
    Speak,
    SpeechEnded,
    SpeechMade,
    StartReply,
)
from tests.drive.client import asks, becomes, cancels
from tests.drive.story import SPEECH, Story, sound


def listening(detection: ServerVad | None) -> SessionConfig:
    return SessionConfig(audio=Audio(input=AudioInput(turn_detection=detection)))


def test_a_spoken_turn_in_the_order_that_clients_rely_on() -> None:
    call = Story()

    call.caller_says("a table for two")
    call.agent_says("For when?")
    call.passes(1_000)

    assert call.take_names() == [
        "session.created",
        "conversation.created",
        "input_audio_buffer.speech_started",
        "BeginUtterance",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "EndUtterance",
        "response.created",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        "StartReply",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "Speak",
        "Play",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
        "output_audio_buffer.started",
        "output_audio_buffer.stopped",
    ]


def test_the_model_is_given_everything_that_was_said() -> None:
    call = Story()
    call.agent_greets("Hello.")
    call.caller_says("a table please")
    call.agent_says("For how many?", ms=500)
    call.passes(520)

    call.caller_says("for two")

    assert call.said_so_far() == [
        ("assistant", "Hello."),
        ("user", "a table please"),
        ("assistant", "For how many?"),
        ("user", "for two"),
    ]


def test_the_utterance_reaches_back_before_its_onset_and_ends_after_the_silence() -> None:
    call = Story(listening(ServerVad(prefix_padding_ms=300, silence_duration_ms=400)))
    call.passes(1_000)

    call.caller_speaks(600)
    call.passes(400)

    assert call.take(SpeechStarted, SpeechStopped, BeginUtterance) == [
        SpeechStarted(event_id="", audio_start_ms=700, item_id="item_1"),
        BeginUtterance(1, prefix_ms=360),
        SpeechStopped(event_id="", audio_end_ms=2_000, item_id="item_1"),
    ]


def test_no_audio_is_heard_twice_however_long_the_padding() -> None:
    call = Story(listening(ServerVad(prefix_padding_ms=300, silence_duration_ms=200)))
    call.caller_speaks(600)
    call.passes(200)
    call.take()

    call.caller_speaks(100)

    assert call.take(SpeechStarted, BeginUtterance) == [
        SpeechStarted(event_id="", audio_start_ms=800, item_id="item_2"),
        BeginUtterance(2, prefix_ms=60),
    ]


def test_the_first_sentence_is_spoken_before_the_model_has_finished() -> None:
    call = Story()
    call.caller_says("hello")
    call.take()

    call.model_says("Good evening. How")
    call.voice_speaks()

    assert [(type(output), getattr(output, "text", "")) for output in call.take(Speak, Play)] == [
        (Speak, "Good evening."),
        (Play, ""),
    ]


def test_a_caller_who_goes_on_before_the_words_are_known_is_asked_about_both() -> None:
    call = Story()
    call.caller_speaks(400)
    call.caller_stops()

    call.caller_speaks(400)
    call.recogniser_hears("I would like")
    call.caller_stops()
    assert call.take(StartReply) == []
    call.recogniser_hears("a table")

    assert call.said_so_far() == [("user", "I would like"), ("user", "a table")]


def test_words_wait_for_the_transcript_before_them() -> None:
    call = Story()
    call.caller_speaks(400)
    call.caller_stops()
    call.caller_speaks(400)
    call.caller_stops()

    call.tell(Transcript(2, "a table", final=True))
    assert call.take(StartReply) == []
    call.tell(Transcript(1, "I would like", final=True))

    assert call.said_so_far() == [("user", "I would like"), ("user", "a table")]


def test_words_are_answered_also_when_only_noise_follows_them() -> None:
    call = Story()
    call.caller_speaks(400)
    call.caller_stops()
    call.caller_speaks(80)
    call.recogniser_hears("a table")
    call.caller_stops()
    call.recogniser_hears("")

    assert call.said_so_far() == [("user", "a table")]


def test_a_click_on_the_line_is_no_turn() -> None:
    call = Story()
    call.agent_greets()
    call.caller_speaks(100)
    call.caller_stops()
    call.recogniser_hears("")
    call.passes(2_000)
    call.take()

    call.caller_says("hello")

    assert call.said_so_far() == [("assistant", "Hello."), ("user", "hello")]


def test_speech_that_nobody_understood_is_answered() -> None:
    call = Story()

    call.caller_says("", ms=1_200)

    assert call.said_so_far() == [("user", "")]


def test_a_greeting_waits_for_a_caller_who_speaks_first() -> None:
    call = Story()
    call.caller_speaks(100)
    call.tell(Greet())
    call.caller_stops()

    assert call.take(StartReply) == []
    call.recogniser_hears("hello")
    assert call.said_so_far() == [("user", "hello")]


def test_the_agent_greets_when_the_caller_only_coughed() -> None:
    call = Story()
    call.caller_speaks(100)
    call.tell(Greet())
    call.caller_stops()
    call.recogniser_hears("")

    assert call.said_so_far() == []


def test_a_caller_who_stays_silent_is_spoken_to() -> None:
    call = Story(listening(ServerVad(idle_timeout_ms=6_000)))
    call.agent_greets("Hello.", ms=1_000)
    call.take()
    call.passes(5_900)
    assert call.take() == []

    call.passes(100)

    assert call.take_names() == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
        "StartReply",
    ]


def test_a_caller_who_says_nothing_is_asked_twice_and_then_let_go() -> None:
    call = Story(listening(ServerVad(idle_timeout_ms=6_000)))
    call.agent_greets()
    for _ in range(2):
        call.passes(6_020)
        call.agent_says("Are you there?", 1_000)
        call.passes(1_020)
        assert call.take(EndCall) == []
    call.passes(6_020)

    assert call.take(EndCall) == [EndCall("us", "caller_silent")]


def test_a_caller_who_answers_in_between_may_be_silent_again() -> None:
    call = Story(listening(ServerVad(idle_timeout_ms=6_000)))
    call.agent_greets()
    for words in ("", "hello", "", "hello", ""):
        call.passes(6_020)
        call.agent_says("Are you there?", 1_000)
        call.passes(1_020)
        if words:
            call.caller_says(words)
            call.agent_says("Fine.", 500)
            call.passes(520)

    assert call.take(EndCall) == []


def test_a_caller_who_speaks_in_time_is_left_in_peace() -> None:
    call = Story(listening(ServerVad(idle_timeout_ms=6_000, create_response=False)))
    call.passes(5_900)
    call.caller_says("hello")
    call.passes(5_000)

    assert call.take(TimeoutTriggered) == []


def test_without_interruption_the_caller_is_answered_when_the_reply_is_made() -> None:
    call = Story(listening(ServerVad(interrupt_response=False)))
    call.tell(Greet())
    call.model_says("Welcome to the restaurant.")
    call.caller_says("a table")
    assert len(call.take(StartReply)) == 1

    call.model_ends()
    call.voice_speaks()

    assert len(call.take(StartReply)) == 1
    assert call.said_so_far() == [("assistant", "Welcome to the restaurant."), ("user", "a table")]


def test_without_interruption_the_agent_still_does_not_talk_over_the_caller() -> None:
    call = Story(listening(ServerVad(interrupt_response=False)))
    call.caller_speaks(400)
    call.caller_stops()
    call.caller_speaks(400)

    call.recogniser_hears("I would like")
    assert call.take(StartReply) == []
    call.caller_stops()
    call.recogniser_hears("a table")

    assert call.said_so_far() == [("user", "I would like"), ("user", "a table")]


def test_without_interruption_a_click_does_not_stop_what_plays() -> None:
    call = Story(listening(ServerVad(interrupt_response=False)))
    call.tell(Greet())
    call.agent_says("Welcome to the restaurant.", ms=3_000)
    call.caller_speaks(100)
    call.caller_stops()
    call.recogniser_hears("")
    call.passes(3_000)

    assert call.played_ms == 3_000


def test_a_client_that_answers_for_itself_is_asked_nothing() -> None:
    call = Story(listening(ServerVad(create_response=False)))
    call.caller_speaks(600)
    call.caller_stops()
    call.tell(asks())
    assert call.take(StartReply) == []

    call.recogniser_hears("hello")

    assert call.said_so_far() == [("user", "hello")]


def test_a_response_that_a_client_asks_for_waits_until_the_caller_has_spoken() -> None:
    call = Story(listening(ServerVad(create_response=False)))
    call.caller_speaks(300)
    call.tell(asks())
    assert call.take(ResponseCreated) == []

    call.caller_stops()
    call.recogniser_hears("hello")

    assert call.said_so_far() == [("user", "hello")]


def test_a_second_response_is_refused_while_one_is_made() -> None:
    call = Story()
    call.tell(Greet())

    call.tell(asks("event_of_mine"))

    assert [(event.error.code, event.error.event_id) for event in call.take(ErrorEvent)] == [
        ("conversation_already_has_active_response", "event_of_mine")
    ]


def test_cancelling_nothing_is_said_in_the_words_that_clients_know() -> None:
    call = Story()

    call.tell(cancels("event_of_mine"))

    assert [(event.error.code, event.error.message, event.error.event_id) for event in call.take(ErrorEvent)] == [
        ("response_cancel_not_active", "Cancellation failed: no active response found", "event_of_mine")
    ]


def test_a_client_cancels_the_response_to_words_that_are_still_to_come() -> None:
    call = Story()
    call.caller_speaks(600)
    call.caller_stops()
    call.tell(cancels())

    call.recogniser_hears("hello")

    assert call.take(StartReply) == []


def test_without_turn_detection_all_that_the_caller_says_is_one_utterance() -> None:
    call = Story(listening(None))
    call.take()

    call.passes(1_000, SPEECH)
    call.passes(1_000)

    assert call.take() == [BeginUtterance(1, prefix_ms=20)]


def test_switching_turn_detection_off_ends_the_utterance_that_is_open() -> None:
    call = Story()
    call.caller_speaks(600)
    call.take()

    call.tell(becomes(listening(None)))
    call.recogniser_hears("hello")

    assert call.take_names() == [
        "session.updated",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "EndUtterance",
        "Configured",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]


def test_a_new_silence_duration_holds_for_the_open_utterance() -> None:
    call = Story()
    call.caller_speaks(600)
    call.tell(becomes(listening(ServerVad(silence_duration_ms=200))))

    call.passes(200)

    assert call.take(SpeechStopped) == [SpeechStopped(event_id="", audio_end_ms=800, item_id="item_1")]


def test_a_session_that_writes_speaks_no_word() -> None:
    call = Story(SessionConfig(output_modalities=("text",)))
    call.caller_says("hello")
    call.take()

    call.model_says("Hello to you. ")
    call.model_ends()

    assert call.take_names() == [
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]


def test_transcripts_are_told_only_to_those_who_want_them() -> None:
    call = Story(SessionConfig(audio=Audio(input=AudioInput(transcription=None))))

    call.caller_says("hello")

    assert call.take(TranscriptCompleted) == []
    assert call.said_so_far() == [("user", "hello")]


def test_a_partial_transcript_belongs_to_the_utterance_it_was_heard_in() -> None:
    call = Story()
    call.caller_speaks(400)
    call.tell(Transcript(1, "a ta", final=False))
    call.caller_stops()
    call.recogniser_hears("a table")
    call.tell(Transcript(1, "a tabl", final=False))

    assert [(event.item_id, event.transcript) for event in call.take(PartialTranscript)] == [("item_1", "a ta")]


def test_playout_is_told_when_it_starts_and_when_it_stops() -> None:
    call = Story()
    call.tell(Greet())
    call.agent_says("Hello.", ms=100)
    call.take()

    call.passes(20)
    started = call.take()
    call.passes(80)

    assert (started, call.take()) == (
        [PlayoutStarted(event_id="", response_id="resp_1")],
        [PlayoutStopped(event_id="", response_id="resp_1")],
    )


def test_a_reply_behind_one_that_still_plays_has_its_own_start_and_stop() -> None:
    call = Story()
    call.tell(Greet())
    call.agent_says("Hello.", ms=200)
    call.tell(asks())
    call.agent_says("And welcome.", ms=200)
    call.take()

    call.passes(400)

    assert call.take() == [
        PlayoutStarted(event_id="", response_id="resp_1"),
        PlayoutStopped(event_id="", response_id="resp_1"),
        PlayoutStarted(event_id="", response_id="resp_2"),
        PlayoutStopped(event_id="", response_id="resp_2"),
    ]


def test_the_tokens_of_a_reply_are_counted() -> None:
    call = Story()
    call.tell(Greet())
    call.model_says("Hello.")
    call.model_gives(Usage(input_tokens=12, output_tokens=3, cached_tokens=4))
    call.model_ends()
    call.voice_speaks()

    usage = call.take(ResponseDone)[0].response.usage
    assert (usage.total_tokens, usage.input_token_details.cached_tokens) == (15, 4)


def test_what_comes_for_a_reply_that_is_over_is_dropped() -> None:
    call = Story()
    call.agent_greets()
    call.take()

    call.tell(ReplyDelta("resp_1", TextDelta("and more")))
    call.tell(SpeechMade("resp_1", 0, sound(20)))
    call.tell(SpeechEnded("resp_9", 7))

    assert call.take() == []


def test_audio_for_a_piece_that_does_not_exist_is_dropped() -> None:
    call = Story()
    call.tell(Greet())
    call.model_says("Hello there. ")
    call.take()

    for piece in (-1, 1, 99):
        call.tell(SpeechMade("resp_1", piece, sound(20)))
        call.tell(SpeechEnded("resp_1", piece))

    assert call.take() == []
