"""A call's recogniser, kept open for as long as the call. Rule: an utterance is heard whole or not at all.

A recogniser may still be connecting when the caller speaks, and it may break. What it has not understood is kept, and
the next one hears it from its beginning; an utterance too long to be kept is given up, never heard in part.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass

from pipeline.audio import FRAME_MS, Frame
from pipeline.providers import Hearing, ProviderError, Reason, Transcript, TurnVerdict
from pipeline.signals import HearingLost, Input

PREFIX_MS = 2_000
KEPT_MS = 10_000
TRIES = 3
RETRY_S = 0.2


@dataclass(slots=True)
class _Utterance:
    """Its frames while they are all here; `given` says whether the open recogniser has it."""

    frames: list[Frame]
    whole: bool = True
    ended: bool = False
    given: bool = False


class Ear:
    """What the caller says goes in, transcripts and the loss of the recogniser are posted."""

    def __init__(
        self, open_hearing: Callable[[], AbstractAsyncContextManager[Hearing]], post: Callable[[Input], None]
    ) -> None:
        self._open_hearing = open_hearing
        self._post = post
        self._recent: deque[Frame] = deque(maxlen=PREFIX_MS // FRAME_MS)
        self._unheard: dict[int, _Utterance] = {}
        self._open: _Utterance | None = None
        self._hearing: Hearing | None = None
        self._lost: Reason | None = None
        self._stay: asyncio.Timeout | None = None
        self._leaves = False
        self._failed = 0
        self._another = asyncio.Event()

    def use(self, open_hearing: Callable[[], AbstractAsyncContextManager[Hearing]]) -> None:
        """Another recogniser listens from the next utterance on; the one under way is finished by who began it."""
        self._open_hearing = open_hearing
        self._leaves = True
        self._another.set()
        self._leave_if_idle()

    @property
    def lost(self) -> bool:
        """No recogniser is left; another may be named."""
        return self._lost is not None

    def hear(self, frame: Frame) -> None:
        """The next frame of caller audio."""
        self._recent.append(frame)
        utterance = self._open
        if utterance is None:
            return
        if utterance.given and self._hearing is not None:
            self._hearing.feed(frame)
        if utterance.whole:
            utterance.frames.append(frame)
            if len(utterance.frames) > KEPT_MS // FRAME_MS:
                utterance.whole = False
                utterance.frames.clear()

    def begin(self, number: int, prefix_ms: int) -> None:
        """An utterance began `prefix_ms` before the end of the newest frame; it reaches back PREFIX_MS at most."""
        if self._lost is not None:
            self._post(HearingLost(self._lost))
            return
        recent = list(self._recent)
        self._open = self._unheard[number] = _Utterance(recent[-max(1, prefix_ms // FRAME_MS) :])
        self._give(number, self._open)

    def end(self, number: int) -> None:
        """The utterance is complete; its transcript will be posted."""
        self._open = None
        utterance = self._unheard.get(number)
        if utterance is None:
            self._post(Transcript(number, "", final=True))
            return
        utterance.ended = True
        if utterance.given and self._hearing is not None:
            self._hearing.end(number)
        elif not utterance.whole:
            self._give_up(number)

    async def run(self) -> None:
        """Keep a recogniser open, for as long as one can be had."""
        while True:
            try:
                async with asyncio.timeout(None) as self._stay:
                    await self._listen()
                error = ProviderError("recogniser", "unreachable", retryable=True)
            except ProviderError as problem:
                error = problem
            except TimeoutError:
                if not self._leaves:
                    raise
                self._failed = 0
                continue
            finally:
                self._stay = None
                self._let_go()
            self._failed += 1
            if self._failed == TRIES or not error.retryable:
                self._lose(error.reason)
                await self._another.wait()
                self._lost, self._failed = None, 0
            else:
                await asyncio.sleep(RETRY_S * self._failed)

    async def _listen(self) -> None:
        self._leaves = False
        self._another.clear()
        async with self._open_hearing() as hearing, aclosing(hearing.transcripts()) as news:  # type: ignore[type-var]
            self._hearing = hearing
            for number, utterance in tuple(self._unheard.items()):
                self._give(number, utterance)
            async for words in news:
                self._heard(words)

    def _heard(self, words: Transcript | TurnVerdict) -> None:
        self._failed = 0
        if isinstance(words, TurnVerdict):
            self._post(words)
            return
        if words.utterance not in self._unheard:
            return
        if words.final:
            del self._unheard[words.utterance]
        self._post(words)
        self._leave_if_idle()

    def _leave_if_idle(self) -> None:
        if self._leaves and not self._unheard and self._stay is not None:
            self._stay.reschedule(0)
            self._stay = None

    def _give(self, number: int, utterance: _Utterance) -> None:
        """Let the open recogniser hear what is kept of this utterance."""
        if self._hearing is None or not utterance.whole:
            return
        utterance.given = True
        self._hearing.begin(number)
        for frame in utterance.frames:
            self._hearing.feed(frame)
        if utterance.ended:
            self._hearing.end(number)

    def _let_go(self) -> None:
        self._hearing = None
        for number, utterance in tuple(self._unheard.items()):
            utterance.given = False
            if utterance.ended and not utterance.whole:
                self._give_up(number)

    def _give_up(self, number: int) -> None:
        del self._unheard[number]
        self._post(Transcript(number, "", final=True))

    def _lose(self, reason: Reason) -> None:
        self._lost = reason
        self._open = None
        self._post(HearingLost(reason))
        for number in [number for number, utterance in self._unheard.items() if utterance.ended]:
            self._give_up(number)
        self._unheard.clear()
