"""A WebSocket to a vendor. Rule: whatever happens to it becomes a ProviderError, and never a vendor's text.

A half-open connection is found by pings; how long an answer may take is for those to say who wait for it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from pipeline.providers import ProviderError, Reason
from pipeline.providers.statuses import reason_of

PING_S = 5.0
CLOSE_S = 1.0
LARGEST_BYTES = 1 << 24
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])


class Socket:
    """An open connection; `closed` once either side has ended it."""

    def __init__(self, provider: str, connection: ClientConnection) -> None:
        self._provider = provider
        self._connection = connection

    @property
    def closed(self) -> bool:
        """Nothing more can be sent."""
        return self._connection.close_code is not None

    async def send(self, frame: bytes | str) -> None:
        """Send one frame; raises ProviderError."""
        try:
            await self._connection.send(frame)
        except ConnectionClosed as error:
            raise lost(self._provider, error) from None

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send one JSON object as text; raises ProviderError."""
        await self.send(msgspec.json.encode(message).decode())

    async def receive(self) -> bytes | dict[str, Any]:
        """The next frame: bytes, or a JSON object; raises ProviderError, also when the far end closes."""
        try:
            frame = await self._connection.recv()
        except ConnectionClosed as error:
            raise lost(self._provider, error) from None
        if isinstance(frame, bytes):
            return frame
        try:
            return _OBJECT.decode(frame)
        except msgspec.DecodeError:
            raise failed(self._provider, "malformed", "no JSON object") from None

    async def close(self) -> None:
        """Close it; waits for the far end a moment at most."""
        await self._connection.close()


@asynccontextmanager
async def connected(
    provider: str, url: str, headers: Mapping[str, str], *, connect_s: float, subprotocols: tuple[str, ...] = ()
) -> AsyncIterator[Socket]:
    """Open a connection for as long as the block; raises ProviderError."""
    socket = await opened(provider, url, headers, connect_s=connect_s, subprotocols=subprotocols)
    try:
        yield socket
    finally:
        await socket.close()


async def opened(
    provider: str, url: str, headers: Mapping[str, str], *, connect_s: float, subprotocols: tuple[str, ...] = ()
) -> Socket:
    """Open a connection that its owner closes; raises ProviderError."""
    try:
        connection = await connect(
            url,
            additional_headers=headers,
            subprotocols=list(subprotocols) or None,  # type: ignore[arg-type]
            open_timeout=connect_s,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=CLOSE_S,
            max_size=LARGEST_BYTES,
            compression=None,
            proxy=None,
        )
    except InvalidStatus as error:
        reason, retryable = reason_of(error.response.status_code)
        raise failed(provider, reason, str(error.response.status_code), retryable=retryable) from None
    except TimeoutError:
        raise failed(provider, "stalled", "no connection in time", retryable=True) from None
    except (OSError, InvalidHandshake) as error:
        raise failed(provider, "unreachable", type(error).__name__, retryable=True) from None
    except (InvalidURI, ValueError):
        raise failed(provider, "refused", "the address or the key is malformed") from None
    return Socket(provider, connection)


def url_of(address: str, path: str, query: Mapping[str, object] | Sequence[tuple[str, object]] = ()) -> str:
    """The WebSocket's URL at an address that may be written as an HTTP one."""
    scheme, _, rest = address.partition("://")
    secure = {"http": "ws", "https": "wss"}.get(scheme, scheme)
    url = f"{secure}://{rest.rstrip('/')}{path}"
    return f"{url}?{urlencode(query)}" if query else url


def lost(provider: str, closed: ConnectionClosed) -> ProviderError:
    """The connection is gone; codes of policy (RFC 6455, section 7.4) will not be otherwise next time."""
    code = closed.rcvd.code if closed.rcvd is not None else None
    if code in (1008, 1003, 1007):
        return failed(provider, "refused", f"closed with {code}")
    return failed(provider, "unreachable", f"closed with {code}", retryable=True)


def failed(provider: str, reason: Reason, problem: str, *, retryable: bool = False) -> ProviderError:
    """The error to raise; the log names what went wrong, never what a vendor wrote."""
    structlog.get_logger().warning("provider_failed", provider=provider, reason=reason, problem=problem)
    return ProviderError(provider, reason, retryable=retryable)
