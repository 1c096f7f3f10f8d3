"""What the API is, for machines and for people. Rule: its types are those that the routes read and write.

The schemas come from the structs that requests are read into and answers are made of, so that they cannot differ.
"""

import html
from typing import Any, Final

import msgspec
from starlette.responses import HTMLResponse, Response

from pipeline.realtime.config import SessionConfig
from telephony.control.agent_book import AGENT_NAME, AgentChange, AgentList, AgentObject, NewAgent
from telephony.control.answers import ErrorBody
from telephony.control.calls import (
    CallList,
    CallObject,
    CallWithTimeline,
    Digits,
    MuteWish,
    NewCall,
    RecordingWish,
    Transcript,
)
from telephony.control.reading import CALL_ID
from telephony.control.realtime_calls import ClientSecret, ReferBody, RejectBody, SecretBody
from telephony.control.reloads import DialplanObject
from telephony.control.trunk_book import TrunkList
from telephony.control.trunk_object import TrunkObject
from telephony.control.webhooks import IncomingEvent
from telephony.recording_formats import MEDIA_TYPES

_TYPES: Final = (
    SessionConfig, RejectBody, ReferBody, SecretBody, ClientSecret, NewCall, CallObject, CallList, CallWithTimeline,
    Digits, MuteWish, RecordingWish, Transcript, NewAgent, AgentChange, AgentObject, AgentList, TrunkObject,
    TrunkList, ErrorBody, IncomingEvent, DialplanObject,
)  # fmt: skip

RECORDINGS: Final = " ".join(MEDIA_TYPES.values())
# path, method, summary, body, answer: (status, type or media types or None)
_OPERATIONS: Final[tuple[tuple[str, str, str, type | None, int, type | str | None], ...]] = (
    ("/v1/realtime/calls/{call_id}/accept", "post", "Take a ringing call", SessionConfig, 200, None),
    ("/v1/realtime/calls/{call_id}/reject", "post", "Refuse a ringing call", RejectBody, 200, None),
    ("/v1/realtime/calls/{call_id}/refer", "post", "Hand the far end over (SIP REFER)", ReferBody, 200, None),
    ("/v1/realtime/calls/{call_id}/hangup", "post", "End a call", None, 200, None),
    ("/v1/realtime/client_secrets", "post", "Make a short-lived key", SecretBody, 200, ClientSecret),
    ("/v1/calls", "post", "Place a call", NewCall, 201, CallObject),
    ("/v1/calls", "get", "The latest calls", None, 200, CallList),
    ("/v1/calls/{call_id}", "get", "One call and its timeline", None, 200, CallWithTimeline),
    ("/v1/calls/{call_id}/digits", "post", "Press keys for the far end", Digits, 200, None),
    ("/v1/calls/{call_id}/hold", "post", "Make the far end wait", None, 200, None),
    ("/v1/calls/{call_id}/resume", "post", "Talk to it again", None, 200, None),
    ("/v1/calls/{call_id}/recording", "get", "The recording: caller left, agent right", None, 200, RECORDINGS),
    ("/v1/calls/{call_id}/mute", "post", "Let one side not be heard", MuteWish, 200, None),
    (
        "/v1/calls/{call_id}/recording",
        "post",
        "Turn the recording on, pause it or turn it off",
        RecordingWish,
        200,
        None,
    ),
    ("/v1/calls/{call_id}/transcript", "get", "What was said", None, 200, Transcript),
    ("/v1/agents", "get", "All agents", None, 200, AgentList),
    ("/v1/agents", "post", "A new agent", NewAgent, 201, AgentObject),
    ("/v1/agents/{name}", "get", "One agent", None, 200, AgentObject),
    ("/v1/agents/{name}", "put", "Replace an agent, or make it", AgentChange, 200, AgentObject),
    ("/v1/agents/{name}", "delete", "Forget an agent", None, 200, None),
    ("/v1/trunks", "get", "How this node's trunks do", None, 200, TrunkList),
    ("/v1/dialplan/reload", "post", "Read the dialplan anew, for new calls", None, 200, DialplanObject),
    ("/metrics", "get", "What this node counts, for Prometheus", None, 200, "text/plain"),
)
_QUERIES: Final[dict[tuple[str, str], list[dict[str, Any]]]] = {
    ("/v1/calls", "get"): [
        {"name": "state", "in": "query", "schema": {"type": "string", "enum": ["live", "all"]}},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}},
    ]
}

_NAMED: Final = {
    "call_id": {"type": "string", "pattern": CALL_ID},
    "name": {"type": "string", "pattern": AGENT_NAME},
}


def document(public_url: str | None) -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    schemas, components = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    reference: dict[type, Any] = {kind: schema for kind, schema in zip(_TYPES, schemas, strict=True)}  # noqa: C416
    paths: dict[str, Any] = {}
    for path, method, summary, body, status, answer in _OPERATIONS:
        operation = _operation(path, method, summary)
        if body is not None:
            operation["requestBody"] = {
                "required": any(field.required for field in msgspec.structs.fields(body)),
                "content": {"application/json": {"schema": reference[body]}},
            }
        operation["responses"] = _responses(status, answer, reference)
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Offhook control API", "version": "1"},
        "servers": [{"url": public_url}] if public_url else [],
        "security": [{"key": []}],
        "paths": paths,
        "webhooks": _webhooks(reference),
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def docs_page() -> Response:
    """The operations, for people."""
    rows = "\n".join(
        f"<tr><td><code>{method.upper()}</code></td><td><code>{html.escape(path)}</code></td>"
        f"<td>{html.escape(summary)}</td></tr>"
        for path, method, summary, *_ in _OPERATIONS
    )
    return HTMLResponse(_PAGE.replace("ROWS", rows))


def _operation(path: str, method: str, summary: str) -> dict[str, Any]:
    named = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    words = [part.strip("{}") for part in path.split("/") if part and part != "v1"]
    parameters = [{"name": name, "in": "path", "required": True, "schema": _NAMED[name]} for name in named]
    return {
        "operationId": "_".join((method, *words)),
        "summary": summary,
        "parameters": parameters + _QUERIES.get((path, method), []),
    }


def _responses(status: int, answer: type | str | None, reference: dict[type, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "It is so."}
    if isinstance(answer, str):
        written = {} if answer.startswith("text/") else {"format": "binary"}
        success["content"] = {kind: {"schema": {"type": "string", **written}} for kind in answer.split()}
    elif answer is not None:
        success["content"] = {"application/json": {"schema": reference[answer]}}
    error = {"application/json": {"schema": reference[ErrorBody]}}
    return {
        str(status): success,
        "4XX": {"description": "It is not, for a reason that lies in the request or in the call.", "content": error},
        "5XX": {"description": "It is not, for a reason that lies in the service or beyond it.", "content": error},
    }


def _webhooks(reference: dict[type, Any]) -> dict[str, Any]:
    body = {"application/json": {"schema": reference[IncomingEvent]}}
    heard = {"2XX": {"description": "The application has heard."}}
    summary = "A call waits for the application to accept or reject it"
    post = {"summary": summary, "requestBody": {"content": body}, "responses": heard}
    return {"realtime.call.incoming": {"post": post}}


_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Offhook control API</title><style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
td { padding: .2rem 1rem .2rem 0; vertical-align: top; } code { font-size: .9em; }
</style></head><body>
<h1>Offhook control API</h1>
<p>Every phone call is an OpenAI Realtime session. Point an OpenAI SDK's base URL at <code>/v1</code> of this server;
what goes beyond the SDK is below. Keys are sent as <code>Authorization: Bearer KEY</code>. Machines read
<a href="/openapi.json">/openapi.json</a>.</p>
<p>WebSocket sessions are at <code>/v1/realtime</code>: <code>?model=</code>, <code>?intent=transcription</code>, or
<code>?call_id=</code> for a phone call. With <code>&amp;offhook_events=1</code> a client is also sent what OpenAI's
protocol has no event for: <code>offhook.partial_transcript</code> (all that is understood so far of an open utterance),
<code>offhook.turn_decided</code> (why the caller's turn was taken for finished, and how likely that was),
<code>offhook.barge_in</code> (what a caller meant who spoke while the agent did: interruption, answer, backchannel or
noise), <code>offhook.echo_heard</code> (the agent's own voice came back, and was not taken for the caller) and
<code>offhook.turn_timeline</code> (when each stage of an answer was reached, in ms of one clock).</p>
<table>
ROWS
</table></body></html>
"""
