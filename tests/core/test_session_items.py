"""Clients create, show, cut and delete items; they play what the agent says, and truncate it."""

from typing import Any

from pipeline.realtime.config import Audio, AudioInput, SessionConfig
from pipeline.realtime.events import (
    ItemAdded,
    ItemRetrieved,
    ItemTruncated,
    with_audio,
)
from pipeline.realtime.items import InputAudio, OutputAudio
from pipeline.signals import (
    AgentAudio,
    CallerAudio,
)
from tests.drive.client import a_client, asks, cancels, creates, errors, says

BY_HAND = SessionConfig(audio=Audio(input=AudioInput(turn_detection=None)))


def test_items_of_all_roles_are_what_the_model_reads() -> None:
    call = a_client(BY_HAND)
    creates(call, "You know the menu.", "system")
    creates(call, "Hello!", "assistant")
    creates(call, "What is there?")

    call.tell(asks())

    assert call.said_so_far() == [("system", "You know the menu."), ("assistant", "Hello!"), ("user", "What is there?")]


def test_an_item_goes_where_its_client_wants_it() -> None:
    call = a_client(BY_HAND)
    creates(call, "one", item={"id": "one"})
    creates(call, "three", item={"id": "three"})
    creates(call, "two", previous_item_id="one")
    creates(call, "nought", previous_item_id="root")
    call.tell(asks())

    assert [text for _, text in call.said_so_far()] == ["nought", "one", "two", "three"]
    assert [(event.item.id, event.previous_item_id) for event in call.take(ItemAdded)] == [
        ("one", None),
        ("three", "one"),
        ("item_1", "one"),
        ("item_2", None),
    ]


def test_mistakes_with_items_have_the_codes_that_clients_match() -> None:
    call = a_client(BY_HAND)
    creates(call, "one", item={"id": "one"})
    creates(call, "again", item={"id": "one"}, event_id="e1")
    creates(call, "after what", previous_item_id="none", event_id="e2")
    output = {"type": "function_call_output", "call_id": "call_9", "output": "yes"}
    call.tell(says("conversation.item.create", event_id="e3", item=output))
    for number, kind in enumerate(("retrieve", "delete", "truncate"), start=4):
        more = {"content_index": 0, "audio_end_ms": 0} if kind == "truncate" else {}
        call.tell(says(f"conversation.item.{kind}", event_id=f"e{number}", item_id="nobody", **more))

    assert errors(call) == [
        ("item_create_duplicate_item_id", "e1"),
        ("invalid_value", "e2"),
        ("invalid_tool_call_id", "e3"),
        ("item_retrieve_invalid_item_id", "e4"),
        ("item_delete_invalid_item_id", "e5"),
        ("item_truncate_invalid_item_id", "e6"),
    ]


def test_a_deleted_item_is_forgotten() -> None:
    call = a_client(BY_HAND)
    creates(call, "one", item={"id": "one"})
    creates(call, "two")

    call.tell(says("conversation.item.delete", item_id="one"))
    call.tell(asks())

    assert call.said_so_far() == [("user", "two")]
    assert "conversation.item.deleted" in call.take_names()


def test_a_written_item_is_shown_as_it_is_and_a_spoken_one_with_its_audio() -> None:
    call = a_client()
    call.passes(1_000)
    call.caller_says("a table for two")
    call.agent_says("For when?", ms=900)
    creates(call, "At eight.", item={"id": "written"})
    call.take()
    for item_id in ("item_1", "item_2", "written"):
        call.tell(says("conversation.item.retrieve", item_id=item_id))

    heard, spoken, written = call.take()

    assert (heard.audio, heard.event.item.content) == (CallerAudio(700, 2_100), (InputAudio("a table for two"),))
    assert (spoken.audio, spoken.event.item.content) == (AgentAudio("resp_1", 900), (OutputAudio("For when?"),))
    assert isinstance(written, ItemRetrieved)
    shown: Any = with_audio(spoken.event, "AAAA").item
    assert shown.content == (OutputAudio("For when?", "AAAA"),)


def test_barge_in_leaves_playing_and_truncating_to_the_client() -> None:
    call = a_client()
    call.caller_says("what is there")
    call.agent_says("Soup. Fish. Cake. Wine.", ms=1_000)
    call.passes(1_500)
    call.take()

    call.caller_speaks(100)
    assert call.take_names() == ["input_audio_buffer.speech_started", "BeginUtterance", "FlushPlayout"]
    call.tell(says("conversation.item.truncate", item_id="item_2", content_index=0, audio_end_ms=2_000))
    call.caller_stops()
    call.recogniser_hears("fish please")

    assert call.take(ItemTruncated) == [ItemTruncated(event_id="", item_id="item_2", audio_end_ms=2_000)]
    assert call.said_so_far()[1] == ("assistant", "Soup. Fish.")


def test_of_a_client_that_never_truncates_it_is_estimated_what_was_heard() -> None:
    call = a_client()
    call.caller_says("what is there")
    call.agent_says("Soup. Fish. Cake. Wine.", ms=1_000)
    call.passes(3_100)

    call.caller_says("fish please")

    assert call.said_so_far()[1] == ("assistant", "Soup. Fish. Cake.")


def test_barge_in_while_the_response_is_made_cancels_it() -> None:
    call = a_client()
    call.caller_says("what is there")
    call.model_says("Soup. Fish. ")
    call.voice_speaks(1_000)
    call.take()

    call.caller_speaks(100)

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
    ]


def test_truncating_late_twice_beyond_the_end_or_what_was_written_is_no_mistake() -> None:
    call = a_client()
    call.caller_says("what is there")
    call.agent_says("Soup. Fish.", ms=1_000)
    creates(call, "Wine?", "assistant", item={"id": "written"})
    call.take()

    for item_id, end_ms in (("item_2", 90_000), ("item_2", 1_000), ("item_2", 1_500), ("written", 10)):
        call.tell(says("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=end_ms))

    assert [output.audio_end_ms for output in call.take()] == [2_000, 1_000, 1_000, 10]


def test_a_truncation_that_comes_before_the_cancellation_holds() -> None:
    call = a_client()
    call.caller_says("what is there")
    call.model_says("Soup. Fish. ")
    call.voice_speaks(1_000)
    call.tell(says("conversation.item.truncate", item_id="item_2", content_index=0, audio_end_ms=1_000))
    call.tell(cancels())

    call.caller_says("fish please")

    assert call.said_so_far()[1] == ("assistant", "Soup.")
