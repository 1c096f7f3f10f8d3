"""A party on one leg of a real call: what happened to it, what it hears. Rule: it awaits conditions, never a while."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from telephony.leg import DigitPressed, Ending, LegEnded, LegEvent
from telephony.quality import Measured
from telephony.sip.leg import SipLeg

E = TypeVar("E")

FRAME_BYTES = 960


class Party:
    """Listens to a leg's events and audio from the start."""

    def __init__(self, leg: SipLeg, *, echo: bool = False) -> None:
        self.leg = leg
        self.events: list[LegEvent] = []
        self.heard = bytearray()
        self._echo = echo
        self._news = asyncio.Event()
        leg.listen(self._happened)
        leg.on_audio(self._listen)

    @property
    def ending(self) -> Ending | None:
        """How it ended, once it has."""
        return next((event.ending for event in self.events if isinstance(event, LegEnded)), None)

    @property
    def digits(self) -> str:
        """The keys that the far end pressed."""
        return "".join(event.digit for event in self.events if isinstance(event, DigitPressed))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until this holds; something must happen to the leg for it to become so."""
        while not condition():
            self._news.clear()
            await self._news.wait()

    async def sees(self, kind: type[E]) -> E:
        """The first event of this kind."""
        await self.until(lambda: any(isinstance(event, kind) for event in self.events))
        return next(event for event in self.events if isinstance(event, kind))

    async def ends(self) -> Ending:
        """Wait for the end."""
        return (await self.sees(LegEnded)).ending

    async def measured(self) -> Measured | None:
        """How it was heard, once it has ended."""
        return (await self.sees(LegEnded)).measured

    async def hears(self, ms: int) -> bytes:
        """The next so many milliseconds, at 24 kHz."""
        start, length = len(self.heard), ms * 48
        await self.until(lambda: len(self.heard) >= start + length)
        return bytes(self.heard[start : start + length])

    async def hears_sound(self) -> None:
        """Wait until there is anything but silence."""
        await self.until(lambda: any(self.heard[-FRAME_BYTES:]))

    def _happened(self, event: LegEvent) -> None:
        self.events.append(event)
        self._news.set()

    def _listen(self) -> None:
        for frame in self.leg.audio.read():
            self.heard += frame.wide
            if self._echo:
                self.leg.audio.play(frame.wide)
        self._news.set()


async def both_end(one: Party, other: Party) -> tuple[Ending, Ending]:
    """Wait for the end on both sides."""
    return await one.ends(), await other.ends()
