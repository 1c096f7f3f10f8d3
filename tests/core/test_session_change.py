"""What a client changes of its session, and what it is shown."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from pipeline.naming import Misnamed, Named
from pipeline.realtime.client import UpdateSession
from pipeline.realtime.config import (
    AudioInput,
    Format,
    FunctionTool,
    NoiseReduction,
    SemanticVad,
    ServerVad,
    SessionConfig,
    Tracing,
    Transcription,
)
from pipeline.realtime.events import ErrorEvent, SessionCreated, SessionUpdated
from pipeline.signals import BeginUtterance, Configured, Setting, Speak, StartReply
from tests.drive.client import says
from tests.drive.story import Story

BRIEF = SessionConfig(instructions="Be brief.", model="openai/one")


def only_ours(asked: SessionConfig, before: SessionConfig) -> Named | Misnamed:
    if asked.model.startswith("openai/") or asked.model == before.model:
        return Named(asked, asked)
    meant = replace(asked, model=before.model)
    return Named(asked, meant) if asked.model.startswith("gpt-") else Misnamed("model", "nobody is called so")


ONLY_OURS = Setting(naming=only_ours)
THEIR_TYPES: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


def a_session(config: SessionConfig = BRIEF, setting: Setting = ONLY_OURS) -> Story:
    call = Story(config, setting=setting)
    call.take()
    return call


def changed(session: dict[str, Any], config: SessionConfig = BRIEF) -> SessionConfig:
    """What becomes of a session, which is shown as OpenAI's own types have it."""
    call = a_session(config)
    updated, configured = call.tell(says("session.update", session=session))
    assert isinstance(updated, SessionUpdated)
    assert isinstance(configured, Configured)
    assert configured.ignored == ()
    THEIR_TYPES.validate_json(msgspec.json.encode(updated))
    return call.session.config


def refused(session: dict[str, Any]) -> tuple[str, str | None, str | None]:
    call = a_session()
    (event,) = call.tell(says("session.update", event_id="mine", session=session))
    assert isinstance(event, ErrorEvent)
    assert call.session.config == BRIEF
    assert event.error.type == "invalid_request_error"
    return event.error.code, event.error.param, event.error.event_id


def test_only_the_fields_that_are_there_change() -> None:
    config = changed({"type": "realtime", "audio": {"output": {"speed": 1.25}}})

    assert (config.instructions, config.audio.output.speed, config.audio.input) == ("Be brief.", 1.25, AudioInput())


def test_an_update_without_a_type_and_without_anything_is_one() -> None:
    assert changed({}) == BRIEF


def test_null_clears_what_can_be_off_and_says_nothing_about_the_rest() -> None:
    warm = SessionConfig(instructions="Be brief.", temperature=0.7)

    config = changed(
        {
            "instructions": None,
            "temperature": None,
            "audio": {"input": {"turn_detection": None, "transcription": None}},
        },
        warm,
    )

    hears = config.audio.input
    assert (config.instructions, config.temperature) == ("Be brief.", msgspec.UNSET)
    assert (hears.turn_detection, hears.transcription) == (None, None)


def test_what_is_empty_clears_instructions_and_tools() -> None:
    config = changed(
        {"instructions": "", "tools": []}, SessionConfig(instructions="x", tools=(FunctionTool(name="a"),))
    )

    assert (config.instructions, config.tools) == ("", ())


@pytest.mark.parametrize(
    ("before", "wish", "after"),
    [
        (ServerVad(threshold=0.9), {"type": "semantic_vad"}, SemanticVad()),
        (SemanticVad(eagerness="low"), {"type": "server_vad"}, ServerVad()),
        (ServerVad(threshold=0.9), {"type": "server_vad", "silence_duration_ms": 200}, ServerVad(0.9, 300, 200)),
        (ServerVad(threshold=0.9), {"silence_duration_ms": 200}, ServerVad(0.9, 300, 200)),
        (SemanticVad(eagerness="low"), {"create_response": False}, SemanticVad("low", create_response=False)),
        (None, {"create_response": False}, ServerVad(create_response=False)),
        (ServerVad(idle_timeout_ms=6_000), {"idle_timeout_ms": None}, ServerVad()),
    ],
)
def test_turn_detection_of_another_type_starts_from_its_own_defaults(before: Any, wish: Any, after: Any) -> None:
    config = msgspec.structs.replace(
        BRIEF, audio=msgspec.structs.replace(BRIEF.audio, input=AudioInput(turn_detection=before))
    )

    assert changed({"audio": {"input": {"turn_detection": wish}}}, config).audio.input.turn_detection == after


def test_what_other_clients_spell_otherwise_is_understood() -> None:
    config = changed(
        {
            "output_modalities": ["audio", "text"],
            "tools": [{"name": "look_up"}],
            "tracing": {"workflow_name": "calls"},
            "audio": {
                "input": {"format": "g711_alaw", "noise_reduction": {"type": "far_field", "strength": 0.5}},
                "output": {"format": "pcm16", "voice": {"id": "slt"}, "model": "inworld-tts-2"},
            },
        }
    )

    hears, speaks = config.audio.input, config.audio.output
    assert (config.output_modalities, config.tools) == (("audio", "text"), (FunctionTool(name="look_up"),))
    assert (hears.format, hears.noise_reduction) == (Format(type="audio/pcma"), NoiseReduction("far_field", 0.5))
    assert (speaks.format, speaks.voice, speaks.model) == (Format(), "slt", "inworld-tts-2")
    assert config.tracing == Tracing(workflow_name="calls")


def test_pcm_may_have_other_rates_and_floats() -> None:
    call = a_session()

    call.tell(
        says(
            "session.update",
            session={
                "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}, "output": {"format": "float32"}}
            },
        )
    )

    audio = call.session.config.audio
    assert (audio.input.format, audio.output.format) == (Format(rate=16_000), Format(type="audio/float32"))


def test_what_nobody_knows_has_no_effect_and_is_named() -> None:
    call = a_session()

    _, configured = call.tell(
        says(
            "session.update",
            session={
                "shoe_size": 43,
                "audio": {"input": {"transcription": {"language": "en", "mood": "low"}}},
                "tools": [{"type": "function", "name": "a", "strict": True}, {"type": "mcp", "server_label": "b"}],
                "tool_choice": {"type": "mcp", "server_label": "b"},
            },
        )
    )

    assert isinstance(configured, Configured)
    assert {*configured.ignored} == {
        "session.shoe_size",
        "session.audio.input.transcription.mood",
        "session.tools[0].strict",
        "session.tools[1]",
        "session.tool_choice",
    }
    assert configured.config.audio.input.transcription == Transcription(language="en")
    assert configured.config.tools == (FunctionTool(name="a"),)


def test_a_session_shows_the_name_that_was_asked_for_and_runs_as_it_is_meant() -> None:
    call = a_session()

    call.tell(says("session.update", session={"model": "gpt-realtime-2.1", "instructions": "Be kind."}))
    call.tell(says("session.update", session={"instructions": "Be brief."}))

    updated, configured = call.take(SessionUpdated, Configured)[-2:]
    assert (updated.session.model, updated.session.instructions) == ("gpt-realtime-2.1", "Be brief.")
    assert (configured.config.model, configured.config.instructions) == ("openai/one", "Be brief.")


def test_a_name_that_nobody_answers_to_changes_nothing() -> None:
    assert refused({"model": "opnai/one", "instructions": "Be kind."}) == ("model_not_found", "session.model", "mine")


def test_the_next_response_has_the_new_model_and_voice() -> None:
    call = a_session()
    call.tell(says("session.update", session={"model": "openai/two", "audio": {"output": {"voice": "slt"}}}))

    call.caller_says("hello")
    call.agent_says("Hello.")

    assert [type(output) for output in call.take(Configured, BeginUtterance, StartReply)] == [
        Configured,
        BeginUtterance,
        StartReply,
    ]
    assert (call.session.config.model, [output.voice for output in call.outputs if isinstance(output, Speak)]) == (
        "openai/two",
        ["slt"],
    )


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"instructions": 7}, "invalid_value", "session.instructions"),
        ({"audio": "loud"}, "invalid_value", "session.audio"),
        ({"audio": {"output": {"speed": "fast"}}}, "invalid_value", "session.audio.output.speed"),
        ({"audio": {"output": {"speed": 3}}}, "invalid_value", "session.audio.output.speed"),
        ({"audio": {"output": {"voice": 7}}}, "invalid_value", "session.audio.output.voice"),
        ({"audio": {"input": {"format": "mp3"}}}, "invalid_value", "session.audio.input.format"),
        ({"audio": {"input": {"format": {"type": "mp3"}}}}, "invalid_value", "session.audio.input.format.type"),
        (
            {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 0}}}},
            "invalid_value",
            "session.audio.input.format.rate",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 2}}}},
            "invalid_value",
            "session.audio.input.turn_detection.threshold",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "telepathy"}}}},
            "invalid_value",
            "session.audio.input.turn_detection.type",
        ),
        ({"output_modalities": ["smell"]}, "invalid_value", "session.output_modalities[0]"),
        ({"output_modalities": []}, "invalid_value", "session.output_modalities"),
        ({"max_output_tokens": 5_000}, "invalid_value", "session.max_output_tokens"),
        ({"max_output_tokens": "all"}, "invalid_value", "session.max_output_tokens"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
        ({"tools": [{"type": "function", "name": "look up"}]}, "invalid_value", "session.tools[0].name"),
        ({"tool_choice": "perhaps"}, "invalid_value", "session.tool_choice"),
        ({"type": "transcription"}, "invalid_value", "session.type"),
        ({"providerData": 7}, "invalid_value", "session.providerData"),
        ({"providerData": {str(n): n for n in range(20_000)}}, "invalid_value", "session"),
        ({"instructions": "x" * 1_000_000}, "string_above_max_length", "session"),
        ({"tools": [{"name": f"t{n}"} for n in range(129)]}, "invalid_value", "session.tools"),
        (
            {"truncation": {"type": "retention_ratio", "retention_ratio": 7}},
            "invalid_value",
            "session.truncation.retention_ratio",
        ),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_changes_nothing(session: dict[str, Any], code: str, param: str) -> None:
    assert refused(session) == (code, param, "mine")
    assert refused({"instructions": "Be rude.", **session}) == (code, param, "mine")


def test_the_session_is_shown_complete() -> None:
    call = Story(BRIEF, setting=Setting(expires_at=1_800_000_000))

    (created,) = call.take(SessionCreated)

    shown = msgspec.to_builtins(created.session)
    assert (shown["id"], shown["object"], shown["type"], shown["expires_at"]) == (
        "sess_1",
        "realtime.session",
        "realtime",
        1_800_000_000,
    )
    assert shown["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24_000}
    assert shown["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    }
    THEIR_TYPES.validate_json(msgspec.json.encode(created))


def test_what_a_vendor_adds_is_kept_merged_and_honoured() -> None:
    call = a_session()
    stt = {"prompt": "menu words", "language_hints": ["de", "en"], "vad_threshold": 0.7, "voice_profile": True}
    call.tell(says("session.update", session={"providerData": {"stt": stt, "user_id": "u1"}}))
    call.tell(
        says("session.update", session={"providerData": {"stt": {"prompt": "wine"}, "memory": {"enabled": True}}})
    )

    configured = call.take(Configured)[-1].config

    assert call.session.config.provider_wishes == {
        "stt": {**stt, "prompt": "wine"},
        "user_id": "u1",
        "memory": {"enabled": True},
    }
    assert call.session.config.audio.input.transcription == Transcription()
    assert configured.audio.input.transcription == Transcription(prompt="wine", language="de")
    assert configured.audio.input.turn_detection == ServerVad(threshold=0.7)


def test_a_session_that_only_listens_is_shown_as_one() -> None:
    call = Story(SessionConfig(type="transcription"))
    call.tell(says("session.update", session={"audio": {"input": {"transcription": {"language": "en"}}}}))

    created, updated = call.take(SessionCreated, SessionUpdated)

    for event in (created, updated):
        shown = msgspec.to_builtins(event.session)
        assert (shown["type"], shown["object"], set(shown["audio"])) == (
            "transcription",
            "realtime.transcription_session",
            {"input"},
        )
        THEIR_TYPES.validate_json(msgspec.json.encode(event))
    assert updated.session.audio.input.transcription.language == "en"


def test_a_change_of_everything_at_once_is_the_config_that_was_written() -> None:
    wished = SessionConfig(
        instructions="x",
        model="openai/three",
        audio=msgspec.structs.replace(BRIEF.audio, input=AudioInput(turn_detection=None)),
        temperature=0.2,
    )

    event = says("session.update", session=msgspec.to_builtins(wished))

    assert isinstance(event, UpdateSession)
    assert changed(event.session) == wished
