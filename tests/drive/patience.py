"""Waiting for what tells nobody when it happens, such as a file that grows. Rule: at the end it says what for."""

import asyncio
from collections.abc import Callable

LOOK_EVERY_S = 0.3


async def until(is_so: Callable[[], bool], what: Callable[[], str], patience_s: float = 20.0) -> None:
    """Look again and again; AssertionError with `what` when it does not become so in time."""
    try:
        async with asyncio.timeout(patience_s):
            while not is_so():  # noqa: ASYNC110 - nobody would set an event
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        raise AssertionError(what()) from None
