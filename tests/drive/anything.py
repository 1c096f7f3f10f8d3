"""Whatever may happen to a session, in any order and of any kind: what peers and providers send is not to be trusted.

Rule: strategies and values only.
"""

from hypothesis import strategies as st

from pipeline.providers import CutShort, FunctionCall, TextDelta, Transcript, Usage
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
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
    TimeIsUp,
    TransferFailed,
)
from tests.drive.client import answers, asks, becomes, cancels
from tests.drive.story import SILENCE, SPEECH, sound

TOOLS = (FunctionTool(name="lookup"),)
PERMISSIONS = Permissions(hang_up=True, transfer_targets={"sales": "sip:sales@example.com"})
NOW = "the response under way"
LIMITS = Limits(
    transcript_ms=600, progress_ms=800, tool_ms=1_000, farewell_ms=2_000, digits_pause_ms=200, tool_rounds=1
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
    config(None),
    config(output_modalities=("text",)),
    SessionConfig(audio=Audio(input=AudioInput(transcription=None))),
]

texts = st.sampled_from(["", " ", "Yes. ", "Good evening, what can I do for you? Please", "…"])
reasons = st.sampled_from(["stalled", "unreachable"])
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
inputs: st.SearchStrategy[Input] = st.one_of(
    st.builds(Transcript, st.integers(0, 4), st.sampled_from(["", "hello", " "]), st.booleans()),
    st.builds(ReplyDelta, responses, deltas),
    st.builds(ReplyDelta, responses, deltas),
    st.builds(ReplyEnded, responses),
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
scenes = st.sampled_from(["a turn", "a turn", "words", "lookup", "hang_up", "transfer", "fly", "the end of the reply"])
happenings = st.lists(st.one_of(time, time, scenes, scenes, inputs, inputs, inputs), max_size=40)
