"""Tables become typed values, and every fault is told with its line."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from pipeline.realtime.config import FunctionTool, SemanticVad, ServerVad, SessionConfig
from telephony.toml_text import parse
from telephony.typed_table import Reader, Unread


@dataclass(frozen=True)
class Line:
    """One telephone of the office."""

    number: str
    ring_ms: Annotated[int, Meta(ge=0)] = 0
    kind: Literal["desk", "mobile"] = "desk"
    port: int | None = 5060


@dataclass(frozen=True)
class Office:
    """A record of records."""

    name: str = "office"
    lines: tuple[Line, ...] = field(default=(), metadata={"key": "line"})
    codecs: tuple[str, ...] = ("PCMU",)


def read(text: str, hint: object = Office) -> tuple[object, list[tuple[int, str]]]:
    reader = Reader(parse(text, "office.toml"))
    value = reader.read(hint, reader.text.table, ())
    return value, [(fault.line, f"{fault.path}: {fault.problem} {fault.remedy}") for fault in sorted(reader.faults)]


def test_a_table_becomes_its_type() -> None:
    value, faults = read('name = "hq"\n[[line]]\nnumber = "1000"\nport = "off"\n[[line]]\nnumber = "2000"\nring_ms = 5')

    assert (value, faults) == (
        Office(name="hq", lines=(Line(number="1000", port=None), Line(number="2000", ring_ms=5))),
        [],
    )


def test_every_fault_is_told_at_once() -> None:
    _, faults = read(
        'nam = "hq"\ncodecs = ["PCMU", 8]\n[[line]]\nring_ms = -1\n'
        '[[line]]\nnumber = 1000\nkind = "desc"\nport = true\n'
    )

    assert faults == [
        (1, "nam: unknown key 'nam' did you mean 'name'?"),
        (2, "codecs[2]: expected a string, got a whole number "),
        (3, "line[1].number: is missing "),
        (4, "line[1].ring_ms: expected a whole number >= 0 "),
        (6, "line[2].number: expected a string, got a whole number "),
        (7, "line[2].kind: invalid enum value 'desc' did you mean 'desk'?"),
        (8, "line[2].port: expected a whole number, got true or false "),
    ]


def test_a_faulty_field_leaves_the_rest_readable() -> None:
    value, _ = read('name = 7\ncodecs = ["PCMA"]')
    assert value == Office(codecs=("PCMA",))


def test_a_record_without_a_required_field_is_unread() -> None:
    value, _ = read("ring_ms = 5", Line)
    assert value == Unread()


def test_an_agent_is_a_realtime_session_object() -> None:
    value, faults = read(
        """
        model = "openai/gpt-4o-mini"
        max_output_tokens = 200
        temperature = 1
        tool_choice = { type = "function", name = "book" }
        [audio.input.turn_detection]
        type = "server_vad"
        silence_duration_ms = 300
        [audio.output]
        voice = "slt"
        [[tools]]
        type = "function"
        name = "book"
        parameters = { type = "object", properties = { day = { type = "string" } } }
        """,
        SessionConfig,
    )

    assert isinstance(value, SessionConfig)
    assert (value.audio.input.turn_detection, value.tools, value.temperature, faults) == (
        ServerVad(silence_duration_ms=300),
        (FunctionTool(name="book", parameters={"type": "object", "properties": {"day": {"type": "string"}}}),),
        1.0,
        [],
    )


@pytest.mark.parametrize(
    ("turn_detection", "expected"),
    [('{ type = "semantic_vad", eagerness = "low" }', SemanticVad(eagerness="low")), ('"off"', None)],
)
def test_each_way_to_end_turns_can_be_written(turn_detection: str, expected: object) -> None:
    value, faults = read(f"audio.input.turn_detection = {turn_detection}", SessionConfig)

    assert isinstance(value, SessionConfig)
    assert (value.audio.input.turn_detection, faults) == (expected, [])


def test_faults_deep_in_a_session_are_found() -> None:
    _, faults = read(
        """model = "x"
audio.input.turn_detection = { type = "servervad" }
audio.output.sped = 1.1
output_modalities = ["audio", "txt"]
tool_choice = "autoo"
tools = [{ name = "a" },
  { nme = "b" }]
temperature = "hot"
""",
        SessionConfig,
    )

    assert faults == [
        (2, "audio.input.turn_detection.type: expected a type did you mean 'server_vad'?"),
        (3, "audio.output.sped: unknown key 'sped' did you mean 'speed'?"),
        (4, "output_modalities[2]: invalid enum value 'txt' did you mean 'text'?"),
        (5, "tool_choice: invalid enum value 'autoo' did you mean 'auto'?"),
        (7, "tools[2].name: is missing "),
        (7, "tools[2].nme: unknown key 'nme' did you mean 'name'?"),
        (8, "temperature: expected a number, got a string "),
    ]
