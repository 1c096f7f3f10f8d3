"""Telling an application that a call waits for it. Rule: one event with one id, until it is heard or too late.

The event is OpenAI's `realtime.call.incoming`, signed per Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over
`id.timestamp.body`. A try that fails is repeated with the same id and body and a new timestamp, ever later.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

import httpx
import msgspec
import structlog

from telephony.leg import Leg
from telephony.secret import Secret

log = structlog.get_logger()

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 8.0
TRY_TIMEOUT_S: Final = 5.0
GONE: Final = 410
_ENCODED_SECRET: Final = "whsec_"


class SipHeader(msgspec.Struct, frozen=True):
    """One header field of the INVITE."""

    name: str
    value: str


class IncomingCall(msgspec.Struct, frozen=True, kw_only=True):
    """What an application learns of the call."""

    call_id: str
    sip_headers: tuple[SipHeader, ...]
    sip_media_security: Literal["rtp", "srtp"] = "rtp"


class IncomingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the webhook."""

    id: str
    created_at: int
    call: IncomingCall = msgspec.field(name="data")
    type: Literal["realtime.call.incoming"] = "realtime.call.incoming"
    object: Literal["event"] = "event"


class Offered(Protocol):
    """A call that waits for an application."""

    @property
    def call_id(self) -> str:
        """The call."""
        ...

    @property
    def webhook(self) -> str:
        """The application's address."""
        ...

    @property
    def leg(self) -> Leg:
        """Its INVITE."""
        ...


def incoming(call_id: str, fields: Iterable[tuple[str, str]], event_id: str, unix_s: int) -> IncomingEvent:
    """The event for a call with these header fields, which come in the order of the INVITE."""
    headers = tuple(SipHeader(name, value) for name, value in fields)
    return IncomingEvent(id=event_id, created_at=unix_s, call=IncomingCall(call_id=call_id, sip_headers=headers))


def signed(secret: Secret, event_id: str, body: bytes, unix_s: int) -> dict[str, str]:
    """The header fields that prove where a webhook comes from."""
    content = b".".join((event_id.encode(), str(unix_s).encode(), body))
    digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(unix_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def pauses_s() -> Iterator[float]:
    """How long to wait before each further try."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


class Webhooks:
    """Sends them. `known` is awaited first: the application may ask any node about the call as soon as it is told."""

    def __init__(self, secret: Secret, client: httpx.AsyncClient, known: Callable[[], Awaitable[None]]) -> None:
        self._secret = secret
        self._client = client
        self._known = known

    async def announce(self, offered: Offered) -> None:
        """Tell its application of the call; returns when it has heard, or never will."""
        url = offered.webhook
        await self._known()
        event_id = f"evt_{secrets.token_hex(12)}"
        event = incoming(offered.call_id, offered.leg.header_fields, event_id, int(time.time()))
        body = msgspec.json.encode(event)
        host = urlsplit(url).hostname
        for pause_s in pauses_s():
            problem = await self._try(url, event_id, body)
            if problem is None:
                log.info("webhook_delivered", host=host, event_id=event_id)
                return
            log.warning("webhook_failed", host=host, event_id=event_id, problem=problem, next_try_in_s=pause_s)
            if problem == str(GONE):
                return
            await asyncio.sleep(pause_s)

    async def _try(self, url: str, event_id: str, body: bytes) -> str | None:
        """None when the application has taken it, else what came instead."""
        try:
            headers = signed(self._secret, event_id, body, int(time.time()))
            response = await self._client.post(url, content=body, headers=headers, timeout=TRY_TIMEOUT_S)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__
        return None if response.is_success else str(response.status_code)


def _key(secret: Secret) -> bytes:
    """The key: what follows `whsec_` in base64, or any other secret as it is."""
    words = secret.reveal()
    if not words.startswith(_ENCODED_SECRET):
        return words.encode()
    try:
        return base64.b64decode(words.removeprefix(_ENCODED_SECRET))
    except binascii.Error:
        return words.encode()
