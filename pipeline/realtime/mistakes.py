"""What is wrong with what a client wrote, as errors of the API. Rule: every error names the field in dots."""

import re
from typing import Any, Final

import msgspec

from pipeline.realtime.events import ErrorDetail

DEEPEST: Final = 64
_PLACE: Final = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `(\w+)`")


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
    said = problem[: place.start()] if place else problem
    named = f"'{param}': " if param else ""
    return mistake("invalid_value", f"Invalid value: {named}{said}.", param=param or None, event_id=event_id)


def mistake(code: str, message: str, *, param: str | None = None, event_id: str | None = None) -> ErrorDetail:
    """What a client did wrong."""
    return ErrorDetail(type="invalid_request_error", code=code, message=message, param=param, event_id=event_id)


def too_deep(value: Any) -> bool:
    """True when a JSON value is nested so deeply that it could not be written again."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def dotted(path: str, key: str) -> str:
    """A field's name with what it is in."""
    return f"{path}.{key}" if path and key and not key.startswith("[") else path + key
