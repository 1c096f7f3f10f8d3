"""`/v1/calls`: place calls, look at them, steer them. Rule: what Redis knows is true for every node."""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from pipeline.realtime.config import SessionConfig
from pipeline.signals import RecordingState
from telephony.answerer import MachineWish
from telephony.control.answers import ApiError, as_json
from telephony.control.parts import Parts
from telephony.control.reading import body_of, call_id_of
from telephony.control.realtime_calls import ordered
from telephony.control.timeline import Line, Moment, timeline, transcript
from telephony.control.wishes import CallWish
from telephony.dialplan import STORED
from telephony.leg import Ending, KeyMethod, Muted
from telephony.line_terms import OwnFields
from telephony.orders import NOT_FOUND, Hold, Mute, Record, Refused, Resume, SendDigits, no_such_call
from telephony.recording_formats import MEDIA_TYPES
from telephony.referrals import WHOM
from telephony.state.record import CallRecord, Direction, Quality, State

# JSON Schema's $ is the end; Python's stands before a last line break too.
DIGITS: Final = r"^[0-9*#A-D]{1,64}$(?!\n)"
NUMBER: Final = r"^[A-Za-z0-9+*#._-]{1,64}$(?!\n)"
MAX_LISTED: Final = 500
# Without header fields behind a question mark: those that may be added are `sip_headers`.
_URI: Final = re.compile(r"sips?:(?:[^@\s<>]+@)?[^@?\s<>]+")

ShortText = Annotated[str, Meta(max_length=512)]


class NewCall(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call to place: `to` is a sip: address, or a number when a trunk is named.

    `sip_headers` go with the INVITE; with `withhold_caller` who is called does not learn our number.
    With `answering_machine` it is found out who answers: the agent is told of machines, or the call ends.
    `agent` talks, `session` changes it or stands alone. `greet`: the agent speaks first.
    `follow` names whom the far end may refer the call to (REFER), nobody if not said: USER at its own place, or
    USER@HOST, with * and ? as in names of files.
    """

    to: Annotated[str, Meta(max_length=256)]
    trunk: str | None = None
    caller: Annotated[str, Meta(pattern=NUMBER)] | None = None
    agent: str | None = None
    session: dict[str, Any] | None = None
    ring_timeout_s: Annotated[float, Meta(ge=1, le=600)] | None = None
    greet: bool = True
    answering_machine: MachineWish = "ignore"
    sip_headers: OwnFields = {}
    withhold_caller: bool = False
    follow: Annotated[tuple[Annotated[str, Meta(max_length=256, pattern=WHOM)], ...], Meta(max_length=64)] = ()
    metadata: Annotated[dict[Annotated[str, Meta(max_length=64)], ShortText], Meta(max_length=16)] = {}


class Digits(Struct, frozen=True, forbid_unknown_fields=True):
    """Keys to press for the far end."""

    digits: Annotated[str, Meta(pattern=DIGITS)]
    method: KeyMethod = "auto"


class MuteWish(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is not to be heard by the other: `agent` or `caller`; `on` false undoes it."""

    who: Muted
    on: bool = True


class RecordingWish(Struct, frozen=True, forbid_unknown_fields=True):
    """`paused` leaves silence where secrets are told, `off` leaves it out."""

    state: RecordingState


class CallObject(Struct, frozen=True, kw_only=True):
    """A call. Times are Unix milliseconds; `held`: the far end waits; `recorded`: all that was to be can be heard.

    `diverted_from` was dialled first; `sip_headers` are the X- fields of an inbound INVITE. `transfer_call_id` is the
    call that we placed to whom the caller is handed over to, which has the caller's in `transferred_from`.
    `answered_by` is human, voicemail, screening or fax where this was asked for. `quality` is known at the end.
    `far_end` is who is there since that changed.
    """

    id: str
    state: State
    direction: Direction
    caller: str
    called: str
    diverted_from: str
    agent: str
    route: str
    node: str
    created_at_ms: int
    answered_at_ms: int | None
    ended_at_ms: int | None
    ending: Ending | None
    held: bool
    recorded: bool
    sip_call_id: str
    sip_headers: dict[str, str]
    transfer_target: str
    transfer_summary: str
    transfer_call_id: str
    transferred_from: str
    answered_by: str
    quality: Quality | None
    far_end: str
    metadata: dict[str, str]
    object: Literal["call"] = "call"


class CallWithTimeline(CallObject, frozen=True, kw_only=True):
    """A call, and what happened in it."""

    timeline: list[Moment]


class CallList(Struct, frozen=True):
    """Calls, newest first."""

    calls: list[CallObject] = field(name="data")
    object: Literal["list"] = "list"


class Transcript(Struct, frozen=True):
    """What was said in a call."""

    lines: list[Line] = field(name="data")
    object: Literal["list"] = "list"


class Calls:
    """The endpoints."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """Where they are."""
        call = "/v1/calls/{call_id}"
        return [
            Route("/v1/calls", self.place, methods=["POST"]),
            Route("/v1/calls", self.list, methods=["GET"]),
            Route(call, self.get, methods=["GET"]),
            Route(f"{call}/digits", self.digits, methods=["POST"]),
            Route(f"{call}/hold", self.hold, methods=["POST"]),
            Route(f"{call}/resume", self.resume, methods=["POST"]),
            Route(f"{call}/mute", self.mute, methods=["POST"]),
            Route(f"{call}/recording", self.recording, methods=["GET"]),
            Route(f"{call}/recording", self.record, methods=["POST"]),
            Route(f"{call}/transcript", self.transcript, methods=["GET"]),
        ]

    async def place(self, request: Request) -> Response:
        """Call somebody."""
        call_id = await self._parts.dispatch.desk.place(await self._wished(await body_of(request, NewCall)))
        if isinstance(call_id, Refused):
            raise ApiError(call_id)
        await self._parts.known()
        record = await self._record(call_id)
        return as_json(_as_object(record), 201, {"location": f"/v1/calls/{call_id}"})

    async def list(self, request: Request) -> Response:
        """The latest calls; `?state=live` those that are going on, `?limit=` at most so many."""
        limit = _number(request, "limit", 100)
        state = request.query_params.get("state", "all")
        if state not in ("live", "all"):
            raise _invalid("state", "expected live or all")
        if state == "live":
            records = (await self._parts.store.live_calls())[::-1][:limit]
        else:
            records = await self._parts.store.calls(limit)
        return as_json(CallList([_as_object(record) for record in records]))

    async def get(self, request: Request) -> Response:
        """One call and what happened in it."""
        record = await self._record(call_id_of(request))
        events = await self._parts.bus.past_events(record.call_id)
        return as_json(CallWithTimeline(**_fields(record), timeline=timeline(record, events)))

    async def digits(self, request: Request) -> Response:
        """Press keys."""
        body = await body_of(request, Digits)
        return await ordered(self._parts, request, SendDigits(body.digits, body.method))

    async def hold(self, request: Request) -> Response:
        """Make the far end wait."""
        return await ordered(self._parts, request, Hold())

    async def resume(self, request: Request) -> Response:
        """Talk to it again."""
        return await ordered(self._parts, request, Resume())

    async def mute(self, request: Request) -> Response:
        """Let one side not be heard, or be heard again."""
        wish = await body_of(request, MuteWish)
        return await ordered(self._parts, request, Mute(wish.who, wish.on))

    async def record(self, request: Request) -> Response:
        """Turn the recording on, off, or pause it."""
        return await ordered(self._parts, request, Record((await body_of(request, RecordingWish)).state))

    async def recording(self, request: Request) -> Response:
        """The file of a call that is over: caller left, agent right."""
        record = await self._record(call_id_of(request))
        # The name is made from the call's id: Redis does not say which files we give away.
        folder, suffix = self._parts.recordings_dir, Path(record.recording).suffix
        path = folder / f"{record.call_id}{suffix}" if folder and suffix in MEDIA_TYPES else None
        if record.is_live or path is None or not path.is_file():
            where = f" It was made on {record.node}." if record.recording and path is None else ""
            message = f"There is no finished recording of call {record.call_id!r} here.{where}"
            raise ApiError(Refused(status=NOT_FOUND, code="recording_not_found", message=message))
        return FileResponse(path, media_type=MEDIA_TYPES[suffix], filename=path.name)

    async def transcript(self, request: Request) -> Response:
        """What was said so far."""
        record = await self._record(call_id_of(request))
        return as_json(Transcript(transcript(await self._parts.bus.past_events(record.call_id))))

    async def _record(self, call_id: str) -> CallRecord:
        record = await self._parts.store.call(call_id)
        if record is None:
            raise ApiError(no_such_call(call_id))
        return record

    async def _wished(self, new: NewCall) -> CallWish:
        if new.trunk is not None and new.trunk not in self._parts.trunks:
            raise _invalid("trunk", f"there is no trunk {new.trunk!r}")
        if not _URI.fullmatch(new.to) and not (new.trunk and re.fullmatch(NUMBER, new.to)):
            raise _invalid("to", "expected sip:USER@HOST, or a number and a trunk")
        if new.agent is None and new.session is None:
            message = "Missing required parameter: 'agent' or 'session'."
            raise ApiError(Refused(code="missing_required_parameter", message=message, param="agent"))
        session, agent = await self._session(new), new.agent or ""
        return CallWish(
            to=new.to,
            session=session,
            agent=agent,
            trunk=new.trunk,
            caller=new.caller,
            withheld=new.withhold_caller,
            fields=tuple(new.sip_headers.items()),
            ring_timeout_s=new.ring_timeout_s,
            greet=new.greet,
            answering_machine=new.answering_machine,
            follow=new.follow,
            metadata=new.metadata,
        )

    async def _session(self, new: NewCall) -> SessionConfig:
        body = dict(new.session or {})
        if new.agent is not None:
            body["model"] = STORED + new.agent.removeprefix(STORED)
        settled = await self._parts.wishes.settled(body, "session")
        if isinstance(settled, Refused):
            if new.agent is not None and settled.param == "session.model":
                raise _invalid("agent", f"there is no agent {new.agent!r}")
            raise ApiError(settled)
        return settled


def _invalid(param: str, problem: str) -> ApiError:
    return ApiError(Refused(code="invalid_value", message=f"Invalid value: '{param}': {problem}.", param=param))


def _number(request: Request, name: str, default: int) -> int:
    words = request.query_params.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,4}", words) or not 1 <= int(words) <= MAX_LISTED:
        raise _invalid(name, f"expected 1 to {MAX_LISTED}")
    return int(words)


def _as_object(record: CallRecord) -> CallObject:
    return CallObject(**_fields(record))


def _fields(record: CallRecord) -> dict[str, Any]:
    return {
        "id": record.call_id,
        "state": record.state,
        "direction": record.direction,
        "caller": record.caller,
        "called": record.called,
        "diverted_from": record.diverted_from,
        "agent": record.agent,
        "route": record.route,
        "node": record.node,
        "created_at_ms": record.started_at_ms,
        "answered_at_ms": record.answered_at_ms,
        "ended_at_ms": record.ended_at_ms,
        "ending": record.ending,
        "held": record.held,
        "recorded": bool(record.recording),
        "sip_call_id": record.sip_call_id,
        "sip_headers": record.sip_headers,
        "transfer_target": record.transfer_target,
        "transfer_summary": record.transfer_summary,
        "transfer_call_id": record.transfer_call_id,
        "transferred_from": record.transferred_from,
        "answered_by": record.answered_by,
        "quality": record.quality,
        "far_end": record.far_end,
        "metadata": record.metadata,
    }
