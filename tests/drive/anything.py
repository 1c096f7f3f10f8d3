"""Whatever may happen to a session, in any order and of any kind: what peers and providers send is not to be trusted.

Rule: strategies and values only.
"""

from typing import Any

from hypothesis import strategies as st

from pipeline.keypad import KeyRules
from pipeline.providers import CutShort, FunctionCall, TextDelta, Transcript, TurnVerdict, Usage
from pipeline.realtime.config import (
    Audio,
    AudioInput,
    FunctionTool,
    SemanticVad,
    ServerVad,
    SessionConfig,
    TurnDetection,
)
from pipeline.signals import (
    Digit,
    Greet,
    HearingLost,
    Input,
    Limits,
    Permissions,
    ReplyDelta,
    ReplyEnded,
    ReplyFailed,
    Setting,
    SoundJudged,
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
    TimeIsUp,
    TransferFailed,
    UtteranceLost,
)
from tests.drive.client import answers, asks, becomes, cancels, says
from tests.drive.story import SILENCE, SPEECH, sound

TOOLS = (FunctionTool(name="lookup"),)
PERMISSIONS = Permissions(hang_up=True, transfer_targets={"sales": "sip:sales@example.com"})
NOW = "the response under way"
OURS, THEIRS = Setting(), Setting(client_plays=True)
LIMITS = Limits(
    transcript_ms=600, progress_ms=800, tool_ms=1_000, farewell_ms=2_000, keys=KeyRules(pause_ms=200), tool_rounds=1
)


QUICK = ServerVad(silence_duration_ms=200)


def config(detection: TurnDetection | None = QUICK, **more: object) -> SessionConfig:
    """An agent with a tool."""
    return SessionConfig(tools=TOOLS, audio=Audio(input=AudioInput(turn_detection=detection)), **more)  # type: ignore[arg-type]


CONFIGS = [
    config(),
    config(ServerVad(silence_duration_ms=100, prefix_padding_ms=500)),
    config(ServerVad(silence_duration_ms=200, interrupt_response=False)),
    config(ServerVad(silence_duration_ms=200, create_response=False)),
    config(ServerVad(silence_duration_ms=200, idle_timeout_ms=700)),
    config(SemanticVad(eagerness="high")),
    config(SemanticVad(eagerness="low")),
    config(None),
    config(output_modalities=("text",)),
    SessionConfig(audio=Audio(input=AudioInput(transcription=None))),
]

texts = st.sampled_from(["", " ", "Yes. ", "Good evening, what can I do for you? Please", "…"])
reasons = st.sampled_from(["stalled", "unreachable"])
items = st.sampled_from(["item_1", "item_2", "item_3", "item_5", "mine", "nobody"])
places = st.sampled_from([None, None, None, "root", "item_1", "item_2", "mine", "nobody"])
roles = st.sampled_from(["user", "system", "assistant"])
wishes: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "conversation": st.sampled_from(["none", "none", "auto"]),
        "output_modalities": st.sampled_from([["text"], ["audio"], ["audio", "text"]]),
        "input": st.sampled_from(
            [
                [],
                [{"type": "item_reference", "id": "item_1"}],
                [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Well?"}]}],
            ]
        ),
        "tools": st.sampled_from([[], [{"type": "function", "name": "fly"}]]),
        "tool_choice": st.sampled_from(["none", "required", {"type": "function", "name": "lookup"}]),
        "max_output_tokens": st.sampled_from([0, 1, "inf"]),
        "metadata": st.just({"topic": "x"}),
        "instructions": st.sampled_from([None, "Be brief."]),
    },
)
messages = st.builds(
    lambda item_id, role, text: {
        **({"id": item_id} if item_id else {}),
        "type": "message",
        "role": role,
        "content": [{"type": "text", "text": text}],
    },
    st.sampled_from([None, None, "mine", "item_1"]),
    roles,
    st.sampled_from(["", "hello"]),
)
sessions = st.sampled_from(
    [
        {},
        {"instructions": "Be brief."},
        {"instructions": 7},
        {"model": "gpt-realtime"},
        {"output_modalities": ["text"]},
        {"providerData": {"auto_tool_response": True}},
        {"audio": {"input": {"turn_detection": None}}},
        {"audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}}},
        {"audio": {"output": {"voice": {"id": "slt"}, "format": "g711_ulaw"}}},
        {"tools": [{"type": "mcp", "server_label": "x"}], "tracing": "auto"},
    ]
)
what_clients_say = st.one_of(
    st.builds(
        lambda item, place: says("conversation.item.create", item=item, previous_item_id=place), messages, places
    ),
    st.builds(lambda call_id: answers(call_id, "{}"), st.sampled_from(["call_1", "call_lookup", "call_transfer", ""])),
    st.builds(lambda item_id: says("conversation.item.retrieve", item_id=item_id), items),
    st.builds(lambda item_id: says("conversation.item.delete", item_id=item_id), items),
    st.builds(
        lambda item_id, ms: says("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=ms),
        items,
        st.sampled_from([0, 200, 90_000]),
    ),
    st.builds(lambda response: asks("theirs", **response), wishes),
    st.just(asks()),
    st.just(cancels("theirs")),
    st.builds(lambda response_id: cancels(response_id=response_id), st.sampled_from(["resp_1", "resp_2"])),
    st.builds(lambda session: says("session.update", session=session), sessions),
    st.builds(
        says,
        st.sampled_from(
            [
                "input_audio_buffer.commit",
                "input_audio_buffer.commit",
                "input_audio_buffer.clear",
                "output_audio_buffer.clear",
                "response.crate",
            ]
        ),
    ),
)
responses = st.sampled_from([NOW, NOW, NOW, NOW, "resp_1", "resp_2", "resp_9"])
pieces = st.sampled_from([0, 0, 1, 2, -1, 9])
calls = st.sampled_from(["call_1", "call_lookup"])
deltas = st.one_of(
    st.builds(TextDelta, texts),
    st.builds(
        FunctionCall,
        calls,
        st.sampled_from(["lookup", "hang_up", "transfer", "fly"]),
        st.sampled_from(["{}", '{"target": "sales"}', "not json"]),
    ),
    st.just(Usage(3, 4)),
    st.builds(CutShort, st.sampled_from(["max_output_tokens", "content_filter"])),
)
# A number of frames with this speech score.
time = st.tuples(st.sampled_from([SPEECH, SILENCE, 0.4]), st.integers(1, 45))
# A number of frames' time without any audio.
no_audio = st.integers(1, 45)
inputs: st.SearchStrategy[Input] = st.one_of(
    st.builds(Transcript, st.integers(0, 4), st.sampled_from(["", "hello", " ", "I want the"]), st.booleans()),
    st.builds(TurnVerdict, st.integers(0, 4), st.sampled_from(["maybe_over", "goes_on", "over"])),
    st.builds(SoundJudged, st.integers(0, 4), st.integers(0, 9), st.sampled_from([0.0, 0.5, 1.0])),
    st.builds(ReplyDelta, responses, deltas),
    st.builds(ReplyDelta, responses, deltas),
    st.builds(ReplyEnded, responses),
    st.builds(UtteranceLost, st.integers(0, 4), reasons),
    st.builds(ReplyFailed, responses, reasons),
    st.builds(SpeechMade, responses, pieces, st.sampled_from([b"", sound(20), sound(400), b"odd"])),
    st.builds(SpeechMade, responses, pieces, st.just(sound(200))),
    st.builds(SpeechEnded, responses, pieces),
    st.builds(SpeechFailed, responses, reasons),
    st.builds(Digit, st.sampled_from("5#"), st.just(0)),
    st.just(Greet()),
    st.builds(answers, st.sampled_from(["call_1", "call_lookup", "call_transfer", ""]), st.just("{}")),
    st.just(asks()),
    st.just(cancels()),
    st.builds(becomes, st.sampled_from(CONFIGS)),
    st.builds(TransferFailed, st.just(486)),
)
# What ends calls comes seldom, or there would be little else to see.
last_things: st.SearchStrategy[Input] = st.one_of(st.builds(HearingLost, reasons), st.just(TimeIsUp()))
# What callers and models do on most days: without it the unusual would meet no conversation to disturb.
scenes = st.sampled_from(
    [
        *("a turn", "a turn", "a guess", "a guess", "a tale", "a tale", "a listener", "somebody else"),
        *("words", "lookup", "hang_up", "transfer", "fly", "the end of the reply"),
    ]
)
happenings = st.lists(st.one_of(time, time, scenes, scenes, inputs, inputs, inputs), max_size=40)
# Nothing unusual: what callers, providers and time do by themselves.
quiet_happenings = st.lists(st.one_of(time, time, scenes), max_size=30)
happenings_with_clients = st.lists(
    st.one_of(
        time, time, no_audio, scenes, scenes, inputs, inputs, what_clients_say, what_clients_say, what_clients_say
    ),
    max_size=40,
)
