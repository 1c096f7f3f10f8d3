"""Redis Streams between nodes: a call's events, and what others want of it. Rule: the owner executes, others ask.

A call's events are one stream. Commands for a call go to the stream of the node that owns it, so that a node reads one
stream however many calls it has. Both are bounded in length and time. Who wants to know what became of a command leaves
a token with it, and waits at a list of that name.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from redis.asyncio import Redis

from telephony.state import keys
from telephony.state.connection import StateError, our_errors
from telephony.state.record import decoded

log = structlog.get_logger()

MAX_EVENTS_OF_CALL: Final = 2_000
MAX_COMMANDS_OF_NODE: Final = 1_000
COMMANDS_TTL_S: Final = 3_600
BLOCK_MS: Final = 1_000
PAUSE_S: Final = 0.5
FIRST: Final = "0-0"
REPLY_TTL_S: Final = 60
REPLY_BLOCK_S: Final = 0.5


class CallNotLiveError(Exception):
    """Nobody can carry out a command for this call: it is unknown, over, or its node is dead."""


class NoReplyError(Exception):
    """The call's node lives but has not said what became of a command; it may still be carried out."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of a call. `position` resumes reading behind it."""

    position: str
    event: bytes


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody wants of a call, as JSON; with a token, somebody waits for the reply."""

    position: str
    call_id: str
    command: bytes
    token: str = ""


def write_events(pipe: Any, call_id: str, events: Iterable[tuple[str, bytes]], ttl_s: int) -> None:
    """Queue on a pipeline that these events follow. Each has its position: one that is there already is refused."""
    key = keys.events(call_id)
    for position, event in events:
        pipe.xadd(key, {keys.EVENT_FIELD: event}, id=position, maxlen=MAX_EVENTS_OF_CALL, approximate=True)
    pipe.expire(key, ttl_s)


class Bus:
    """Reads events and carries commands."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis  # redis-py's types do not tell bytes from text

    async def past_events(self, call_id: str, after: str = FIRST) -> list[StoredEvent]:
        """The events kept of a call behind a position, oldest first; raises StateError."""
        with our_errors():
            entries = await self._redis.xrange(keys.events(call_id), min=f"({after}")
        return [_event(entry) for entry in entries]

    async def events(self, call_id: str, after: str = FIRST) -> AsyncIterator[StoredEvent]:
        """The events of a call behind a position, and then each as it comes, without end; raises StateError."""
        while True:
            for entry in await self._read(keys.events(call_id), after):
                event = _event(entry)
                after = event.position
                yield event

    async def publish_command(self, call_id: str, command: bytes) -> str:
        """Ask the call's node to do something; the command's position. Raises CallNotLiveError, StateError."""
        return await self._publish(await self._owner(call_id), call_id, command)

    async def ask(self, call_id: str, command: bytes, timeout_s: float) -> bytes:
        """Ask the call's node to do something and wait for its reply.

        Raises CallNotLiveError, also when the node dies meanwhile, NoReplyError and StateError.
        """
        token = secrets.token_hex(12)
        owner = await self._owner(call_id)
        await self._publish(owner, call_id, command, token)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with our_errors():
                found = await self._redis.blpop([keys.reply(token)], timeout=REPLY_BLOCK_S)
                if found is not None:
                    return bytes(found[1])
                if not await self._redis.exists(keys.node(owner)):
                    raise CallNotLiveError(call_id)
        raise NoReplyError(call_id)

    async def reply(self, command: Command, text: bytes) -> None:
        """Say what became of a command, if somebody waits for it; raises StateError."""
        if command.token:
            with our_errors():
                pipe = self._redis.pipeline(transaction=False)
                pipe.rpush(keys.reply(command.token), text)
                pipe.expire(keys.reply(command.token), REPLY_TTL_S)
                await pipe.execute()

    async def commands(self, node: str) -> AsyncIterator[Command]:
        """What this node's calls are asked to do, in order, without end; it waits while Redis is away."""
        after = FIRST
        away = False
        while True:
            try:
                entries = await self._read(keys.commands(node), after)
            except StateError as error:
                if not away:
                    log.warning("commands_unreadable", problem=str(error), remedy="calls go on; reading is tried again")
                away = True
                await asyncio.sleep(PAUSE_S)
                continue
            if away:
                log.info("commands_readable")
            away = False
            for position, fields in entries:
                after = _text(position)
                token = _text(fields.get(keys.REPLY_FIELD, b""))
                yield Command(after, _text(fields[keys.CALL_FIELD]), fields[keys.COMMAND_FIELD], token)

    async def _owner(self, call_id: str) -> str:
        with our_errors():
            text = await self._redis.get(keys.call(call_id))
            record = decoded(text) if text is not None else None
            if record is None or not record.is_live or not await self._redis.exists(keys.node(record.node)):
                raise CallNotLiveError(call_id)
        return record.node

    async def _publish(self, node: str, call_id: str, command: bytes, token: str = "") -> str:
        fields: dict[Any, Any] = {keys.CALL_FIELD: call_id, keys.COMMAND_FIELD: command}
        if token:
            fields[keys.REPLY_FIELD] = token
        with our_errors():
            pipe = self._redis.pipeline(transaction=False)
            pipe.xadd(keys.commands(node), fields, maxlen=MAX_COMMANDS_OF_NODE, approximate=True)
            pipe.expire(keys.commands(node), COMMANDS_TTL_S)
            position, _ = await pipe.execute()
        return _text(position)

    async def _read(self, key: str, after: str) -> list[Any]:
        """The next entries of a stream; an empty list when none came for a while."""
        with our_errors():
            found = await self._redis.xread({key: after}, block=BLOCK_MS)
        return list(found[0][1]) if found else []


def _event(entry: Any) -> StoredEvent:
    position, fields = entry
    return StoredEvent(_text(position), fields[keys.EVENT_FIELD])


def _text(word: Any) -> str:
    return word.decode() if isinstance(word, bytes) else str(word)
