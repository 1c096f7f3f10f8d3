"""What an application writes into a session object, and what becomes of it."""

from typing import Any

import pytest

from pipeline.realtime.config import (
    AudioInput,
    FunctionTool,
    SemanticVad,
    ServerVad,
    SessionConfig,
    Transcription,
)
from telephony.control.session_object import Merged, merged
from telephony.orders import Refused

CONFIG = SessionConfig(instructions="Be brief.", model="openai/one")


def laid_over(body: dict[str, Any], config: SessionConfig = CONFIG) -> SessionConfig:
    result = merged(config, body)
    assert isinstance(result, Merged)
    assert result.ignored == ()
    return result.config


def test_only_the_fields_that_are_there_change() -> None:
    config = laid_over({"type": "realtime", "audio": {"output": {"speed": 1.25}}})

    assert (config.instructions, config.audio.output.speed, config.audio.input) == ("Be brief.", 1.25, AudioInput())


def test_null_clears_what_can_be_off_and_says_nothing_about_the_rest() -> None:
    config = laid_over({"instructions": None, "audio": {"input": {"turn_detection": None, "transcription": None}}})

    hears = config.audio.input
    assert (config.instructions, hears.turn_detection, hears.transcription) == ("Be brief.", None, None)


def test_another_turn_detection_starts_from_its_own_defaults() -> None:
    config = laid_over({"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 0.9}}}})
    semantic = laid_over({"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}}, config)

    assert (config.audio.input.turn_detection, semantic.audio.input.turn_detection) == (
        ServerVad(threshold=0.9),
        SemanticVad(),
    )


def test_tools_are_replaced_and_a_voice_may_be_an_object() -> None:
    config = laid_over(
        {"tools": [{"type": "function", "name": "look_up"}], "audio": {"output": {"voice": {"id": "slt"}}}}
    )

    assert (config.tools, config.audio.output.voice) == ((FunctionTool(name="look_up"),), "slt")


def test_what_nobody_knows_is_left_out_and_named() -> None:
    result = merged(
        CONFIG,
        {
            "tracing": None,
            "shoe_size": 43,
            "audio": {"input": {"transcription": {"language": "en", "mood": "low"}}},
            "tools": [{"type": "function", "name": "a", "strict": True}],
        },
        "session",
    )

    assert isinstance(result, Merged)
    assert {"session.shoe_size", "session.audio.input.transcription.mood", "session.tools[0].strict"} <= {
        *result.ignored
    }
    assert result.config.audio.input.transcription == Transcription(language="en")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"instructions": 7}, "invalid_value", "session.instructions"),
        ({"audio": "loud"}, "invalid_value", "session.audio"),
        ({"audio": {"output": {"speed": "fast"}}}, "invalid_value", "session.audio.output.speed"),
        ({"output_modalities": ["smell"]}, "invalid_value", "session.output_modalities[0]"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
    ],
)
def test_a_wrong_type_is_refused_by_name(body: dict[str, Any], code: str, param: str) -> None:
    refused = merged(CONFIG, body, "session")

    assert isinstance(refused, Refused)
    assert (refused.status, refused.code, refused.param) == (400, code, param)
