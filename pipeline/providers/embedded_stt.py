"""The embedded recogniser as a SpeechToText: pocketsphinx, offline, English. Rule: only processes of its own decode.

The composition root keeps one for the service's life:

    async with EmbeddedSpeechToText(workers=1, expect=[prompt_of_each_agent]) as speech_to_text:
        ...
        async with speech_to_text.open("en", prompt) as hearing: ...

With a prompt (phrases, one per line) it understands those phrases, their parts and their variations, and returns the
nearest of them for whatever is said; without one it uses a general model, which is heavy and often wrong.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Self

from pipeline.audio import Frame
from pipeline.providers import Hearing, ProviderError, Transcript
from pipeline.providers.sphinx.process import PROVIDER, SphinxProcess
from pipeline.providers.sphinx.wire import Begin, End, Feed, Heard, Lost, Open, Ready, Refused, Report

READY_WITHIN_S = 30.0
FINAL_WITHIN_S = 10.0


class EmbeddedHearing:
    """One call's Hearing."""

    def __init__(self, process: SphinxProcess) -> None:
        self._process = process
        self._number = process.join(self)
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transcripts: asyncio.Queue[Transcript | ProviderError | None] = asyncio.Queue()
        self._due: dict[int, asyncio.TimerHandle] = {}
        self._lost = False

    async def prepare(self, prompt: str | None) -> None:
        """Return when the process listens; raises ProviderError."""
        self._process.send(Open(self._number, prompt))
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await self._ready
        except TimeoutError:
            self._process.give_up("stalled")
            raise ProviderError(PROVIDER, "stalled", retryable=True) from None

    def begin(self, utterance: int) -> None:
        """The frames that follow belong to this utterance."""
        self._process.send(Begin(self._number, utterance))

    def feed(self, frame: Frame) -> None:
        """Hear one frame of the open utterance."""
        self._process.send(Feed(self._number, frame.narrow))

    def end(self, utterance: int) -> None:
        """The utterance is complete; a process that does not finish it in time is given up."""
        if self._lost or utterance in self._due:
            return
        self._due[utterance] = asyncio.get_running_loop().call_later(FINAL_WITHIN_S, self._process.give_up, "stalled")
        self._process.send(End(self._number, utterance))

    async def transcripts(self) -> AsyncIterator[Transcript]:
        """Partials and finals in order; raises ProviderError when hearing is lost; ends when closed."""
        while (heard := await self._transcripts.get()) is not None:
            if isinstance(heard, ProviderError):
                raise heard
            yield heard

    def close(self) -> None:
        """End the transcripts and leave the process."""
        self._forget_deadlines()
        self._process.leave(self._number)
        self._transcripts.put_nowait(None)

    def hear(self, report: Report) -> None:
        """The process reported."""
        match report:
            case Ready():
                if not self._ready.done():
                    self._ready.set_result(None)
            case Heard(utterance=utterance, text=text, final=final):
                if final and (due := self._due.pop(utterance, None)):
                    due.cancel()
                self._transcripts.put_nowait(Transcript(utterance, text, final))
            case Refused():
                self.lose(ProviderError(PROVIDER, "refused"))
            case Lost():
                self.lose(ProviderError(PROVIDER, "internal", retryable=True))

    def lose(self, error: ProviderError) -> None:
        """Nothing more will be heard."""
        self._lost = True
        self._forget_deadlines()
        if self._ready.done():
            self._transcripts.put_nowait(error)
        else:
            self._ready.set_exception(error)

    def _forget_deadlines(self) -> None:
        for due in self._due.values():
            due.cancel()
        self._due.clear()


class EmbeddedSpeechToText:
    """A SpeechToText over a few worker processes, which live from `async with` to its end."""

    def __init__(self, workers: int = 1, calls_per_worker: int = 20, expect: Sequence[str | None] = ()) -> None:
        """`expect` holds prompts whose recognisers are made before the first call."""
        self._workers = workers
        self._calls_per_worker = calls_per_worker
        self._expect = tuple(dict.fromkeys(expect))
        self._processes: list[SphinxProcess] = []
        self._choosing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Start every worker; raises ProviderError when one cannot start or refuses an expected prompt."""
        async with AsyncExitStack() as starting:
            starting.push_async_callback(self._close)
            for _ in range(self._workers):
                await self._start()
            starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every worker and wait until it is gone."""
        await self._close()

    def open(self, language: str | None, prompt: str | None) -> AbstractAsyncContextManager[Hearing]:
        """One call's hearing; `prompt` holds the phrases to expect, one per line."""
        return self._hearing(language, prompt)

    @asynccontextmanager
    async def _hearing(self, language: str | None, prompt: str | None) -> AsyncIterator[EmbeddedHearing]:
        if language is not None and not language.lower().startswith("en"):
            raise ProviderError(PROVIDER, "refused")
        async with self._choosing:
            hearing = EmbeddedHearing(await self._least_busy())
        try:
            await hearing.prepare(prompt)
            yield hearing
        finally:
            hearing.close()

    async def _least_busy(self) -> SphinxProcess:
        """The living worker with the fewest calls, after one was started for each that died."""
        for process in [process for process in self._processes if not process.alive]:
            await process.close()
            self._processes.remove(process)
            await self._start()
        chosen = min(self._processes, key=lambda process: process.calls, default=None)
        if chosen is None:
            raise ProviderError(PROVIDER, "unreachable")
        if chosen.calls >= self._calls_per_worker:
            raise ProviderError(PROVIDER, "limited", retryable=True)
        return chosen

    async def _start(self) -> None:
        """Start a worker and make it ready for the prompts that are expected."""
        process = await SphinxProcess.start()
        self._processes.append(process)
        for prompt in self._expect:
            hearing = EmbeddedHearing(process)
            try:
                await hearing.prepare(prompt)
            finally:
                hearing.close()

    async def _close(self) -> None:
        await asyncio.gather(*(process.close() for process in self._processes))
        self._processes.clear()
