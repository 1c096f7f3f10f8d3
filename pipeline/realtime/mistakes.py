"""What is wrong with what a client wrote, as errors of the API. Rule: every error names the field in dots."""

import re
from typing import Any, Final

import msgspec

from pipeline.realtime.events import ErrorDetail

DEEPEST: Final = 64
MOST_PARTS: Final = 20_000
LONGEST_BYTES: Final = 1_000_000  # shown to a client with the event around it, this is a frame of less than 1 MiB
_PLACE: Final = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `(\w+)`")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>[^`]*)`")


class MistakeError(Exception):
    """A client's mistake that was found deep inside of what it wrote."""

    def __init__(self, error: ErrorDetail) -> None:
        super().__init__(error.message)
        self.error = error


def invalid(error: msgspec.ValidationError, prefix: str, event_id: str | None = None) -> ErrorDetail:
    """What msgspec found wrong, as an error of the API: the field, in dots, and what it should have been."""
    problem = str(error)
    place = _PLACE.search(problem)
    param = dotted(prefix, place["place"] if place else "")
    missing = _MISSING.search(problem)
    if missing:
        param = dotted(param, missing[1])
        return mistake(
            "missing_required_parameter", f"Missing required parameter: '{param}'.", param=param, event_id=event_id
        )
    unknown = _UNKNOWN.search(problem)
    if unknown:
        return unknown_parameter(dotted(param, unknown["name"]), event_id)
    said = problem[: place.start()] if place else problem
    named = f"'{param}': " if param else ""
    return mistake("invalid_value", f"Invalid value: {named}{said}.", param=param or None, event_id=event_id)


def unknown_parameter(param: str, event_id: str | None = None) -> ErrorDetail:
    """A field that nobody knows, where a typo must not pass for a default."""
    return mistake("unknown_parameter", f"Unknown parameter: '{param}'.", param=param, event_id=event_id)


def mistake(code: str, message: str, *, param: str | None = None, event_id: str | None = None) -> ErrorDetail:
    """What a client did wrong."""
    return ErrorDetail(type="invalid_request_error", code=code, message=message, param=param, event_id=event_id)


def unwieldy(value: Any, param: str) -> ErrorDetail | None:
    """What is wrong with a JSON value that nobody could work with: nested too deeply, or of too many parts."""
    level, parts = [value], 1
    for _ in range(DEEPEST):
        outer = [each for each in level if isinstance(each, dict | list)]
        if not outer:
            return None
        parts += sum(map(len, outer))
        if parts > MOST_PARTS:
            return mistake("invalid_value", f"Invalid value: '{param}' has more than {MOST_PARTS} parts.", param=param)
        level = [inner for each in outer for inner in (each.values() if isinstance(each, dict) else each)]
    return mistake("invalid_value", f"Invalid value: '{param}' is nested too deeply.", param=param)


def too_long(value: msgspec.Struct, param: str) -> ErrorDetail | None:
    """What is wrong with something that no event could show to a client."""
    if len(msgspec.json.encode(value)) <= LONGEST_BYTES:
        return None
    return mistake(
        "string_above_max_length", f"Invalid '{param}': it is longer than {LONGEST_BYTES} bytes.", param=param
    )


def dotted(path: str, key: str) -> str:
    """A field's name with what it is in."""
    return f"{path}.{key}" if path and key and not key.startswith("[") else path + key
