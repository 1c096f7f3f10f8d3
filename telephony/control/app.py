"""The control API as one ASGI application. Rule: every answer that is no success is an error object."""

from collections.abc import Sequence

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from telephony.control.agent_book import AgentBook
from telephony.control.answers import ApiError, as_error, as_json
from telephony.control.auth import Keyring
from telephony.control.calls import Calls
from telephony.control.gate import Gate
from telephony.control.metrics import MEDIA_TYPE, exposition
from telephony.control.openapi import docs_page, document
from telephony.control.parts import Parts
from telephony.control.realtime_calls import RealtimeCalls
from telephony.control.reloads import Reloads
from telephony.control.trunk_book import TrunkBook
from telephony.orders import Refused
from telephony.state.connection import StateError

log = structlog.get_logger()


def application(parts: Parts, sessions: Sequence[BaseRoute] = ()) -> ASGIApp:
    """The API of this node; `sessions` are the routes of WebSocket sessions."""
    keyring = Keyring(parts.settings.keys)
    if keyring.is_empty:
        log.warning("control_without_keys", served="this machine only", remedy="set control.keys to serve others")
    described = document(parts.settings.public_url)

    async def health(_: Request) -> Response:
        return as_json({"status": "ok", "node": parts.node})

    async def openapi(_: Request) -> Response:
        return as_json(described)

    async def metrics(_: Request) -> Response:
        return Response(exposition(parts.counters), media_type=MEDIA_TYPE)

    async def docs(_: Request) -> Response:
        return docs_page()

    routes = [
        Route("/", docs, methods=["GET"]),
        Route("/docs", docs, methods=["GET"]),
        Route("/healthz", health, methods=["GET"]),
        Route("/openapi.json", openapi, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
        *RealtimeCalls(parts).routes(),
        *Calls(parts).routes(),
        *AgentBook(parts).routes(),
        *TrunkBook(parts).routes(),
        *Reloads(parts).routes(),
        *sessions,
    ]
    refusals = {ApiError: _api_error, StateError: _state_error, HTTPException: _http_error, Exception: _fault}
    app = Starlette(routes=routes, exception_handlers=refusals)  # type: ignore[arg-type]
    return Gate(app, keyring, parts.client_secrets)


async def _api_error(_: Request, error: ApiError) -> Response:
    return as_error(error.refused)


async def _state_error(request: Request, error: StateError) -> Response:
    log.warning("redis_away_for_request", path=request.url.path, problem=str(error))
    return as_error(Refused(status=503, code="server_error", message="The state of calls cannot be read right now."))


async def _http_error(request: Request, error: HTTPException) -> Response:
    code = {404: "unknown_url", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    message = f"{request.method} {request.url.path}: {error.detail}."
    answer = as_error(Refused(status=error.status_code, code=code, message=message))
    answer.headers.update(error.headers or {})
    return answer


async def _fault(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, exc_info=error, remedy="this is a fault of the service")
    return as_error(Refused(status=500, code="server_error", message="The service failed to answer this request."))
