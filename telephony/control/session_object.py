"""A Realtime session object as an application wrote it, laid over a config. Rule: pure; wrong types are refused.

Only the fields that are there count, objects merge field by field, and an object of another `type` starts from that
type's defaults. Fields that nobody knows are left out and named, so that newer SDKs and other dialects are served.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec
from msgspec.inspect import (
    Field,
    ListType,
    NoneType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)

from pipeline.realtime.config import SessionConfig
from telephony.orders import Refused

_PLACE: Final = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")


@dataclass(frozen=True, slots=True)
class Merged:
    """The effective config, and the dotted names of what was not understood."""

    config: SessionConfig
    ignored: tuple[str, ...]


def merged(config: SessionConfig, body: dict[str, Any], prefix: str = "") -> Merged | Refused:
    """The config with the fields of `body`; `prefix` names the body in what is refused, e.g. `session`."""
    ignored: list[str] = []
    known = _known(type_info(SessionConfig), _as_object(body), prefix, ignored)
    whole = _laid_over(msgspec.to_builtins(config), known)
    try:
        return Merged(msgspec.convert(whole, SessionConfig), tuple(ignored))
    except msgspec.ValidationError as error:
        return invalid(error, prefix)


def invalid(error: msgspec.ValidationError, prefix: str = "") -> Refused:
    """What msgspec found wrong, as an error of the API: the field, in dots, and what it should have been."""
    problem = str(error)
    place = _PLACE.search(problem)
    param = _dotted(prefix, place["place"] if place else "")
    missing = re.search(r"missing required field `(\w+)`", problem)
    if missing:
        param = _dotted(param, missing[1])
        return Refused(
            code="missing_required_parameter", message=f"Missing required parameter: '{param}'.", param=param
        )
    unknown = re.search(r"unknown field `([^`]*)`", problem)
    if unknown:
        param = _dotted(param, unknown[1])
        return unknown_parameter(param)
    said = problem[: place.start()] if place else problem
    return Refused(code="invalid_value", message=f"Invalid value: '{param}': {said}.", param=param or None)


def unknown_parameter(param: str) -> Refused:
    """A field that nobody knows, where a typo must not pass for a default."""
    return Refused(code="unknown_parameter", message=f"Unknown parameter: '{param}'.", param=param)


def _as_object(body: dict[str, Any]) -> dict[str, Any]:
    """A voice of an application's own comes as an object; its id is its name."""
    match body:
        case {"audio": {"output": {"voice": {"id": str(voice)}}}}:
            output = {**body["audio"]["output"], "voice": voice}
            return {**body, "audio": {**body["audio"], "output": output}}
    return body


def _known(kind: Type, value: Any, path: str, ignored: list[str]) -> Any:
    """The value without what `kind` has no field for."""
    struct = _struct_for(kind, value)
    if struct is not None:
        fields = _fields(struct.cls)
        kept = {}
        for key, item in value.items():
            if key == struct.tag_field:
                kept[key] = item
            elif key not in fields:
                ignored.append(_dotted(path, key))
            elif item is not None or _takes_none(fields[key].type):
                kept[key] = _known(fields[key].type, item, _dotted(path, key), ignored)
        return kept
    item_kind = _item_kind(kind)
    if item_kind is not None and isinstance(value, list):
        return [_known(item_kind, item, f"{path}[{index}]", ignored) for index, item in enumerate(value)]
    return value


def _struct_for(kind: Type, value: Any) -> StructType | None:
    if not isinstance(value, dict):
        return None
    structs = [each for each in _alternatives(kind) if isinstance(each, StructType)]
    if len(structs) == 1:
        return structs[0]
    return next((each for each in structs if value.get(each.tag_field) == each.tag), None)


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
def _fields(struct: type) -> dict[str, Field]:
    described = type_info(struct)
    assert isinstance(described, StructType)
    return {field.encode_name: field for field in described.fields}


def _laid_over(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict) or new.get("type", old.get("type")) != old.get("type"):
        return new
    return {**old, **{key: _laid_over(old.get(key), value) for key, value in new.items()}}


def _dotted(path: str, key: str) -> str:
    return f"{path}.{key}" if path and key and not key.startswith("[") else path + key
