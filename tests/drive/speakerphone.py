"""A caller on a speakerphone: what the phone receives comes back, with what the caller says over it. Rule: real RTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import numpy as np

from pipeline.audio import alaw_encoded, ulaw_encoded
from telephony.bench.echo.room import FRAME, Room
from telephony.bench.turns.sound import Sound
from telephony.wire.call import Call
from telephony.wire.ear import LAWS
from telephony.wire.speech import Speech, decoded, silence
from tests.drive.offhook import PATIENCE_S

BUFFER_PACKETS = 6
"""The phone keeps so many, as phones do: a delay that changes with how busy a machine is would be no room's."""


class OnSpeakerphone:
    """One call's far end; it sends a packet for each that it gets."""

    def __init__(self, call: Call, room: Room) -> None:
        self._call, self._room = call, room
        self._says: Sound = np.zeros(0)
        self._said = asyncio.Event()
        self._taken = 0

    async def says(self, speech: Speech) -> None:
        """The caller says this into the room."""
        pcm = b"".join(decoded(packet, "ulaw") for packet in speech.ulaw)
        self._said.clear()
        self._says = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
        async with asyncio.timeout(PATIENCE_S):
            await self._said.wait()

    async def run(self) -> None:
        """Send back what comes, for as long as the call is up."""
        self._call.say(Speech((silence("ulaw"),) * BUFFER_PACKETS, (silence("alaw"),) * BUFFER_PACKETS))
        payloads = self._call.ear.payloads
        self._taken = len(payloads)
        while True:
            await self._call.until(lambda ear, _: len(ear.payloads) > self._taken)
            for kind, payload in payloads[self._taken :]:
                self._taken += 1
                if kind in LAWS and len(payload) == FRAME:
                    agent = np.frombuffer(decoded(payload, LAWS[kind]), dtype="<i2").astype(np.float64)
                    heard = self._room.frame(agent, self._caller())
                    self._call.say(Speech((ulaw_encoded(heard),), (alaw_encoded(heard),)))

    def _caller(self) -> Sound:
        now, self._says = self._says[:FRAME], self._says[FRAME:]
        if not len(self._says):
            self._said.set()
        return np.pad(now, (0, FRAME - len(now)))


@contextlib.asynccontextmanager
async def on_speakerphone(call: Call, room: Room) -> AsyncIterator[OnSpeakerphone]:
    """The caller has just switched the loudspeaker on."""
    phone = OnSpeakerphone(call, room)
    running = asyncio.create_task(phone.run())
    try:
        yield phone
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
