"""One request to several candidates, a little after one another. Rule: whoever answers first serves it, alone.

A candidate that fails makes room for the next at once; one that is late goes on beside the next, because late is
better than never. Those that lose are cancelled and closed before anything of the winner is passed on.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog

from pipeline.fallback.breaker import Breaker
from pipeline.providers import ProviderError

P = TypeVar("P")
T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Candidate(Generic[P]):
    """A provider of one layer under its name, e.g. `deepgram/nova-3`."""

    name: str
    provider: P
    breaker: Breaker = field(default_factory=Breaker)

    def asked(self) -> P:
        """The provider, which is asked now."""
        self.breaker.asked(now_ms())
        return self.provider

    def failed(self, error: ProviderError) -> None:
        """It broke, or was too late."""
        if self.breaker.failed(now_ms()):
            log.warning("provider_rests", provider=self.name, reason=error.reason)

    def worked(self) -> None:
        """It answered."""
        if self.breaker.resting:
            log.info("provider_is_back", provider=self.name)
        self.breaker.worked()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the first piece of an answer, and from each piece to the next, while there is somebody else.

    With nobody else to ask, and in all, it is `all_s`.
    """

    first_s: float
    next_s: float
    all_s: float


LLM_PATIENCE = Patience(first_s=1.2, next_s=1.0, all_s=6.0)
TTS_PATIENCE = Patience(first_s=0.8, next_s=0.5, all_s=4.0)


def now_ms() -> float:
    """The event loop's clock."""
    return asyncio.get_running_loop().time() * 1_000


def willing(candidates: Iterable[Candidate[P]]) -> list[Candidate[P]]:
    """Those that do not rest, in order, then those that do: a chance is better than none."""
    return sorted(candidates, key=lambda candidate: not candidate.breaker.lets_through(now_ms()))


class Run(Generic[P, T]):
    """One candidate's answer; `first` is its first piece, None when it ended before there was any."""

    def __init__(self, candidate: Candidate[P], stream: AsyncIterator[T]) -> None:
        self.candidate = candidate
        self.first: tuple[T] | None = None
        self._stream = stream
        self._beginning: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Wait for the first piece; raises ProviderError."""
        self.first = await _next(self._stream)

    def begin_beside(self, begun: Callable[[], None]) -> asyncio.Task[None]:
        """Have somebody else wait for the first piece, and say so."""

        async def beginning() -> None:
            try:
                await self.begin()
            finally:
                begun()

        self._beginning = asyncio.create_task(beginning())
        return self._beginning

    async def rest(self, next_s: Callable[[], float | None]) -> AsyncGenerator[T, None]:
        """What the winner gives, piece by piece; raises ProviderError, also when a piece is late."""
        piece = self.first
        while piece is not None:
            yield piece[0]
            limit_s = next_s()
            if limit_s is None:
                piece = await _next(self._stream)
                continue
            try:
                async with asyncio.timeout(limit_s):
                    piece = await _next(self._stream)
            except TimeoutError:
                raise stalled(self.candidate) from None

    async def close(self) -> None:
        """Cancel whatever is under way."""
        if self._beginning is not None:
            self._beginning.cancel()
            await asyncio.wait([self._beginning])
            if not self._beginning.cancelled():
                self._beginning.exception()
        if isinstance(self._stream, AsyncGenerator):
            with suppress(ProviderError):
                await self._stream.aclose()


class Race(Generic[P, T]):
    """Asks candidates, in order, until one answers. Those not asked yet are left in `waiting`, for another race.

    Who is alone is not hurried: nobody could do better, and a session has a patience of its own.
    """

    def __init__(self, candidates: Iterable[Candidate[P]], patience: Patience) -> None:
        self.waiting = deque(willing(candidates))
        self._alone = len(self.waiting) == 1
        self._patience = patience
        self._asked_again = False

    @asynccontextmanager
    async def answered(self, ask: Callable[[P], AsyncIterator[T]]) -> AsyncIterator[Run[P, T]]:
        """The run that answered first, open for the block; raises ProviderError when none did, the last one's."""
        runs: list[Run[P, T]] = []
        try:
            if self._alone:
                winner = await self._only(runs, ask)
            else:
                winner = await self._winner(runs, ask)
                await self._settled(runs, winner)
            yield winner
        finally:
            for run in runs:
                await run.close()

    @property
    def next_s(self) -> float | None:
        """How long the next piece of an answer may take now; None for as long as it likes."""
        if self._alone:
            return None
        return self._patience.next_s if self.waiting else self._patience.all_s

    async def _only(self, runs: list[Run[P, T]], ask: Callable[[P], AsyncIterator[T]]) -> Run[P, T]:
        while True:
            candidate = self.waiting.popleft()
            runs[:] = [Run(candidate, ask(candidate.asked()))]
            try:
                await runs[0].begin()
            except ProviderError as error:
                await runs[0].close()
                self._failed(candidate, error)
                if not self.waiting:
                    raise
            else:
                return runs[0]

    async def _settled(self, runs: list[Run[P, T]], winner: Run[P, T]) -> None:
        """Who was asked before the winner is late; who was asked after it may be asked again."""
        place = runs.index(winner)
        late, spare = runs[:place], runs[place + 1 :]
        for run in late:
            run.candidate.failed(stalled(run.candidate))
        self.waiting.extendleft(run.candidate for run in reversed(spare))
        for run in (*late, *spare):
            await run.close()
            runs.remove(run)

    async def _winner(self, runs: list[Run[P, T]], ask: Callable[[P], AsyncIterator[T]]) -> Run[P, T]:
        loop, patience, begun = asyncio.get_running_loop(), self._patience, asyncio.Event()
        beginnings: dict[Run[P, T], asyncio.Task[None]] = {}
        end_s = loop.time() + patience.all_s
        error: ProviderError | None = None
        while self.waiting or runs:
            if self.waiting:
                candidate = self.waiting.popleft()
                run = Run(candidate, ask(candidate.asked()))
                runs.append(run)
                beginnings[run] = run.begin_beside(begun.set)
            wait_s = patience.first_s if self.waiting else max(0.0, end_s - loop.time())
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await begun.wait()
            begun.clear()
            for run in [run for run in runs if beginnings[run].done()]:
                failure = beginnings[run].exception() or self._empty(run, runs)
                if failure is None:
                    return run
                runs.remove(run)
                await run.close()
                error = self._failed(run.candidate, failure)
            if not self.waiting and runs and loop.time() >= end_s:
                for run in runs:
                    run.candidate.failed(stalled(run.candidate))
                raise stalled(runs[-1].candidate)
        assert error is not None, "no candidates"
        raise error

    def _empty(self, run: Run[P, T], runs: list[Run[P, T]]) -> ProviderError | None:
        """An answer without a piece is a failure while somebody else may have a better one."""
        if run.first is not None or not (self.waiting or len(runs) > 1):
            return None
        return ProviderError(run.candidate.name, "malformed")

    def _failed(self, candidate: Candidate[P], failure: BaseException) -> ProviderError:
        """One broke before it gave anything; the last one is asked once more, if that may help."""
        if not isinstance(failure, ProviderError):
            raise failure
        candidate.failed(failure)
        if failure.retryable and not self.waiting and not self._asked_again:
            self._asked_again = True
            self.waiting.append(candidate)
        return failure


def stalled(candidate: Candidate[Any]) -> ProviderError:
    """It is too late."""
    return ProviderError(candidate.name, "stalled", retryable=True)


async def _next(stream: AsyncIterator[T]) -> tuple[T] | None:
    """The next piece; None at the end."""
    try:
        return (await anext(stream),)
    except StopAsyncIteration:
        return None
