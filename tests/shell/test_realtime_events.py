"""Every event that a session emits is one that OpenAI's own client types accept."""

import json
from functools import cache
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from pipeline.providers import CutShort, Transcript, Usage
from pipeline.realtime.config import (
    Audio,
    AudioInput,
    AudioOutput,
    Format,
    FunctionTool,
    SemanticVad,
    ServerVad,
    SessionConfig,
    ToolChoiceFunction,
)
from pipeline.realtime.event import Event
from pipeline.realtime.events import OutputAudioDelta, ServerEvent, with_audio
from pipeline.realtime.ours import CallAnsweredBy, EchoHeard, FarEndChanged, OurEvent, TurnDecided, TurnTimeline
from pipeline.signals import (
    Greet,
    HearingLost,
    Output,
    Permissions,
    Play,
    Setting,
    ShowItem,
)
from tests.drive.anything import CONFIGS as ANY_CONFIGS
from tests.drive.anything import OURS, THEIRS, happenings_with_clients
from tests.drive.client import answers, asks, becomes, cancels, says
from tests.drive.story import Story, name_of
from tests.drive.watched_story import Happening, WatchedStory

LOOKUP = (FunctionTool(name="lookup", description="Find a table.", parameters={"type": "object"}),)
CONFIGS = [
    SessionConfig(),
    SessionConfig(audio=Audio(input=AudioInput(turn_detection=None, transcription=None))),
    SessionConfig(audio=Audio(input=AudioInput(turn_detection=SemanticVad(eagerness="high")))),
    SessionConfig(audio=Audio(output=AudioOutput(format=Format(type="audio/pcmu"), voice="slt", speed=1.2))),
    SessionConfig(
        model="scripted/reception",
        instructions="Be brief.",
        output_modalities=("text",),
        tools=LOOKUP,
        tool_choice=ToolChoiceFunction(name="lookup"),
        max_output_tokens=300,
        temperature=0.7,
    ),
]


@cache
def their_types() -> TypeAdapter[Any]:
    return TypeAdapter(RealtimeServerEvent)


def a_call_in_which_everything_happens() -> Story:
    """Turns, an interruption, keys, tools, failures, a client's mistakes and silence."""
    config = SessionConfig(tools=LOOKUP, audio=Audio(input=AudioInput(turn_detection=ServerVad(idle_timeout_ms=5_000))))
    call = Story(config, permissions=Permissions(hang_up=True))
    call.agent_greets()
    call.caller_speaks(600)
    call.tell(Transcript(1, "is there", final=False))
    call.caller_stops()
    call.recogniser_hears("is there a table")
    call.model_says("Let me see.")
    call.model_calls("lookup", '{"people": 2}')
    call.model_gives(Usage(20, 10, cached_tokens=4))
    call.tell(asks("event_of_theirs"))
    call.model_ends()
    call.voice_speaks(1_000)
    call.tell(answers("call_1", '{"free": true}'))
    call.agent_says("Yes, there is.", ms=3_000)
    call.passes(2_000)
    call.caller_says("fine")
    call.model_says("It is ")
    call.model_gives(CutShort("max_output_tokens"))
    call.model_ends()
    call.tell(asks("event_of_theirs"))
    call.tell(cancels())
    call.tell(cancels("event_of_theirs"))
    call.caller_presses("1#")
    call.model_fails()
    call.voice_speaks(500)
    call.passes(8_000)
    call.caller_speaks(600)
    call.caller_stops()
    call.passes(6_000)
    call.tell(says("input_audio_buffer.clear"))
    for item_id in ("item_1", "item_2"):
        call.tell(says("conversation.item.retrieve", item_id=item_id))
        call.tell(says("conversation.item.delete", item_id=item_id))
    for config in CONFIGS:
        call.tell(becomes(config))
    call.model_ends()
    call.voice_speaks(100)
    call.passes(1_000)
    call.tell(Greet())
    call.agent_says("Written words.")
    call.tell(HearingLost("stalled"))
    return call


def events_of(call: Story) -> list[ServerEvent]:
    return [output for output in map(shown_to_clients, call.outputs) if isinstance(output, Event)]


def shown_to_clients(output: Output) -> Output:
    """Audio is put in, and encoded, by who keeps it."""
    match output:
        case ShowItem(event):
            return with_audio(event, "AAAA")
        case Play(response_id, _, item_id, output_index):
            return OutputAudioDelta(
                event_id="", response_id=response_id, item_id=item_id, output_index=output_index, delta="AAAA"
            )
    return output


def test_their_types_accept_every_event() -> None:
    for event in events_of(a_call_in_which_everything_happens()):
        if not isinstance(event, OurEvent):
            parsed = their_types().validate_json(msgspec.json.encode(event))
            assert parsed.type == name_of(event)


def test_the_call_shows_every_event_that_a_session_can_emit() -> None:
    shown = {type(event) for event in events_of(a_call_in_which_everything_happens())}

    assert set(get_args(ServerEvent)) - shown == {TurnDecided, TurnTimeline, EchoHeard, CallAnsweredBy, FarEndChanged}


def test_nothing_is_sent_that_their_types_do_not_know() -> None:
    """An extra key may be a misspelt one."""
    for event in events_of(a_call_in_which_everything_happens()):
        if not isinstance(event, OurEvent):
            sent = json.loads(msgspec.json.encode(event))
            assert not list(unknown_keys(their_types().validate_python(sent), name_of(event)))


def unknown_keys(parsed: Any, path: str) -> Any:
    """Keys that landed in a model's extras."""
    if isinstance(parsed, list | tuple):
        for part in parsed:
            yield from unknown_keys(part, path)
    if not hasattr(parsed, "model_fields_set"):
        return
    for name in parsed.model_extra or {}:
        if f"{path}.{name}" not in EXPECTED_EXTRAS:
            yield f"{path}.{name}"
    for name in parsed.model_fields_set:
        yield from unknown_keys(getattr(parsed, name, None), f"{path}.{name}")


# What servers add to a session, what the event of a key lacks in their types, and fields of other vendors.
EXPECTED_EXTRAS = {
    "input_audio_buffer.dtmf_event_received.event_id",
    *(
        f"{event}.session.{name}"
        for event in ("session.created", "session.updated")
        for name in ("id", "object", "expires_at", "temperature", "audio.output.model", "providerData")
    ),
}


@pytest.mark.parametrize("config", CONFIGS, ids=range(len(CONFIGS)))
def test_a_session_is_told_in_full(config: SessionConfig) -> None:
    told = json.loads(msgspec.json.encode(Story(config).take()[0]))["session"]

    assert told["type"] == "realtime"
    assert told["object"] == "realtime.session"
    assert isinstance(told["audio"]["output"]["voice"], str)
    detection = told["audio"]["input"]["turn_detection"]
    assert detection is None or {type(detection[name]) for name in ("create_response", "interrupt_response")} == {bool}
    for side in ("input", "output"):
        assert told["audio"][side]["format"].get("rate", 24_000) == 24_000


@settings(max_examples=40)
@given(
    number=st.integers(0, len(ANY_CONFIGS) - 1), setting=st.sampled_from([OURS, THEIRS]), story=happenings_with_clients
)
def test_whatever_happens_their_types_accept_every_event(number: int, setting: Setting, story: list[Happening]) -> None:
    call = WatchedStory(number, setting)
    for happening in story:
        call.happens(happening)
    call.watch.see(call.session.closed())

    for event in events_of(call):
        if not isinstance(event, OurEvent):
            sent = json.loads(msgspec.json.encode(event))
            assert not list(unknown_keys(their_types().validate_python(sent), name_of(event)))
