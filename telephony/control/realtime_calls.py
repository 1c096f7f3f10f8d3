"""`/v1/realtime/calls/{call_id}/...` and client secrets, as in OpenAI's SDKs. Rule: their bodies, their answers."""

import secrets
import time
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.realtime.session_view import as_object
from telephony.control.answers import ApiError, as_json, empty
from telephony.control.auth import EPHEMERAL
from telephony.control.parts import Parts
from telephony.control.reading import body_of, call_id_of, object_of
from telephony.dialplan import TRANSFER_TARGET
from telephony.line_terms import OwnFields
from telephony.orders import Accept, HangUp, Order, Refer, Refused, Reject


class RejectBody(Struct, frozen=True):
    """What the caller hears of it."""

    status_code: Annotated[int, Meta(ge=300, le=699)] = 603


class ReferBody(Struct, frozen=True):
    """Where the far end is to go."""

    target_uri: str
    summary: Annotated[str, Meta(max_length=2_000)] = ""


class ExpiresAfter(Struct, frozen=True):
    """How long a client secret is good for."""

    seconds: Annotated[int, Meta(ge=10, le=7_200)] = 600
    anchor: Literal["created_at"] = "created_at"


class SecretBody(Struct, frozen=True):
    """What a client secret is to stand for."""

    session: dict[str, Any] = {}
    expires_after: ExpiresAfter = field(default_factory=ExpiresAfter)


class ClientSecret(Struct, frozen=True, kw_only=True):
    """A client secret and its session, as `session.created` will show it; `expires_at` in Unix seconds."""

    value: str
    expires_at: int
    session: dict[str, Any]


class RealtimeCalls:
    """The endpoints."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """Where they are."""
        calls = "/v1/realtime/calls/{call_id}"
        return [
            Route(f"{calls}/accept", self.accept, methods=["POST"]),
            Route(f"{calls}/reject", self.reject, methods=["POST"]),
            Route(f"{calls}/refer", self.refer, methods=["POST"]),
            Route(f"{calls}/hangup", self.hang_up, methods=["POST"]),
            Route("/v1/realtime/client_secrets", self.create_secret, methods=["POST"]),
        ]

    async def accept(self, request: Request) -> Response:
        """Take a ringing call with this session."""
        body = await object_of(request)
        fields = _own_fields(body.pop("answer_headers", {}))
        return await self._order(request, Accept(body, fields))

    async def reject(self, request: Request) -> Response:
        """Refuse it."""
        return await self._order(request, Reject((await body_of(request, RejectBody)).status_code))

    async def refer(self, request: Request) -> Response:
        """Hand the far end over."""
        body = await body_of(request, ReferBody)
        if not TRANSFER_TARGET.fullmatch(body.target_uri):
            message = "Invalid value: 'target_uri': expected sip:USER@HOST or tel:+NUMBER."
            raise ApiError(Refused(code="invalid_value", message=message, param="target_uri"))
        return await self._order(request, Refer(body.target_uri, body.summary))

    async def hang_up(self, request: Request) -> Response:
        """End it."""
        return await self._order(request, HangUp())

    async def create_secret(self, request: Request) -> Response:
        """A key that may be given to a browser."""
        body = await body_of(request, SecretBody)
        config = await self._parts.wishes.settled(body.session, "session")
        if isinstance(config, Refused):
            raise ApiError(config)
        value = f"{EPHEMERAL}{secrets.token_hex(24)}"
        ttl_s = body.expires_after.seconds
        await self._parts.client_secrets.keep(value, config, ttl_s)
        session = as_object(self._parts.wishes.named(config), f"sess_{secrets.token_hex(9)}")
        shown = msgspec.to_builtins(session)
        return as_json(ClientSecret(value=value, expires_at=int(time.time()) + ttl_s, session=shown))

    async def _order(self, request: Request, order: Order) -> Response:
        return await ordered(self._parts, request, order)


def _own_fields(given: object) -> dict[str, str]:
    try:
        return msgspec.convert(given, OwnFields)
    except msgspec.ValidationError as error:
        message = f"Invalid value: 'answer_headers': {error}."
        raise ApiError(Refused(code="invalid_value", message=message, param="answer_headers")) from None


async def ordered(parts: Parts, request: Request, order: Order) -> Response:
    """Have an order carried out for the call in the path; an empty answer when it is."""
    outcome = await parts.dispatch.order(call_id_of(request), order)
    if isinstance(outcome, Refused):
        raise ApiError(outcome)
    return empty()
