"""Call records and session configs in Redis. Rule: it waits for Redis, so nothing on a call's path calls it.

A call's own node writes through `telephony.state.writer`; whoever asks about calls reads here. A live call whose node
gives no sign of life is marked lost by the first who looks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog
from redis.asyncio import Redis

from pipeline.realtime.config import SessionConfig
from telephony.state import keys
from telephony.state.connection import our_errors
from telephony.state.record import CallRecord, decoded, encoded

log = structlog.get_logger()

# Only the record that was read is marked: a node that comes back in between has written a newer one.
_MARK_LOST: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
redis.call('SREM', KEYS[2], ARGV[3])
return 1
"""
# The versions of deleted configs are kept, so that a version never comes twice.
_PUT_SESSION: Final = """
local there = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1
local version = there and redis.call('HGET', KEYS[2], ARGV[1]) or '0'
if ARGV[3] ~= '' and ARGV[3] ~= version then return -tonumber(version) - 1 end
version = redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
redis.call('HSET', KEYS[1], ARGV[1], version .. ':' .. ARGV[2])
return version
"""


class VersionConflictError(Exception):
    """A session config has been changed by somebody else; `version` is what it is now, 0 when it is not there."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(f"session config {name!r} has version {version}")
        self.version = version


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session config as it is kept; each change has a higher version."""

    name: str
    version: int
    config: SessionConfig


def write_records(pipe: Any, records: Iterable[CallRecord], ttl_s: int) -> None:
    """Queue on a pipeline what keeps these records and their place in the lists."""
    for record in records:
        pipe.set(keys.call(record.call_id), encoded(record), ex=ttl_s)
        pipe.zadd(keys.CALLS, {record.call_id: record.started_at_ms})
        if record.is_live:
            pipe.sadd(keys.LIVE_CALLS, record.call_id)
        else:
            pipe.srem(keys.LIVE_CALLS, record.call_id)


def forget_old_calls(pipe: Any, before_ms: int) -> None:
    """Queue on a pipeline that calls begun before this leave the list; their records have expired by themselves."""
    pipe.zremrangebyscore(keys.CALLS, "-inf", before_ms)


class Store:
    """What is kept about calls and agents. Every method may raise StateError."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis  # redis-py's types do not tell bytes from text
        self._mark_lost = redis.register_script(_MARK_LOST)
        self._put_session = redis.register_script(_PUT_SESSION)

    async def call(self, call_id: str) -> CallRecord | None:
        """One call's record."""
        with our_errors():
            found = await self._checked([call_id])
        return found[0] if found else None

    async def calls(self, limit: int = 100) -> list[CallRecord]:
        """The latest calls, newest first."""
        with our_errors():
            ids = await self._redis.zrevrange(keys.CALLS, 0, limit - 1)
            return await self._checked([_text(call_id) for call_id in ids])

    async def live_calls(self) -> list[CallRecord]:
        """Every call that is going on, on any node, oldest first."""
        with our_errors():
            ids = [_text(call_id) for call_id in await self._redis.smembers(keys.LIVE_CALLS)]
            records = await self._checked(ids)
            if expired := set(ids) - {record.call_id for record in records}:
                await self._redis.srem(keys.LIVE_CALLS, *expired)
        return sorted((record for record in records if record.is_live), key=lambda record: record.started_at_ms)

    async def put_session(self, name: str, config: SessionConfig, expected_version: int | None = None) -> int:
        """Keep a session config; its new version. VersionConflictError when it has not `expected_version` (0: none)."""
        expected = "" if expected_version is None else str(expected_version)
        with our_errors():
            version = int(
                await self._put_session(
                    keys=[keys.SESSIONS, keys.SESSION_VERSIONS], args=[name, msgspec.json.encode(config), expected]
                )
            )
        if version < 0:
            raise VersionConflictError(name, -version - 1)
        return version

    async def session(self, name: str) -> StoredSession | None:
        """One session config; None when there is none of this name."""
        with our_errors():
            text = await self._redis.hget(keys.SESSIONS, name)
        return _stored(name, text) if text is not None else None

    async def sessions(self) -> list[StoredSession]:
        """Every session config by name."""
        with our_errors():
            found = await self._redis.hgetall(keys.SESSIONS)
        stored = [_stored(_text(name), text) for name, text in sorted(found.items())]
        return [session for session in stored if session is not None]

    async def delete_session(self, name: str) -> bool:
        """Forget a session config; whether it was there."""
        with our_errors():
            return bool(await self._redis.hdel(keys.SESSIONS, name))

    async def _checked(self, call_ids: list[str]) -> list[CallRecord]:
        """The records that are there, in this order; those of dead nodes are marked lost."""
        if not call_ids:
            return []
        texts = await self._redis.mget([keys.call(call_id) for call_id in call_ids])
        records = [(text, decoded(text)) for text in texts if text is not None]
        known = [(text, record) for text, record in records if record is not None]
        alive = await self._alive({record.node for _, record in known if record.is_live})
        return [
            record if not record.is_live or record.node in alive else await self._lost(record, text)
            for text, record in known
        ]

    async def _alive(self, nodes: set[str]) -> set[str]:
        names = sorted(nodes)
        signs = await self._redis.mget([keys.node(name) for name in names]) if names else []
        return {name for name, sign in zip(names, signs, strict=True) if sign is not None}

    async def _lost(self, record: CallRecord, text: bytes) -> CallRecord:
        lost = record.lost()
        await self._mark_lost(
            keys=[keys.call(record.call_id), keys.LIVE_CALLS], args=[text, encoded(lost), record.call_id]
        )
        return lost


def _stored(name: str, text: bytes) -> StoredSession | None:
    version, _, config = text.partition(b":")
    try:
        return StoredSession(name, int(version), msgspec.json.decode(config, type=SessionConfig))
    except (msgspec.DecodeError, ValueError):
        log.warning("session_config_unreadable", name=name, remedy="put it again: it was written by another version")
        return None


def _text(word: Any) -> str:
    return word.decode() if isinstance(word, bytes) else str(word)
