"""A server that one of the vendors' SDKs talks to, and the connections to it. Rule: the SDK is loaded off the loop.

Replies are asked for through the SDK's own door for any path (`client.post`), and their events taken as plain objects:
a model of every token, and a transformation of every message of the conversation, cost more than all the rest. Of the
SDK's HTTP clients the one on aiohttp takes half as long for an event.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import TracebackType
from typing import Any, Final, Self

import structlog

from pipeline.providers import Access, Delta
from pipeline.providers.sdk import Asked, OptionRefusedError, Timeouts, http_limits, touched


@dataclass(frozen=True, slots=True)
class Sdk:
    """An SDK of this make: its module, which is the provider's name too, and its client."""

    name: str
    client: str


FOR_EVENTS: Final = "DefaultAioHttpClient"
FOR_SOUND: Final = "DefaultAsyncHttpxClient"
"""Tells a connection that was kept and turned out closed from one that cannot be had."""

OPENAI: Final = Sdk("openai", "AsyncOpenAI")
ANTHROPIC: Final = Sdk("anthropic", "AsyncAnthropic")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for a reply, and where; `options` are left out of it when a server does not know them."""

    path: str
    body: dict[str, Any]
    options: Collection[str]
    headers: Mapping[str, str] = field(default_factory=dict)


class SdkServer:
    """One server and the connections to it, which serve all its models, until `close` or the end of `with`.

    The SDK takes a while to load, so a thread does it: on entering `with`, else when something first needs it.
    """

    def __init__(self, sdk: Sdk, access: Access, timeouts: Timeouts, *, http: str = FOR_EVENTS) -> None:
        """`http` is the SDK's HTTP client to use."""
        self.url = access.base_url
        self.timeouts = timeouts
        self._sdk = sdk
        self._api_key = access.api_key
        self._module: Any = None
        self._client: Any = None
        self._stream_kind: Any = None
        self._http_name = http
        self._http: Any = None
        self._connecting = asyncio.Lock()
        self._refused: dict[str, frozenset[str]] = {}

    async def load(self) -> None:
        """Have the SDK loaded."""
        await self.client()

    async def client(self) -> Any:
        """The SDK's client."""
        async with self._connecting:
            if self._client is None:
                self._client = await asyncio.to_thread(self._made)
        return self._client

    async def warm(self) -> None:
        """Have a connection open before a reply needs it; never raises."""
        await self.client()
        await touched(self._http, self.url, self.timeouts.connect_s)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    def refused(self, model: str) -> frozenset[str]:
        """The options that this server refuses for this model, as far as is known."""
        return self._refused.get(model, frozenset())

    async def asked(self, model: str) -> Asked:
        """Who waits for a reply of this model."""
        await self.client()
        return Asked(self._module, self._sdk.name, model)

    async def deltas(
        self,
        asked: Asked,
        request: Callable[[], Request],
        take: Callable[[Any], list[Delta]],
        done: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[Delta, None]:
        """What `take` makes of a reply's events, as they come; raises ProviderError. Closing it closes the stream.

        `done` is told when the stream ended with the mark `[DONE]`.
        """
        stream = await self._begun(asked, request)
        try:
            wait_s = self.timeouts.first_s
            while (event := await asked.within(wait_s, anext(stream, None))) is not None:
                wait_s = self.timeouts.next_s
                for delta in asked.read(take, event):
                    yield delta
            if stream.marked:
                done()
        finally:
            await stream.close()

    async def _begun(self, asked: Asked, request: Callable[[], Request]) -> Any:
        """The stream of a reply, asked for with the options that the server takes."""
        while True:
            wanted = request()
            options = [option for option in wanted.options if option in wanted.body]
            asking = self._client.post(
                wanted.path,
                cast_to=object,
                body=wanted.body,
                options={"headers": wanted.headers},
                stream=True,
                stream_cls=self._stream_kind,
            )
            try:
                return await asked.within(self.timeouts.first_s, asking, options)
            except OptionRefusedError as error:
                structlog.get_logger().info("option_refused", model=asked.model, option=error.option)
                self._refused[asked.model] = self.refused(asked.model) | {error.option}

    async def __aenter__(self) -> Self:
        await self.client()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _made(self) -> Any:
        self._module = sdk = import_module(self._sdk.name)
        self._stream_kind = _marking(sdk.AsyncStream[object])
        limits, timeout = http_limits(self.timeouts)
        self._http = getattr(sdk, self._http_name)(limits=limits, timeout=timeout)
        # Local servers want no key, but the SDK does, and would look for one of its own in the environment.
        return getattr(sdk, self._sdk.client)(
            api_key=self._api_key or "none",
            base_url=self.url,
            max_retries=0,
            timeout=timeout,
            http_client=self._http,
        )


def _marking(kind: Any) -> Any:
    """The SDK's kind of stream, which stops at `[DONE]` and says nothing of it, made to tell."""

    class Marking(kind):  # type: ignore[misc]
        marked = False

        async def _iter_events(self) -> AsyncGenerator[Any, None]:
            async for event in super()._iter_events():
                self.marked = event.data.startswith("[DONE]")
                yield event

    return Marking
