"""Clients commit turns by hand, or take audio back."""

from pipeline.realtime.config import Audio, AudioInput, SessionConfig
from pipeline.realtime.events import (
    ResponseCreated,
)
from pipeline.signals import (
    BeginUtterance,
    EndUtterance,
)
from tests.drive.client import a_client, asks, commits, errors, says
from tests.drive.story import SPEECH

BY_HAND = SessionConfig(audio=Audio(input=AudioInput(turn_detection=None)))


def test_a_turn_by_hand_in_the_order_that_clients_rely_on() -> None:
    call = a_client(BY_HAND)

    call.passes(600, SPEECH)
    commits(call)
    call.tell(asks())
    call.recogniser_hears("a table for two")
    call.agent_says("For when?")
    call.passes(1_000)

    assert call.take_names() == [
        "BeginUtterance",
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
        "BeginUtterance",
    ]


def test_a_turn_by_hand_brings_no_response_by_itself() -> None:
    call = a_client(BY_HAND)
    call.passes(600, SPEECH)
    commits(call)

    call.recogniser_hears("hello")
    call.passes(1_000)

    assert call.take(ResponseCreated) == []


def test_less_than_a_tenth_of_a_second_is_nothing_to_commit() -> None:
    call = a_client(BY_HAND)
    call.passes(80, SPEECH)

    commits(call)

    assert errors(call) == [("input_audio_buffer_commit_empty", "mine")]


def test_what_was_committed_is_not_committed_again() -> None:
    call = a_client(BY_HAND)
    call.passes(600, SPEECH)
    commits(call, "first")

    commits(call, "second")

    assert errors(call) == [("input_audio_buffer_commit_empty", "second")]


def test_what_is_cleared_is_nobodys_turn() -> None:
    call = a_client(BY_HAND)
    call.passes(600, SPEECH)

    call.tell(says("input_audio_buffer.clear"))
    commits(call)
    call.recogniser_hears("forget it")

    assert call.take_names() == ["BeginUtterance", "EndUtterance", "input_audio_buffer.cleared", "error"]


def test_clearing_forgets_an_utterance_that_has_begun() -> None:
    call = a_client()
    call.caller_speaks(600)

    call.tell(says("input_audio_buffer.clear"))
    call.passes(1_000)
    call.recogniser_hears("forget it")

    assert call.take_names() == [
        "input_audio_buffer.speech_started",
        "BeginUtterance",
        "EndUtterance",
        "input_audio_buffer.cleared",
    ]


def test_a_commit_in_the_middle_of_speech_ends_the_utterance_and_brings_no_response() -> None:
    call = a_client()
    call.caller_speaks(600)

    commits(call)
    call.recogniser_hears("hello")

    assert call.take_names("BeginUtterance") == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "EndUtterance",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]


def test_a_commit_of_what_no_turn_detection_noticed_reaches_back() -> None:
    call = a_client()
    call.passes(700, 0.4)

    commits(call)

    assert call.take(BeginUtterance, EndUtterance) == [BeginUtterance(1, prefix_ms=700), EndUtterance(1, silence_ms=0)]
