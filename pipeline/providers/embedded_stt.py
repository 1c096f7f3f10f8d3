"""The embedded recogniser as a SpeechToText: pocketsphinx, offline, English. Rule: only processes of its own decode.

The composition root keeps one for the service's life:

    async with EmbeddedSpeechToText(workers=2, expect=[prompt_of_each_agent]) as speech_to_text:
        ...
        async with speech_to_text.open("en", prompt) as hearing: ...

With a prompt (phrases, one per line) it understands those phrases, their parts and their variations, and returns the
nearest of them for whatever is said; without one it uses a general model, which is heavy and often wrong.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Self

from pipeline.audio import Frame
from pipeline.providers import Hearing, ProviderError, Transcript, TurnVerdict
from pipeline.providers.news import News
from pipeline.providers.sphinx.process import PROVIDER, SphinxProcess
from pipeline.providers.sphinx.wire import Begin, End, Feed, Heard, Lost, Open, Ready, Report, Unpronounceable

READY_WITHIN_S = 30.0
FINAL_WITHIN_S = 10.0


class EmbeddedHearing:
    """One call's Hearing."""

    def __init__(self, process: SphinxProcess) -> None:
        self._process = process
        self._number = process.join(self)
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._news = News()
        self._due: dict[int, asyncio.TimerHandle] = {}
        self._lost = False
        self._guesses = self._doubtful = False

    async def prepare(self, prompt: str | None) -> None:
        """Return when the process listens; raises ProviderError."""
        self._guesses, self._doubtful = prompt is not None, prompt is None
        self._process.send(Open(self._number, prompt))
        while not self._ready.done():
            await asyncio.wait([self._ready], timeout=READY_WITHIN_S)
            if not self._ready.done() and self._process.silent_s >= READY_WITHIN_S:
                self._process.give_up("stalled")
        self._ready.result()

    def begin(self, utterance: int) -> None:
        """The frames that follow belong to this utterance."""
        self._process.send(Begin(self._number, utterance))

    def feed(self, frame: Frame) -> None:
        """Hear one frame of the open utterance."""
        self._process.send(Feed(self._number, frame.narrow))

    def end(self, utterance: int) -> None:
        """The utterance is complete; a process that neither finishes it nor anything else in time is given up."""
        if self._lost or utterance in self._due:
            return
        self._expect_final(utterance)
        self._process.send(End(self._number, utterance))

    def transcripts(self) -> AsyncGenerator[Transcript | TurnVerdict, None]:
        """Partials and finals in order; raises ProviderError when hearing is lost; ends when closed."""
        return self._news.told()

    def close(self) -> None:
        """End the transcripts and leave the process."""
        self._forget_deadlines()
        self._process.leave(self._number)
        self._news.end()

    def hear(self, report: Report) -> None:
        """The process reported."""
        match report:
            case Ready():
                if not self._ready.done():
                    self._ready.set_result(None)
            case Heard(utterance=utterance, text=text, final=final):
                if final and (due := self._due.pop(utterance, None)):
                    due.cancel()
                self._news.post(Transcript(utterance, text, final, self._guesses, self._doubtful))
            case Unpronounceable():
                self.lose(ProviderError(PROVIDER, "refused"))
            case Lost():
                self.lose(ProviderError(PROVIDER, "internal", retryable=True))

    def lose(self, error: ProviderError) -> None:
        """Nothing more will be heard."""
        self._lost = True
        self._forget_deadlines()
        if self._ready.done():
            self._news.post(error)
        else:
            self._ready.set_exception(error)

    def _expect_final(self, utterance: int) -> None:
        self._due[utterance] = asyncio.get_running_loop().call_later(FINAL_WITHIN_S, self._overdue, utterance)

    def _overdue(self, utterance: int) -> None:
        if self._process.silent_s >= FINAL_WITHIN_S:
            self._process.give_up("stalled")
        else:
            self._expect_final(utterance)

    def _forget_deadlines(self) -> None:
        for due in self._due.values():
            due.cancel()
        self._due.clear()


class EmbeddedSpeechToText:
    """A SpeechToText over a few worker processes, each for any number of calls: a busy one is slower, not silent."""

    def __init__(self, workers: int = 1, expect: Sequence[str | None] = ()) -> None:
        """`expect` holds prompts whose recognisers are made before a worker takes its first call."""
        self._workers = workers
        self._expect = tuple(dict.fromkeys(expect))
        self._processes: list[SphinxProcess] = []
        self._starting: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Start every worker; raises ProviderError when one cannot start or refuses an expected prompt."""
        async with AsyncExitStack() as starting:
            starting.push_async_callback(self._close)
            await self.start()
            starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every worker and wait until it is gone."""
        await self._close()

    async def start(self) -> None:
        """Start every worker now, not when the first call comes; raises ProviderError."""
        self._replace_the_dead()
        await asyncio.gather(*self._starting)

    async def expect(self, prompts: Sequence[str | None]) -> None:
        """Have recognisers for these prompts made as well, before a call needs them; raises ProviderError."""
        new = tuple(prompt for prompt in dict.fromkeys(prompts) if prompt not in self._expect)
        self._expect += new
        for process in [process for process in self._processes if process.alive]:
            await _prepare(process, new)

    def open(self, language: str | None, prompt: str | None) -> AbstractAsyncContextManager[Hearing]:
        """One call's hearing; `prompt` holds the phrases to expect, one per line."""
        return self._hearing(language, prompt)

    @asynccontextmanager
    async def _hearing(self, language: str | None, prompt: str | None) -> AsyncIterator[EmbeddedHearing]:
        if language is not None and not language.lower().startswith("en"):
            raise ProviderError(PROVIDER, "refused")
        self._replace_the_dead()
        while not (living := [process for process in self._processes if process.alive]):
            if not self._starting:
                raise ProviderError(PROVIDER, "unreachable", retryable=True)
            done, _ = await asyncio.wait(self._starting, return_when=asyncio.FIRST_COMPLETED)
            for started in done:
                started.result()
        hearing = EmbeddedHearing(min(living, key=lambda process: process.calls))
        try:
            await hearing.prepare(prompt)
            yield hearing
        finally:
            hearing.close()

    def _replace_the_dead(self) -> None:
        """Have a worker started for each that is missing. Calls wait for one only when no other lives."""
        for dead in [process for process in self._processes if not process.alive]:
            self._processes.remove(dead)
            self._in_the_background(dead.close(), self._ending)
        for _ in range(self._workers - len(self._processes) - len(self._starting)):
            self._in_the_background(self._start(), self._starting)

    def _in_the_background(self, work: Coroutine[None, None, None], tasks: set[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        # Whoever waits is told what went wrong; the next call has it tried again.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _start(self) -> None:
        """Start a worker, and let calls have it once it is ready for the prompts that are expected."""
        process = await SphinxProcess.start()
        async with AsyncExitStack() as undoing:
            undoing.push_async_callback(process.close)
            await _prepare(process, self._expect)
            undoing.pop_all()
        self._processes.append(process)

    async def _close(self) -> None:
        for starting in self._starting:
            starting.cancel()
        closing = [process.close() for process in self._processes]
        self._processes.clear()
        await asyncio.gather(*self._starting, *self._ending, *closing, return_exceptions=True)


async def _prepare(process: SphinxProcess, prompts: Sequence[str | None]) -> None:
    for prompt in prompts:
        hearing = EmbeddedHearing(process)
        try:
            await hearing.prepare(prompt)
        finally:
            hearing.close()
