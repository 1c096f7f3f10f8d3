"""Writes what this node's calls do into Redis. Rule: a call hands over its state and goes on; it never waits.

Of each call the latest record counts, and events are kept in order up to a bound; beyond it the oldest are lost and
counted. While Redis is away everything waits here. Each write renews the node's sign of life; when it finds none, the
server has come back empty, and is told of every live call again.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from telephony.state import keys
from telephony.state.bus import write_events
from telephony.state.record import CallRecord
from telephony.state.store import forget_old_calls, write_records

log = structlog.get_logger()

BEAT_S: Final = 2.0
SIGN_OF_LIFE_MS: Final = 10_000
GATHER_S: Final = 0.05
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
BATCH_EVENTS: Final = 500
LAST_WORDS_S: Final = 2.0
ALREADY_THERE: Final = "equal or smaller"
TEMPORARY: Final = ("MISCONF", "MASTERDOWN", "NOREPLICAS", "TRYAGAIN")


@dataclass(frozen=True, slots=True)
class _Event:
    call_id: str
    position: str
    event: bytes


@dataclass(frozen=True, slots=True)
class _Batch:
    records: tuple[CallRecord, ...]
    events: tuple[_Event, ...]


class StateWriter:
    """The pen of one node. `async with` keeps its sign of life; leaving writes what is left and takes the sign away."""

    def __init__(
        self,
        redis: Redis,
        name: str,
        *,
        call_ttl_s: int,
        max_events: int = 20_000,
        beat_s: float = BEAT_S,
        unix_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.node = f"{name}.{secrets.token_hex(4)}"
        self.lost_events = 0
        self.refused_writes = 0
        self._redis: Any = redis
        self._call_ttl_s = call_ttl_s
        self._max_events = max_events
        self._beat_s = beat_s
        self._unix_ms = unix_ms
        self._started_at_ms = unix_ms()
        self._live: dict[str, CallRecord] = {}
        self._records: dict[str, CallRecord] = {}
        self._events: deque[_Event] = deque()
        self._sequence = 0
        self._last_ms = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._away = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="state writer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self.written()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with suppress(RedisError, OSError):
            await self._redis.delete(keys.node(self.node))

    def keep(self, record: CallRecord) -> None:
        """The newest state of a call."""
        self._records[record.call_id] = record
        if record.is_live:
            self._live[record.call_id] = record
        else:
            self._live.pop(record.call_id, None)
        self._more()

    def publish(self, call_id: str, event: bytes) -> None:
        """One event of a call, as JSON; never audio."""
        if len(self._events) >= self._max_events:
            self._events.popleft()
            self.lost_events += 1
        self._sequence += 1
        self._last_ms = max(self._last_ms, self._unix_ms())
        # A position of our own makes a retry harmless: what has arrived before is refused the second time.
        position = f"{self._last_ms}-{self._sequence}"
        self._events.append(_Event(call_id, position, event))
        self._more()

    @property
    def position(self) -> str:
        """Where the latest event stands: whatever is published later, of any call, comes behind it."""
        return f"{self._last_ms}-{self._sequence}"

    async def written(self) -> None:
        """Wait until everything handed over so far, or since, is in Redis."""
        await self._idle.wait()

    def _more(self) -> None:
        self._idle.clear()
        self._wake.set()

    async def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            batch = self._taken()
            try:
                await self._write(batch)
            except (RedisError, OSError) as error:
                self._put_back(batch)
                self._went_away(error)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            self._is_back()
            pause_s = FIRST_PAUSE_S
            await self._until_there_is_more()

    async def _until_there_is_more(self) -> None:
        if not (self._records or self._events):
            self._wake.clear()
            self._idle.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._beat_s):
                    await self._wake.wait()
        if len(self._events) < BATCH_EVENTS:
            # What happens in other calls meanwhile goes along.
            await asyncio.sleep(GATHER_S)

    def _taken(self) -> _Batch:
        events = tuple(islice(self._events, BATCH_EVENTS))
        for _ in events:
            self._events.popleft()
        records = tuple(self._records.values())
        self._records.clear()
        return _Batch(records, events)

    def _put_back(self, batch: _Batch) -> None:
        """What could not be written waits again: newer records stay, and events stay in order within the bound."""
        for record in batch.records:
            self._records.setdefault(record.call_id, record)
        room = max(0, self._max_events - len(self._events))
        kept = batch.events[len(batch.events) - room :] if room else ()
        self.lost_events += len(batch.events) - len(kept)
        self._events.extendleft(reversed(kept))

    async def _write(self, batch: _Batch) -> None:
        pipe = self._redis.pipeline(transaction=False)
        write_records(pipe, batch.records, self._call_ttl_s)
        by_call: dict[str, list[tuple[str, bytes]]] = {}
        for event in batch.events:
            by_call.setdefault(event.call_id, []).append((event.position, event.event))
        for call_id, events in by_call.items():
            write_events(pipe, call_id, events, self._call_ttl_s)
        forget_old_calls(pipe, self._unix_ms() - self._call_ttl_s * 1_000)
        pipe.set(keys.node(self.node), self._sign_of_life(), px=SIGN_OF_LIFE_MS, get=True)
        results = await pipe.execute(raise_on_error=False)
        self._judge(results)
        if results[-1] is None:
            # There was no sign of life: the server has lost its memory, or others have taken us for dead.
            self._records = self._live | self._records

    def _judge(self, results: list[Any]) -> None:
        """Trouble of the server is tried again; what it refuses for good is counted and dropped."""
        for result in results:
            if not isinstance(result, Exception) or ALREADY_THERE in str(result):
                continue
            if type(result) is not ResponseError or str(result).startswith(TEMPORARY):
                raise result
            self.refused_writes += 1
            log.error("state_refused", problem=str(result).partition(" ")[0], remedy="look at what Redis holds")

    def _sign_of_life(self) -> bytes:
        return msgspec.json.encode(
            {"since_ms": self._started_at_ms, "at_ms": self._unix_ms(), "calls": len(self._live)}
        )

    def _went_away(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            log.warning("redis_away", problem=type(error).__name__, remedy="calls go on; their state is written later")

    def _is_back(self) -> None:
        if self._away:
            self._away = False
            # The server may have come back empty.
            self._records = self._live | self._records
            log.info("redis_back", lost_events=self.lost_events)
