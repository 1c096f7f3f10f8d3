"""One timer for all streams of the process. Rule: each stream is due every 20 ms, at a phase of its own.

The 20 ms are cut into slots of 2 ms; a stream keeps the slot it joined with, the emptiest one. A late timer sends what
was due meanwhile at once, so no packet is left out. Sockets are read in the same wake: kernel time stamps make it
irrelevant when.
"""

import asyncio
import select
import time

from telephony.wire.arrivals import WallOffset
from telephony.wire.stream import Stream

SLOT_NS = 2_000_000
SLOTS = 10
NS_PER_S = 1_000_000_000


class Metronome:
    """Ticks while it has streams, and rests otherwise."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._slots: list[list[Stream]] = [[] for _ in range(SLOTS)]
        self._streams: dict[int, Stream] = {}
        self._readable = select.epoll()
        self._offset = WallOffset()
        self._turn = 0
        self._due_ns = 0
        self._timer: asyncio.Handle | None = None

    def add(self, stream: Stream) -> None:
        """From now on this stream ticks and hears."""
        min(self._slots, key=len).append(stream)
        self._streams[stream.fileno()] = stream
        self._readable.register(stream.fileno(), select.EPOLLIN)
        if self._timer is None:
            self._due_ns = time.monotonic_ns()
            self._timer = self._loop.call_soon(self._tick)

    def remove(self, stream: Stream) -> None:
        """Take what still waits in its socket and let go of it."""
        if self._streams.pop(stream.fileno(), None) is None:
            return
        while stream.look(self._offset.ns):
            pass
        for slot in self._slots:
            if stream in slot:
                slot.remove(stream)
        self._readable.unregister(stream.fileno())

    def close(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._readable.close()

    def _tick(self) -> None:
        if not self._streams:
            self._timer = None
            return
        now_ns = time.monotonic_ns()
        while self._due_ns <= now_ns:
            for stream in self._slots[self._turn]:
                stream.tick(self._due_ns)
            self._turn = (self._turn + 1) % SLOTS
            self._due_ns += SLOT_NS
        self._offset.look()
        for number, _ in self._readable.poll(0, len(self._streams)):
            self._streams[number].look(self._offset.ns)
        wait_s = max(0, self._due_ns - time.monotonic_ns()) / NS_PER_S
        self._timer = self._loop.call_later(wait_s, self._tick)
