"""Client secrets: short-lived keys that an application gives away. Rule: Redis knows their hashes, never themselves."""

from typing import Any

import msgspec
from redis.asyncio import Redis

from pipeline.realtime.config import SessionConfig
from telephony.secret import digest_of
from telephony.state import keys
from telephony.state.connection import our_errors


class ClientSecrets:
    """Those that are still good, on every node. Both methods may raise StateError."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis  # redis-py's types do not tell bytes from text

    async def keep(self, secret: str, session: SessionConfig, ttl_s: int) -> None:
        """From now on, and for so long, this secret stands for this session."""
        with our_errors():
            await self._redis.set(_key(secret), msgspec.json.encode(session), ex=ttl_s)

    async def session(self, secret: str) -> SessionConfig | None:
        """What the secret stands for; None when nobody knows it, or no longer."""
        with our_errors():
            text = await self._redis.get(_key(secret))
        try:
            return None if text is None else msgspec.json.decode(text, type=SessionConfig)
        except msgspec.DecodeError:
            return None


def _key(secret: str) -> str:
    return keys.client_secret(digest_of(secret).hex())
