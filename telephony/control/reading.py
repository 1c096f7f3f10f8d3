"""What a request says, as types of ours. Rule: what is wrong in it is refused by name, and it is never too long."""

import re
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request

from pipeline.realtime.mistakes import invalid
from telephony.control.answers import ApiError
from telephony.orders import Refused, no_such_call, refused

T = TypeVar("T")

MAX_BODY_BYTES: Final = 1 << 20
CALL_ID: Final = r"^rtc_[0-9a-f]{24}$"


def call_id_of(request: Request) -> str:
    """The call in the path; what cannot be one is not found."""
    call_id = str(request.path_params["call_id"])
    if not re.fullmatch(CALL_ID, call_id):
        raise ApiError(no_such_call(call_id[:40]))
    return call_id


async def body_of(request: Request, kind: type[T]) -> T:
    """The JSON body, which may be left out where every field may be."""
    raw = await _raw(request) or b"{}"
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise ApiError(refused(invalid(error, ""))) from None
    except msgspec.DecodeError:
        raise ApiError(Refused(code="invalid_json", message="The body is not JSON.")) from None


async def object_of(request: Request) -> dict[str, Any]:
    """The JSON body, whatever its fields."""
    return await body_of(request, dict[str, Any])


async def _raw(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise ApiError(Refused(status=413, code="request_too_large", message="The body is longer than 1 MiB."))
        parts.append(part)
    return b"".join(parts)
