"""Callers who come and go for hours. Rule: what a caller needed goes with the caller.

So many new calls a second, each for so long that the wanted number is up at once; whoever leaves says BYE, wherever
the conversation is.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from telephony.bench.conversation import Conversation, Findings
from telephony.wire.dialling import RefusedError
from telephony.wire.phone import Phone
from telephony.wire.speech import Speech


class Crowd:
    """Everybody who calls one service. A telephone keeps its calls, so it serves `at_once` of them and is closed."""

    def __init__(self, uri: str, lines: Sequence[Speech], at_once: int, per_s: float) -> None:
        self._uri = uri
        self._lines = lines
        self._at_once = at_once
        self._per_s = per_s
        self._came = 0
        self.carried = 0
        self.refused = 0
        self.dropped = 0
        self.answered = 0
        self.unanswered = 0

    async def come(self, seconds: float) -> None:
        """New callers for so long; returns when the last of them has left."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + seconds
        async with asyncio.TaskGroup() as telephones:
            while (now_s := loop.time()) < end_s:
                callers = min(self._at_once, round((end_s - now_s) * self._per_s)) or 1
                telephones.create_task(self._some(callers, now_s))
                await asyncio.sleep(callers / self._per_s)

    async def _some(self, callers: int, from_s: float) -> None:
        loop = asyncio.get_running_loop()
        findings = Findings()
        async with Phone() as phone, asyncio.TaskGroup() as talking:
            for nth in range(callers):
                await asyncio.sleep(from_s + nth / self._per_s - loop.time())
                self._came += 1
                talking.create_task(self._one(phone, self._came, findings))
        self.answered += len(findings.voice_to_voice_ms)
        self.unanswered += findings.unanswered

    async def _one(self, phone: Phone, seed: int, findings: Findings) -> None:
        try:
            call = await phone.call(self._uri)
        except RefusedError:
            self.refused += 1
            return
        talk = asyncio.create_task(Conversation(call, self._lines, seed, findings).hold())
        with suppress(TimeoutError):
            async with asyncio.timeout(self._at_once / self._per_s):
                await asyncio.shield(call.ended)
        end = await call.hang_up()
        await talk
        self.carried += end.by == "us"
        self.dropped += end.by != "us"
