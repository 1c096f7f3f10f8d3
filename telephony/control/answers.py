"""What the API says: JSON, and OpenAI's error object. Rule: every answer that is no success has that object."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.responses import Response

from telephony.orders import Refused

SERVER_ERROR: Final = 500


class ApiError(Exception):
    """A request cannot be served; raised anywhere below a route."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


class ErrorObject(msgspec.Struct, frozen=True, kw_only=True):
    """OpenAI's error: `code` is for programs, `message` for their developers, `param` names what is wrong."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that is no success."""

    error: ErrorObject


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def empty() -> Response:
    """Success, with nothing to add."""
    return Response(status_code=200)


def error_body(refused: Refused) -> ErrorBody:
    """The error object of a refusal."""
    kind = "server_error" if refused.status >= SERVER_ERROR else "invalid_request_error"
    return ErrorBody(ErrorObject(message=refused.message, type=kind, param=refused.param, code=refused.code))


def as_error(refused: Refused) -> Response:
    """An error answer."""
    return as_json(error_body(refused), refused.status)
