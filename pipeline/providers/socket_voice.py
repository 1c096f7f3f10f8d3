"""What voices on sockets have in common. Rule: a vendor's file says its own words alone."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from itertools import count

from pipeline.audio import Speech
from pipeline.providers import Access, Reached
from pipeline.providers.socket_pool import NO_HABITS, Habits, Recital, SocketPool
from pipeline.providers.spoken_words import speakable


class SocketVoice(ABC):
    """One model's voices over a vendor's sockets, each of which serves one recital at a time."""

    def __init__(
        self,
        provider: str,
        access: Access,
        headers: Mapping[str, str],
        *,
        paces: tuple[float, float],
        habits: Habits = NO_HABITS,
    ) -> None:
        """`paces` are the slowest and the fastest, as parts of the voice's own."""
        self._base_url = access.base_url
        self._pool = SocketPool(provider, access, headers, habits)
        self._slowest, self._fastest = paces
        self._ids = count(1)

    async def warm(self, voice: str) -> None:
        """Have a connection ready for this voice; never raises."""
        await self._pool.warm(self._address(voice, 1.0))

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[Speech | Reached, None]:
        """Speak it, as near to the speed as the vendor can; raises ProviderError."""
        if not speakable(text):
            return
        pace = min(max(speed, self._slowest), self._fastest)
        pieces = self._pool.speak(self._address(voice, pace), lambda: self._recital(text, voice, pace))
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    def _fresh_id(self) -> str:
        """A name for a recital."""
        return f"u{next(self._ids)}"

    @abstractmethod
    def _address(self, voice: str, pace: float) -> str:
        """Where a socket is opened for it."""

    @abstractmethod
    def _recital(self, text: str, voice: str, pace: float) -> Recital:
        """One text in the vendor's protocol."""
