"""The functions of a call that this service answers itself: to hand over to another agent, and to ask a web server.

Rule: a function is answered once, also when nobody is there to answer it, and a failure is an answer too.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec
import structlog

from pipeline.realtime.client import AnswerFunction
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import FunctionArgumentsDone, ResponseDone, ServerEvent
from pipeline.tools import HAND_OVER, handed_over_to
from telephony.control.webhooks import signed
from telephony.dialplan import Dialplan, HttpFunction, Route
from telephony.leg import Leg
from telephony.secret import Secret

log = structlog.get_logger()

LONGEST_ANSWER: Final = 16_384
SILENCES: Final = 2


class FunctionCalled(msgspec.Struct, frozen=True, kw_only=True):
    """What the web server is told: which function of which call, and the arguments as JSON."""

    call_id: str
    name: str
    arguments: msgspec.Raw
    caller: str
    called: str


Ask = Callable[[HttpFunction, FunctionCalled], Awaitable[str]]


class WebFunctions:
    """Asks web servers for all calls. With a secret, they can tell who asks, as with webhooks."""

    def __init__(self, client: httpx.AsyncClient, secret: Secret | None) -> None:
        self._client = client
        self._secret = secret

    async def ask(self, function: HttpFunction, called: FunctionCalled) -> str:
        """The server's answer, or an `error` for the agent."""
        body = msgspec.json.encode(called)
        headers = {"content-type": "application/json"}
        if self._secret is not None:
            headers = signed(self._secret, f"fn_{secrets.token_hex(12)}", body, int(time.time()))
        try:
            answer = await self._client.post(function.url, content=body, headers=headers, timeout=function.timeout_s)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return self._failed(function, called, type(error).__name__)
        if not answer.is_success:
            return self._failed(function, called, str(answer.status_code))
        return answer.text[:LONGEST_ANSWER]

    def _failed(self, function: HttpFunction, called: FunctionCalled, problem: str) -> str:
        log.warning("function_failed", function=called.name, host=urlsplit(function.url).hostname, problem=problem)
        return '{"error": "it can not be reached at the moment"}'


async def nobody(function: HttpFunction, called: FunctionCalled) -> str:
    """For calls without a service around them."""
    return '{"error": "nobody answers"}'


@dataclass(frozen=True, slots=True)
class Crew:
    """Who else a call has, besides its agent: others who may go on with it, and functions that web servers answer.

    They put up with so many of the caller's silences in a row.
    """

    others: Mapping[str, SessionConfig] = field(default_factory=dict)
    functions: Mapping[str, HttpFunction] = field(default_factory=dict)
    ask: Ask = nobody
    silences: int = SILENCES


def crew_of(dialplan: Dialplan, route: Route, named: Callable[[SessionConfig], SessionConfig], ask: Ask) -> Crew:
    """Who else a call of this route has; `named` says the defaults' names where an agent names nobody."""
    found = {other: dialplan.agents.get(other.partition("/")[0]) for other in dialplan.menus.others(route)}
    others = {other: named(config) for other, config in found.items() if config is not None}
    return Crew(others, dialplan.functions, ask, max(SILENCES, dialplan.menus.silences(route)))


class Errands:
    """Those of one call."""

    def __init__(self, call_id: str, leg: Leg, crew: Crew, post: Callable[[AnswerFunction], None]) -> None:
        self._call_id = call_id
        self._leg = leg
        self._crew = crew
        self._post = post
        self._leaving: dict[str, tuple[str, str]] = {}
        self._asked: asyncio.Queue[FunctionArgumentsDone] = asyncio.Queue()

    def happened(self, event: ServerEvent) -> None:
        """The session emitted an event; who is handed over is so when the words before that have been made."""
        match event:
            case FunctionArgumentsDone(name=name) if name in self._crew.functions:
                self._asked.put_nowait(event)
            case FunctionArgumentsDone(name=name, arguments=arguments) if name == HAND_OVER:
                self._leaving[event.response_id] = event.call_id, handed_over_to(arguments)
            case ResponseDone(response=response) if response.id in self._leaving:
                self._hand_over(*self._leaving.pop(response.id))
            case _:
                pass

    async def run(self) -> None:
        """Ask web servers until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._ask(await self._asked.get()))

    def _hand_over(self, function_call_id: str, other: str) -> None:
        config = self._crew.others.get(other)
        if config is not None:
            log.info("handed_over", to=other)
            output = msgspec.json.encode({"agent": other}).decode()
            self._post(AnswerFunction(function_call_id, output, config))

    async def _ask(self, asked: FunctionArgumentsDone) -> None:
        try:
            arguments = msgspec.json.decode(asked.arguments.encode(), type=msgspec.Raw)
        except msgspec.DecodeError:
            arguments = msgspec.Raw(b"{}")
        called = FunctionCalled(
            call_id=self._call_id,
            name=asked.name,
            arguments=arguments,
            caller=self._leg.caller,
            called=self._leg.called,
        )
        output = await self._crew.ask(self._crew.functions[asked.name], called)
        self._post(AnswerFunction(asked.call_id, output))
