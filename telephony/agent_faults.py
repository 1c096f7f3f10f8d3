"""What is wrong with an agent in itself. Rule: pure; what Realtime itself refuses is refused before any call."""

import re
from collections.abc import Iterator

from pipeline.realtime.config import Format, SemanticVad, ServerVad, SessionConfig, ToolChoiceFunction
from telephony.faults import did_you_mean
from telephony.toml_text import Broken

_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def faults(agent: SessionConfig) -> Iterator[Broken]:
    """Where, the problem, and the remedy."""
    hears, speaks = agent.audio.input, agent.audio.output
    if not 0.25 <= speaks.speed <= 1.5:
        yield ("audio", "output", "speed"), f"{speaks.speed} is out of range", "0.25 to 1.5"
    for side, form in (("input", hears.format), ("output", speaks.format)):
        if form != Format() and form.rate not in (None, 24_000 if form.type == "audio/pcm" else 8_000):
            yield ("audio", side, "format", "rate"), f"{form.type} has another rate", "leave it out"
    for key, problem, remedy in _broken_turns(hears.turn_detection):
        yield ("audio", "input", "turn_detection", key), problem, remedy
    if isinstance(agent.max_output_tokens, int) and not 1 <= agent.max_output_tokens <= 4_096:
        yield ("max_output_tokens",), f"{agent.max_output_tokens} is out of range", '1 to 4096, or "inf"'
    if isinstance(agent.temperature, float) and not 0 <= agent.temperature <= 2:
        yield ("temperature",), f"{agent.temperature} is out of range", "0 to 2"
    if len(agent.output_modalities) != 1:
        yield ("output_modalities",), "an agent has one way to answer", '["audio"]'
    yield from _broken_tools(agent)


def _broken_turns(turns: ServerVad | SemanticVad | None) -> Iterator[tuple[str, str, str]]:
    if not isinstance(turns, ServerVad):
        return
    if not 0 <= turns.threshold <= 1:
        yield "threshold", f"{turns.threshold} is out of range", "0 to 1"
    for key in ("prefix_padding_ms", "silence_duration_ms"):
        if getattr(turns, key) < 0:
            yield key, f"{getattr(turns, key)} ms is less than nothing", "0 or more"
    if turns.idle_timeout_ms is not None and not 5_000 <= turns.idle_timeout_ms <= 30_000:
        yield "idle_timeout_ms", f"{turns.idle_timeout_ms} is out of range", "5000 to 30000"


def _broken_tools(agent: SessionConfig) -> Iterator[Broken]:
    names = [tool.name for tool in agent.tools]
    for index, name in enumerate(names):
        if not _TOOL_NAME.fullmatch(name):
            yield ("tools", index, "name"), f"{name!r} is no name", "letters, digits, _ and -, at most 64"
        elif name in names[:index]:
            yield ("tools", index, "name"), f"{name!r} is already the name of a tool", ""
    chosen = agent.tool_choice
    if isinstance(chosen, ToolChoiceFunction) and chosen.name not in names:
        yield ("tool_choice", "name"), f"there is no tool {chosen.name!r}", did_you_mean(chosen.name, names)
