"""Everything that happens to a call, in order, once. Rule: posting never waits; one reader takes what has gathered."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue that is read in batches, so that a busy tick costs one wake-up."""

    def __init__(self) -> None:
        self._news: list[T] = []
        self._reader: asyncio.Future[None] | None = None

    def post(self, news: T) -> None:
        """Add one thing that happened; only from the event loop's thread."""
        self._news.append(news)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def take(self) -> list[T]:
        """Wait until there is something; returns all of it."""
        if not self._news:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        news, self._news = self._news, []
        return news
