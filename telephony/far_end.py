"""What one call asks of its far end, and what that answers. Rule: one transfer at a time; every question has an answer.

A far end that does not answer is told so here: 408 for a transfer, no for a hold.
"""

import asyncio

import structlog

from telephony.leg import Ambience, Fields, Held, Leg, TransferProgress, Waiting

log = structlog.get_logger()

TRANSFER_TIMEOUT_S = 30.0
HOLD_TIMEOUT_S = 4.0
NO_ANSWER_SIP_CODE = 408


class FarEnd:
    """The far end of an answered leg."""

    def __init__(self, leg: Leg, music: Ambience | None = None) -> None:
        """`music` is what it hears while it waits."""
        self.held = False
        self.waits_for_it = False
        self._music = music
        self._leg = leg
        self._changed = asyncio.Event()
        self._transfer: asyncio.Future[int] | None = None
        self._accepted = False

    async def refer(self, target: str, fields: Fields = ()) -> tuple[int, bool]:
        """Ask it to call this target instead: the SIP code that comes of it, and whether it said it would try."""
        transfer = self._transfer = asyncio.get_running_loop().create_future()
        self._accepted = False
        self._leg.refer(target, fields)
        try:
            async with asyncio.timeout(TRANSFER_TIMEOUT_S):
                return await transfer, self._accepted
        except TimeoutError:
            return NO_ANSWER_SIP_CODE, True

    async def hold(self, on: bool) -> bool:
        """Make it wait, or talk to it again; whether it agreed."""
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

    def changed(self, news: Held | Waiting) -> bool:
        """It waits, or we do, or no longer; returns whether the call is on hold."""
        match news:
            case Held(on):
                log.info("hold_changed", on=on)
                self.held = on
                self._changed.set()
            case Waiting(on):
                log.info("put_on_hold", on=on)
                self.waits_for_it = on
        return self.held or self.waits_for_it
