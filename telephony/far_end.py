"""What one call asks of its far end, and what that answers. Rule: one transfer at a time; every question has an answer.

A far end that does not answer is told so here: 408 for a transfer, no for a hold.
"""

import asyncio
from collections.abc import Callable

import structlog

from telephony.leg import Ambience, Fields, Held, Leg, Moved, NotTaken, Referrals, Referred, TransferProgress, Waiting

log = structlog.get_logger()

TRANSFER_TIMEOUT_S = 30.0
HOLD_TIMEOUT_S = 4.0
NO_ANSWER_SIP_CODE = 408
_TO_NOBODY = Referrals()


class FarEnd:
    """The far end of an answered leg."""

    def __init__(self, leg: Leg, music: Ambience | None = None, referrals: Referrals = _TO_NOBODY) -> None:
        """`music` is what it hears while it waits, `referrals` to whom it may refer us."""
        leg.follow(referrals)
        self.held = False
        self.waits_for_it = False
        self.refers_us = False
        self._music = music
        self._leg = leg
        self._changed = asyncio.Event()
        self._asking = asyncio.Lock()
        self._transfer: asyncio.Future[int] | None = None
        self._accepted = False

    async def refer(self, target: str, fields: Fields = ()) -> tuple[int, bool]:
        """Ask it to call this target instead: the SIP code that comes of it, and whether it said it would try."""
        return await self._asked(lambda: self._leg.refer(target, fields))

    async def refer_to(self, other: Leg) -> tuple[int, bool]:
        """Ask it to talk to the far end of another leg, without us."""
        return await self._asked(lambda: self._leg.refer_to(other))

    async def _asked(self, ask: Callable[[], None]) -> tuple[int, bool]:
        transfer = self._transfer = asyncio.get_running_loop().create_future()
        self._accepted = False
        ask()
        try:
            async with asyncio.timeout(TRANSFER_TIMEOUT_S):
                return await transfer, self._accepted
        except TimeoutError:
            return NO_ANSWER_SIP_CODE, True

    async def hold(self, on: bool) -> bool:
        """Make it wait, or talk to it again; whether it agreed. One wish after the other, as they came."""
        async with self._asking:
            return await self._holds(on)

    async def _holds(self, on: bool) -> bool:
        if on != self.held:
            if on:
                self._leg.hold(self._music)
            else:
                self._leg.resume()
        try:
            async with asyncio.timeout(HOLD_TIMEOUT_S):
                while on != self.held:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def progressed(self, progress: TransferProgress) -> None:
        """A transfer went on."""
        log.info("transfer_progress", sip_code=progress.sip_code)
        if not progress.final:
            self._accepted = True
        elif self._transfer is not None and not self._transfer.done():
            self._transfer.set_result(progress.sip_code)

    def changed(self, news: Held | Waiting | Referred | NotTaken | Moved) -> bool:
        """It waits, or we do, or no longer; returns whether the call is on hold.

        So it is while whom it refers us to is called.
        """
        match news:
            case Held(on):
                log.info("hold_changed", on=on)
                self.held = on
                self._changed.set()
            case Waiting(on):
                log.info("put_on_hold", on=on)
                self.waits_for_it = on
            case Referred() | NotTaken() | Moved():
                self.refers_us = isinstance(news, Referred)
        return self.held or self.waits_for_it or self.refers_us
