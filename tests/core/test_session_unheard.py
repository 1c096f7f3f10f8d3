"""The recogniser hangs: nobody knows what the caller said."""

from typing import Any

from pipeline.excuses import excuses
from pipeline.providers import Transcript
from pipeline.realtime.config import Audio, AudioInput, ServerVad, SessionConfig, Transcription
from pipeline.realtime.events import ResponseDone, TranscriptFailed
from pipeline.signals import Limits, Speak, StartReply
from tests.drive.client import asks
from tests.drive.story import Story

LIMITS = Limits()


def a_caller_whom_nobody_understood(config: SessionConfig | None = None, **more: Any) -> Story:
    """The recogniser hung; it is just being given up."""
    call = Story(config, **more)
    call.caller_speaks(600)
    call.caller_stops()
    call.take()
    call.passes(LIMITS.transcript_ms + 20)
    call.unheard()
    return call


def test_a_caller_whom_nobody_understood_is_told_so_and_no_model_guesses() -> None:
    call = a_caller_whom_nobody_understood()
    call.voice_speaks(1_000)

    told = call.take(TranscriptFailed, StartReply, Speak, ResponseDone)
    assert [type(output) for output in told] == [TranscriptFailed, Speak, Speak, ResponseDone]
    assert "".join(speak.text for speak in told[1:3]) == excuses("en").unheard
    assert told[-1].response.status_details.error.code == "stt_stalled"


def test_what_nobody_understood_is_no_turn_of_the_callers() -> None:
    call = a_caller_whom_nobody_understood()
    call.voice_speaks(1_000)
    call.passes(2_020)
    call.caller_says("a table for two")

    assert call.said_so_far() == [("assistant", excuses("en").unheard), ("user", "a table for two")]


def test_the_caller_is_told_in_the_language_that_is_spoken() -> None:
    german = Transcription(model="", language="de-AT")
    call = a_caller_whom_nobody_understood(SessionConfig(audio=Audio(input=AudioInput(transcription=german))))

    assert "".join(speak.text for speak in call.take(Speak)).startswith("Entschuldigung, ich habe Sie nicht")


def test_words_that_were_understood_meanwhile_are_answered() -> None:
    call = Story()
    call.caller_speaks(600)
    call.caller_stops()
    call.passes(4_000)
    call.caller_speaks(600)
    call.caller_stops()
    call.passes(1_000)
    assert len(call.take(TranscriptFailed)) == 1

    call.tell(Transcript(call.unheard()[-1], "a table for two", final=True))

    assert call.said_so_far() == [("user", "a table for two")]


def test_what_nobody_understood_and_was_too_short_for_words_is_passed_over() -> None:
    call = Story()
    call.caller_speaks(100)
    call.caller_stops()
    call.passes(LIMITS.transcript_ms + 20)

    assert call.take(Speak, StartReply) == []


def test_an_agent_that_only_answers_when_asked_to_leaves_it_to_who_asks() -> None:
    detection = ServerVad(create_response=False)
    call = a_caller_whom_nobody_understood(SessionConfig(audio=Audio(input=AudioInput(turn_detection=detection))))

    assert call.take_names() == ["conversation.item.input_audio_transcription.failed"]


def test_a_client_that_asks_for_a_response_gets_one_whatever_was_understood() -> None:
    call = Story()
    call.caller_speaks(600)
    call.tell(asks(instructions="Say that you are busy."))
    call.caller_stops()
    call.passes(LIMITS.transcript_ms + 20)

    assert len(call.take(StartReply)) == 1
