"""What goes wrong, takes long or is over where a client talks to a session of its own."""

from pipeline.providers import Transcript
from pipeline.realtime.config import Audio, AudioInput, ServerVad, SessionConfig
from pipeline.realtime.events import (
    ErrorEvent,
    ResponseDone,
    TimeoutTriggered,
    TranscriptFailed,
)
from pipeline.signals import (
    CallerFrame,
    EndCall,
    HearingLost,
    Limits,
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
    TimeIsUp,
    UtteranceLost,
)
from tests.drive.client import a_client, asks, commits, creates, errors, says
from tests.drive.story import SPEECH, Story, sound

BY_HAND = SessionConfig(audio=Audio(input=AudioInput(turn_detection=None)))


def test_a_model_that_fails_fails_the_response_and_the_session_goes_on() -> None:
    call = a_client()
    for _ in range(4):
        call.caller_says("hello")
        call.model_says("Good ")
        call.model_fails()

    responses = [(done.response.status, done.response.status_details.error.code) for done in call.take(ResponseDone)]
    assert responses == [("failed", "llm_unreachable")] * 4
    assert not [output for output in call.outputs if isinstance(output, EndCall | ErrorEvent)]


def test_a_voice_that_fails_fails_the_response() -> None:
    call = a_client()
    call.caller_says("hello")
    call.model_says("Good evening. ")
    call.tell(SpeechFailed(call.response_id, "unreachable"))

    (done,) = call.take(ResponseDone)
    assert (done.response.status, done.response.status_details.error.code) == ("failed", "tts_unreachable")
    assert done.response.output[0].status == "incomplete"


def test_a_recogniser_that_is_gone_fails_what_it_owes_and_writing_goes_on() -> None:
    call = a_client()
    call.tell(HearingLost("unreachable"))
    call.caller_speaks(600)
    call.caller_stops()
    call.tell(UtteranceLost(1, "unreachable"))

    failed, done = call.take(TranscriptFailed, ResponseDone)
    assert (failed.error.code, done.response.status_details.error.code) == ("stt_unreachable", "stt_unreachable")
    creates(call, "hello")
    call.tell(asks())
    assert call.said_so_far() == [("user", "hello")]


def test_a_transcript_that_never_comes_fails_the_response_though_no_audio_flows_any_more() -> None:
    call = a_client(BY_HAND, limits=Limits(transcript_ms=1_000))
    call.passes(600, SPEECH)
    commits(call)
    call.tell(asks())
    call.take()

    call.waits(1_020)

    assert call.take_names() == [
        "conversation.item.input_audio_transcription.failed",
        "CancelReply",
        "response.done",
    ]


def test_a_model_that_stalls_is_noticed_though_no_audio_flows() -> None:
    call = a_client(limits=Limits(progress_ms=1_000))
    call.tell(asks())

    call.waits(1_020)

    (done,) = call.take(ResponseDone)
    assert done.response.status_details.error.code == "llm_stalled"


def test_audio_that_comes_faster_than_it_was_spoken_does_not_make_anybody_late() -> None:
    call = a_client(limits=Limits(transcript_ms=1_000, progress_ms=1_000))
    call.caller_speaks(600)
    call.caller_stops()
    for _ in range(500):
        call.tell(CallerFrame(0.0, 0))
    call.recogniser_hears("hello")
    for _ in range(500):
        call.tell(CallerFrame(0.0, 0))
    call.agent_says("Good evening.", ms=300)

    assert [done.response.status for done in call.take(ResponseDone)] == ["completed"]


def test_silence_is_counted_from_the_end_of_what_the_agent_said() -> None:
    detection = ServerVad(idle_timeout_ms=5_000)
    call = a_client(SessionConfig(audio=Audio(input=AudioInput(turn_detection=detection))))
    call.passes(6_000)
    call.tell(asks())
    call.agent_says("Good evening.", ms=1_000)
    call.passes(5_900)
    assert call.take(TimeoutTriggered) == []

    call.passes(200)

    (timeout,) = call.take(TimeoutTriggered)
    assert (timeout.audio_start_ms, timeout.audio_end_ms) == (6_980, 11_980)


def test_a_session_that_only_listens_writes_down_and_says_nothing() -> None:
    call = a_client(SessionConfig(type="transcription"))
    call.caller_says("a table for two")
    call.passes(1_000)
    call.tell(asks("mine"))

    assert call.take_names() == [
        "input_audio_buffer.speech_started",
        "BeginUtterance",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "EndUtterance",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        "error",
    ]


def test_when_its_time_is_up_a_client_is_told() -> None:
    call = a_client()
    call.tell(asks())
    call.take()

    call.tell(TimeIsUp())

    assert call.take_names("FlushPlayout") == ["CancelReply", "response.done", "error", "EndCall"]


def test_a_client_that_comes_later_is_told_first_what_the_session_is() -> None:
    call = a_client()
    call.tell(says("session.update", session={"instructions": "Be kind."}))

    created, conversation = call.session.opened()

    assert getattr(created, "session").instructions == "Be kind."  # noqa: B009 -- a union of outputs
    assert getattr(conversation, "conversation").id == "conv_1"  # noqa: B009


def test_stopping_playout_is_for_calls() -> None:
    theirs, ours = a_client(), Story()
    for call in (theirs, ours):
        call.caller_says("hello")
        call.agent_says("Good evening to you.", ms=2_000)
        call.passes(500)
        call.take()
        call.tell(says("output_audio_buffer.clear"))

    assert theirs.take() == []
    assert ours.take_names() == ["FlushPlayout", "output_audio_buffer.cleared", "conversation.item.truncated"]


def test_on_a_call_a_spoken_response_beside_the_conversation_needs_the_floor() -> None:
    call = Story()
    call.caller_says("hello")
    call.tell(asks("mine", conversation="none"))
    call.agent_says("Good evening.", ms=500)
    call.passes(520)
    assert errors(call) == [("conversation_already_has_active_response", "mine")]

    call.tell(asks(conversation="none", input=[], instructions="Say that it is late."))
    call.agent_says("It is late.", ms=500)
    call.passes(520)
    call.caller_says("really")

    assert call.played_ms == 1_000
    assert call.said_so_far() == [("user", "hello"), ("assistant", "Good evening."), ("user", "really")]


def test_partial_words_and_speech_of_pieces_unknown_change_nothing() -> None:
    call = a_client()
    call.tell(asks(conversation="none"))
    call.take()

    call.tell(SpeechMade("resp_1", 4, sound(20)))
    call.tell(SpeechEnded("resp_1", -1))
    call.tell(Transcript(7, "hello", final=False))

    assert call.take() == []
