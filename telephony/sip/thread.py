"""The one thread that may touch pjsua2: jobs in, callbacks on the event loop out. Rule: it never waits for the loop.

pjsua2 calls Python back only on this thread (`mainThreadOnly`, no worker threads of its own for SIP). The GIL is
free while the library polls, so signalling costs the event loop nothing while nothing happens.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar, TypeVarTuple

import pjsua2 as pj
import structlog

_log = structlog.get_logger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

NAME: Final = "sip"
POLL_MS: Final = 10
Job = Callable[[], None]


class SipThread:
    """Owns the library from libCreate to libDestroy. One may run in a process at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._jobs: deque[Job] = deque()
        self._stopping = threading.Event()
        self._library: Any = None
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)

    @property
    def library(self) -> Any:
        """The pjsua2 Endpoint; for jobs only."""
        return self._library

    def start(self) -> None:
        """Create the library and begin to take jobs; RuntimeError while another runs in this process."""
        if any(thread.name == NAME for thread in threading.enumerate()):
            # A second pjsua2 Endpoint would end the process.
            raise RuntimeError("a process has one SIP endpoint, and it is open")
        self._thread.start()

    async def stop(self) -> None:
        """Run the jobs already posted, destroy the library and end the thread."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join)

    def post(self, job: Job) -> None:
        """Run a job soon, in order. What it raises is logged; a job posted after the end is dropped."""
        self._jobs.append(job)

    def enter(self, job: Job) -> None:
        """Post a job; from within a job it runs at once, so that nothing comes between the two."""
        if threading.current_thread() is self._thread:
            job()
        else:
            self.post(job)

    async def do(self, job: Callable[[], T]) -> T:
        """Run a job soon, in order; its result or its exception comes back to the caller."""
        if not self._thread.is_alive():
            raise RuntimeError("the SIP thread has ended")
        future: asyncio.Future[T] = self._loop.create_future()

        def settle() -> None:
            try:
                result = job()
            except Exception as fault:  # noqa: BLE001 - it belongs to whoever awaits the job
                self.tell(_fail, future, fault)
            else:
                self.tell(_fulfil, future, result)

        self.post(settle)
        return await future

    def tell(self, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """Call back on the event loop soon, in order."""
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            _log.debug("loop_closed_before_sip")

    def _run(self) -> None:
        # A plain Endpoint, never a subclass: a subclass's callbacks would take the GIL in pjlib's own threads.
        self._library = pj.Endpoint()
        try:
            self._library.libCreate()
            while not self._stopping.is_set() or self._jobs:
                self._run_jobs()
                self._library.libHandleEvents(POLL_MS)
            self._library.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)
        finally:
            # Now, not with the last reference: a traceback may hold one, and there is no second Endpoint beside it.
            pj.Endpoint.__swig_destroy__(self._library)
            self._library = None
            # Whoever still waits for a job learns that the library is gone.
            self._run_jobs()

    def _run_jobs(self) -> None:
        for _ in range(len(self._jobs)):
            # No name for the job: the last reference to a pjsua2 object may be its own, and ends here.
            contained(self._jobs.popleft())


def contained(act: Callable[[], object], failed: Callable[[], object] = lambda: None) -> None:
    """Run what pjsua2 or another thread asks for: an exception ends here, is logged, and `failed` runs."""
    try:
        act()
    except Exception:  # noqa: BLE001 - whatever it is, it belongs to one call
        _log.exception("sip_callback_failed")
        failed()


def _fulfil(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], fault: Exception) -> None:
    if not future.done():
        future.set_exception(fault)
