"""What a recogniser's own tasks have to tell whoever listens. Rule: in order, and no fault of ours is lost."""

import asyncio
from collections.abc import AsyncGenerator

from pipeline.providers import ProviderError, Transcript, TurnVerdict


class News:
    """One hearing's."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Transcript | TurnVerdict | BaseException | None] = asyncio.Queue()

    def post(self, news: Transcript | TurnVerdict | ProviderError) -> None:
        """The next thing; behind an error nothing is told."""
        self._queue.put_nowait(news)

    def broke(self, task: asyncio.Task[None]) -> None:
        """A task of this hearing has ended; a fault of ours in it is raised to whoever listens."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._queue.put_nowait(fault)

    def end(self) -> None:
        """There is no more."""
        self._queue.put_nowait(None)

    async def told(self) -> AsyncGenerator[Transcript | TurnVerdict, None]:
        """Partials, finals and verdicts in order; raises ProviderError when hearing is lost; ends with the news."""
        while (news := await self._queue.get()) is not None:
            if isinstance(news, BaseException):
                raise news
            yield news
