"""The way to Redis. Rule: redis-py's errors end in this package, and it never retries behind our back.

A silent reconnect would hide that the server has lost its memory; whoever writes decides what to write again.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

TIMEOUT_S = 5.0


class StateError(Exception):
    """Redis cannot be reached or refuses; the message names the kind of trouble and quotes nothing."""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Redis]:
    """A client for `redis://HOST:PORT/0`, `rediss://...` or `unix:///PATH`; connects when first used."""
    client = Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        health_check_interval=0,
        protocol=2,
    )
    try:
        yield client
    finally:
        await client.aclose()


@contextmanager
def our_errors() -> Iterator[None]:
    """What redis-py raises inside comes out as StateError."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StateError(type(error).__name__) from None


async def server_version(url: str) -> str:
    """The version of the Redis at this address, e.g. `7.0.15`; raises StateError when it cannot be asked."""
    with our_errors():
        async with connected(url) as client:
            told: dict[str, object] = await client.info("server")
    return str(told.get("redis_version", ""))
