"""The endpoint and the bridge alone, echoing each caller, while Python is kept busy. Rule: nothing of the cascade runs.

A thread holds the GIL for the wanted share of time: a busy Python program beside the calls. What it burns, and what the
event loop spends on the echo, are threads of their own, so the cost of media and SIP can be told from theirs.
"""

import argparse
import asyncio
import gc
import sys
import threading
import time

import uvloop

from telephony.bench.subject import until_told_to_stop
from telephony.leg import LegEnded, LegEvent
from telephony.media.bridge import AudioBridge
from telephony.settings import SipSettings
from telephony.sip.endpoint import Endpoint
from telephony.sip.leg import SipLeg

CUSHION_MS = 200
PERIOD_S = 0.02
SPARE_CALLS = 8


class Echoes:
    """Answers every leg and plays back what it says."""

    def __init__(self) -> None:
        self._legs: set[SipLeg] = set()

    def take(self, leg: SipLeg) -> None:
        """A caller."""

        def happened(event: LegEvent) -> None:
            if isinstance(event, LegEnded):
                self._legs.discard(leg)

        def echo() -> None:
            for frame in leg.audio.read():
                leg.audio.play(frame.wide)

        self._legs.add(leg)
        leg.listen(happened)
        leg.on_audio(echo)
        leg.audio.play(bytes(48 * CUSHION_MS))
        leg.answer()


class Burner:
    """Keeps the interpreter busy on a thread of its own."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._burn, name="burner", daemon=True)

    def __enter__(self) -> "Burner":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def thread(self) -> int:
        """The kernel's number of the thread."""
        return self._thread.native_id or 0

    def _burn(self) -> None:
        while not self._stopped.is_set():
            begun_s = time.perf_counter()
            while time.perf_counter() - begun_s < self._share * PERIOD_S:
                pass
            self._stopped.wait((1 - self._share) * PERIOD_S)


async def serve(calls: int, busy: float) -> None:
    """Echo until told to stop."""
    settings = SipSettings(bind_address="127.0.0.1", udp_port=0, tcp_port=None, max_calls=calls + SPARE_CALLS)
    bridge = AudioBridge(asyncio.get_running_loop())
    try:
        async with Endpoint(settings, (), bridge, Echoes().take) as endpoint:
            with Burner(busy) as burner:
                await until_told_to_stop({"port": endpoint.port("udp"), "burner": burner.thread})
    finally:
        bridge.close()


def main() -> int:
    """The process under test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--busy", type=float, required=True)
    arguments = parser.parse_args()
    gc.collect()
    gc.freeze()
    uvloop.run(serve(arguments.calls, arguments.busy))
    return 0


if __name__ == "__main__":
    sys.exit(main())
