"""A session object as an application wrote it, laid over a config. Rule: pure; a refused change changes nothing.

Only the fields that are there count, objects merge field by field, and an object of another `type` starts from that
type's defaults. Fields that nobody knows are left out and named, so that newer SDKs and other dialects are served;
wrong types and values are refused by name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec
from msgspec.inspect import Field, ListType, NoneType, StructType, Type, UnionType, VarTupleType, type_info

from pipeline.realtime.config import (
    Format,
    FunctionTool,
    SemanticVad,
    ServerVad,
    SessionConfig,
    Truncation,
    TurnDetection,
)
from pipeline.realtime.dialect import in_our_words
from pipeline.realtime.events import ErrorDetail
from pipeline.realtime.mistakes import dotted, invalid, mistake, too_long, unwieldy

TOOL_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_TOOLS: Final = 128
PCM_RATES_HZ: Final = range(8_000, 48_001)
_CLEARED: Final = object()

Wrong = tuple[str, str]
"""A dotted name, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The effective config, and the dotted names of what has no effect."""

    config: SessionConfig
    ignored: tuple[str, ...]


def changed(
    config: SessionConfig,
    body: dict[str, Any],
    prefix: str = "session",
) -> Changed | ErrorDetail:
    """The config with the fields of `body`; `prefix` names the body in what is refused."""
    wrong = unwieldy(body, prefix or "session")
    if wrong is not None:
        return wrong
    ignored: list[str] = []
    body = _with_turn_type(served(in_our_words(body), prefix, ignored), config)
    known = known_of(type_info(SessionConfig), body, prefix, ignored)
    whole = _laid_over(msgspec.to_builtins(config), known)
    try:
        merged = msgspec.convert(whole, SessionConfig)
    except msgspec.ValidationError as error:
        return invalid(error, prefix)
    for param, problem in _wrong(merged):
        return mistake("invalid_value", f"Invalid value: {problem}.", param=dotted(prefix, param))
    wrong = too_long(merged, prefix or "session")
    if wrong is not None:
        return wrong
    return Changed(merged, tuple(ignored))


def wrong_tools(tools: tuple[FunctionTool, ...]) -> Iterator[Wrong]:
    """Names that no model's provider would take, and more of them than any does."""
    if len(tools) > MOST_TOOLS:
        yield "tools", f"there are {MOST_TOOLS} tools at most"
    for index, tool in enumerate(tools):
        if not TOOL_NAME.fullmatch(tool.name):
            yield f"tools[{index}].name", "a tool's name has letters, digits, _ and -, 64 at most"


def wrong_token_limit(limit: int | str) -> Iterator[Wrong]:
    """A limit is 1 to 4096, or `inf`."""
    if isinstance(limit, int) and not 1 <= limit <= 4_096:
        yield "max_output_tokens", 'max_output_tokens is 1 to 4096, or "inf"'


def wrong_format(param: str, wire: Format) -> Iterator[Wrong]:
    """PCM has rates, G.711 has one."""
    if wire.rate is None:
        return
    if wire.type in ("audio/pcmu", "audio/pcma"):
        if wire.rate != 8_000:
            yield f"{param}.rate", f"{wire.type} has 8000 samples a second"
    elif wire.rate not in PCM_RATES_HZ:
        yield f"{param}.rate", "a rate is 8000 to 48000"


def _wrong(config: SessionConfig) -> Iterator[Wrong]:
    hears, speaks = config.audio.input, config.audio.output
    yield from wrong_format("audio.input.format", hears.format)
    yield from wrong_format("audio.output.format", speaks.format)
    yield from _wrong_turns(hears.turn_detection)
    if not 0.25 <= speaks.speed <= 1.5:
        yield "audio.output.speed", "a speed is 0.25 to 1.5"
    if isinstance(config.temperature, float | int) and not 0 <= config.temperature <= 2:
        yield "temperature", "a temperature is 0 to 2"
    if not config.output_modalities:
        yield "output_modalities", 'output_modalities is ["audio"] or ["text"]'
    if isinstance(config.truncation, Truncation) and not 0 <= config.truncation.retention_ratio <= 1:
        yield "truncation.retention_ratio", "a retention_ratio is 0 to 1"
    yield from wrong_token_limit(config.max_output_tokens)
    yield from wrong_tools(config.tools)


def _wrong_turns(turns: TurnDetection | None) -> Iterator[Wrong]:
    if not isinstance(turns, ServerVad):
        return
    at = "audio.input.turn_detection"
    if not 0 <= turns.threshold <= 1:
        yield f"{at}.threshold", "a threshold is 0 to 1"
    for key in ("prefix_padding_ms", "silence_duration_ms"):
        if not 0 <= getattr(turns, key) <= 60_000:
            yield f"{at}.{key}", f"{key} is 0 to 60000"
    if turns.idle_timeout_ms is not None and not 1 <= turns.idle_timeout_ms <= 3_600_000:
        yield f"{at}.idle_timeout_ms", "idle_timeout_ms is positive, or null"


def served(body: dict[str, Any], prefix: str, ignored: list[str]) -> dict[str, Any]:
    """A session's or a response's object without the kinds of tools that nobody here runs."""
    kept = dict(body)
    if isinstance(body.get("tools"), list):
        kept["tools"] = []
        for index, tool in enumerate(body["tools"]):
            if isinstance(tool, dict) and isinstance(tool.get("type"), str) and tool["type"] != "function":
                ignored.append(dotted(prefix, f"tools[{index}]"))
            else:
                kept["tools"].append(tool)
    match body.get("tool_choice"):
        case {"type": str(kind)} if kind != "function":
            ignored.append(dotted(prefix, "tool_choice"))
            del kept["tool_choice"]
    return kept


def _with_turn_type(body: dict[str, Any], config: SessionConfig) -> dict[str, Any]:
    """Turn detection without a type is the one there is, or OpenAI's default one."""
    match body:
        case {"audio": {"input": {"turn_detection": dict(turns)}}} if "type" not in turns:
            kind = "semantic_vad" if isinstance(config.audio.input.turn_detection, SemanticVad) else "server_vad"
            hears = {**body["audio"]["input"], "turn_detection": {"type": kind, **turns}}
            return {**body, "audio": {**body["audio"], "input": hears}}
    return body


def known_of(kind: Type, value: Any, path: str, ignored: list[str]) -> Any:
    """The value without what `kind` has no field for."""
    struct = _struct_for(kind, value)
    if struct is not None:
        fields = _fields(struct.cls)
        kept = {}
        for key, item in value.items():
            if key == struct.tag_field:
                kept[key] = item
            elif key not in fields:
                ignored.append(dotted(path, key))
            elif item is not None or _takes_none(fields[key].type):
                kept[key] = known_of(fields[key].type, item, dotted(path, key), ignored)
            elif key in _can_be_unset(struct.cls):
                kept[key] = _CLEARED
        return kept
    item_kind = _item_kind(kind)
    if item_kind is not None and isinstance(value, list):
        return [known_of(item_kind, item, f"{path}[{index}]", ignored) for index, item in enumerate(value)]
    return value


def _struct_for(kind: Type, value: Any) -> StructType | None:
    """The struct that an object is meant to be: by its tag, and the first of several when it has none."""
    if not isinstance(value, dict):
        return None
    structs = [each for each in _alternatives(kind) if isinstance(each, StructType)]
    if len(structs) == 1:
        return structs[0]
    return next((each for each in structs if value.get(str(each.tag_field)) == each.tag), None)


def _item_kind(kind: Type) -> Type | None:
    for each in _alternatives(kind):
        if isinstance(each, ListType | VarTupleType):
            return each.item_type
    return None


def _takes_none(kind: Type) -> bool:
    return any(isinstance(each, NoneType) for each in _alternatives(kind))


def _alternatives(kind: Type) -> tuple[Type, ...]:
    return kind.types if isinstance(kind, UnionType) else (kind,)


@cache
def _fields(struct: type[msgspec.Struct]) -> dict[str, Field]:
    described = type_info(struct)
    assert isinstance(described, StructType)
    return {field.encode_name: field for field in described.fields}


@cache
def _can_be_unset(struct: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(each.encode_name for each in msgspec.structs.fields(struct) if each.default is msgspec.UNSET)


def _laid_over(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict) or new.get("type", old.get("type")) != old.get("type"):
        return {key: value for key, value in new.items() if value is not _CLEARED} if isinstance(new, dict) else new
    merged = {**old, **{key: _laid_over(old.get(key), value) for key, value in new.items()}}
    return {key: value for key, value in merged.items() if value is not _CLEARED}
