"""An application beside the service: it hears webhooks and steers calls by OpenAI's own SDK. Rule: real HTTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx
from openai import AsyncOpenAI
from openai.types.webhooks import RealtimeCallIncomingWebhookEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telephony.control.server import ControlServer
from telephony.settings import ControlSettings
from tests.drive.offhook import PATIENCE_S, House

SECRET = "whsec_dGhlIHBob25lIHJpbmdz"
KEY = "sk-of-an-application"


@dataclass
class Delivery:
    """One try to tell the application."""

    body: bytes
    headers: dict[str, str]


@dataclass
class Application:
    """What an application hears at its webhook; `answers` are the status codes it gives, then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    _news: asyncio.Queue[Delivery] = field(default_factory=asyncio.Queue)

    async def listen(self, request: Request) -> Response:
        delivery = Delivery(await request.body(), dict(request.headers))
        self.deliveries.append(delivery)
        self._news.put_nowait(delivery)
        return Response(status_code=self.answers.pop(0) if self.answers else 200)

    async def is_told(self) -> RealtimeCallIncomingWebhookEvent:
        """The next delivery, its signature checked by the SDK."""
        async with asyncio.timeout(PATIENCE_S):
            delivery = await self._news.get()
        event = AsyncOpenAI(api_key="unused").webhooks.unwrap(delivery.body, delivery.headers, secret=SECRET)
        assert isinstance(event, RealtimeCallIncomingWebhookEvent)
        return event


@contextlib.asynccontextmanager
async def an_application(*answers: int) -> AsyncIterator[Application]:
    told = Application(answers=list(answers))
    app = Starlette(routes=[Route("/calls", told.listen, methods=["POST"])])
    async with ControlServer(app, ControlSettings(port=0)) as server:
        told.url = f"{server.addresses[0]}/calls"
        yield told


def address(house: House) -> str:
    assert house.service.control is not None
    return house.service.control.addresses[0]


@contextlib.asynccontextmanager
async def sdk(url: str, key: str = KEY) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0) as client:
        yield client


@contextlib.asynccontextmanager
async def http(url: str, key: str = KEY) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=15) as client:
        yield client


async def until(client: httpx.AsyncClient, path: str, holds: Callable[[dict[str, object]], bool]) -> dict[str, object]:
    """Ask until it is so; the test's own timeout bounds it."""
    while True:
        found: dict[str, object] = (await client.get(path)).json()
        if holds(found):
            return found
        await asyncio.sleep(0.05)
