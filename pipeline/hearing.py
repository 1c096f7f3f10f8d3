"""A call's recogniser, kept open for as long as the call. Rule: an utterance is heard whole or not at all.

A recogniser may still be connecting when the caller speaks, it may break, and it may owe a transcript for too long
while there is another. What it has not understood is kept, and the next one hears it from its beginning; an utterance
that is too long to be kept, or that each of several has owed for too long, is given up, never heard in part.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from functools import partial

from pipeline.audio import FRAME_MS, Frame
from pipeline.fallback.race import Candidate, stalled, willing
from pipeline.providers import Hearing, ProviderError, Reason, Transcript, TurnVerdict
from pipeline.signals import HearingLost, Input, UtteranceLost

PREFIX_MS = 2_000
KEPT_MS = 20_000
TRIES = 3
RETRY_S = 0.2
LONGEST_RETRY_S = 2.0
OUTAGE_S = 10.0
FINAL_WITHIN_S = 1.2

OpenHearing = Callable[[], AbstractAsyncContextManager[Hearing]]
Recognisers = Sequence[Candidate[OpenHearing]]
"""In the order in which they are asked to listen; one of them listens at a time."""


@dataclass(slots=True)
class _Utterance:
    """Its frames while they are all here; `given` says whether the open recogniser has it, `owed` how many owed it."""

    frames: list[Frame]
    whole: bool = True
    ended: bool = False
    given: bool = False
    owed: int = 0
    due: asyncio.TimerHandle | None = None

    def expect(self, within_s: float, late: Callable[[], None]) -> None:
        """Its transcript is due so soon from now on."""
        self.settle()
        self.due = asyncio.get_running_loop().call_later(within_s, late)

    def settle(self) -> None:
        """Nothing is due any more."""
        if self.due is not None:
            self.due.cancel()


class Ear:
    """What the caller says goes in, transcripts and the loss of the recogniser are posted."""

    def __init__(
        self, recognisers: Recognisers, post: Callable[[Input], None], final_within_s: float = FINAL_WITHIN_S
    ) -> None:
        """`final_within_s` is how long a transcript may be owed while another recogniser could be asked."""
        self._recognisers = tuple(recognisers)
        self._post = post
        self._final_within_s = final_within_s
        self._recent: deque[Frame] = deque(maxlen=PREFIX_MS // FRAME_MS)
        self.forget = self._recent.clear  # a call that is over may wait long for the collector
        self._unheard: dict[int, _Utterance] = {}
        self._open: _Utterance | None = None
        self._hearing: Hearing | None = None
        self._lost: Reason | None = None
        self._stay: asyncio.Timeout | None = None
        self._leaves = self._late = False
        self._failed = 0
        self._failing_s = 0.0
        self._another = asyncio.Event()

    def use(self, recognisers: Recognisers) -> None:
        """Others listen from the next utterance on; the one under way is finished by who began it."""
        self._recognisers = tuple(recognisers)
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
            self._post(UtteranceLost(number, self._lost or "stalled"))
            return
        utterance.ended = True
        self._watch(number, utterance)
        if utterance.given and self._hearing is not None:
            self._hearing.end(number)
        elif not utterance.whole:
            self._give_up(number, "unreachable")

    async def run(self) -> None:
        """Keep a recogniser open, for as long as one can be had."""
        now_s = asyncio.get_running_loop().time
        recogniser = willing(self._recognisers)[0]
        while True:
            opened_s = now_s()
            error = await self._listened(recogniser)
            if error is None:
                self._failed = 0
                recogniser = willing(self._recognisers)[0]
                continue
            recogniser.failed(error)
            if not self._failed or now_s() - opened_s >= OUTAGE_S:
                self._failed, self._failing_s = 0, now_s()
            self._failed += 1
            others = [other for other in willing(self._recognisers) if other is not recogniser]
            tries_left = TRIES + len(self._recognisers) - 1 - self._failed
            missed = bool(self._unheard) or now_s() - self._failing_s >= OUTAGE_S
            if (not error.retryable and not others) or (tries_left <= 0 and (missed or not error.retryable)):
                self._lose(error.reason)
                await self._another.wait()
                self._lost, self._failed = None, 0
                recogniser = willing(self._recognisers)[0]
                continue
            if self._failed >= len(self._recognisers):
                await asyncio.sleep(min(RETRY_S * self._failed, LONGEST_RETRY_S))
            asked = willing(self._recognisers)
            recogniser = next((other for other in asked if other is not recogniser), asked[0])

    async def _listened(self, recogniser: Candidate[OpenHearing]) -> ProviderError | None:
        """Listen until this one fails, or (None) until others are to listen."""
        try:
            async with asyncio.timeout(None) as self._stay:
                await self._listen(recogniser)
        except ProviderError as error:
            return error
        except TimeoutError:
            if self._late:
                return stalled(recogniser)
            if self._leaves:
                return None
            raise
        finally:
            self._stay, self._late = None, False
            self._let_go()
        return ProviderError(recogniser.name, "unreachable", retryable=True)

    async def _listen(self, recogniser: Candidate[OpenHearing]) -> None:
        self._leaves = False
        self._another.clear()
        opening = recogniser.asked()
        async with opening() as hearing, aclosing(hearing.transcripts()) as news:  # type: ignore[type-var]
            self._hearing = hearing
            for number, utterance in tuple(self._unheard.items()):
                self._give(number, utterance)
            async for words in news:
                self._heard(words)
                if isinstance(words, Transcript):
                    recogniser.worked()

    def _watch(self, number: int, utterance: _Utterance) -> None:
        """Its transcript is due from now on, if somebody else could give it."""
        if len(self._recognisers) > 1:
            utterance.expect(self._final_within_s, partial(self._overdue, number))

    def _overdue(self, number: int) -> None:
        """The transcript of an ended utterance is late: another recogniser hears it, if there is one that has not."""
        utterance = self._unheard[number]
        utterance.owed += 1
        if utterance.owed >= len(self._recognisers):
            self._give_up(number, "stalled")
        if utterance.whole and self._stay is not None:
            self._late = True
            self._stay.reschedule(0)
            self._stay = None

    def _heard(self, words: Transcript | TurnVerdict) -> None:
        self._failed = 0
        if isinstance(words, TurnVerdict):
            self._post(words)
            return
        if words.utterance not in self._unheard:
            return
        if words.final:
            self._settled(words.utterance)
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
            self._watch(number, utterance)

    def _let_go(self) -> None:
        self._hearing = None
        for number, utterance in tuple(self._unheard.items()):
            utterance.given = False
            if utterance.ended and not utterance.whole:
                self._give_up(number, "unreachable")

    def _settled(self, number: int) -> None:
        """Nothing more is owed for this utterance."""
        self._unheard.pop(number).settle()

    def _give_up(self, number: int, reason: Reason) -> None:
        self._settled(number)
        self._post(UtteranceLost(number, reason))

    def _lose(self, reason: Reason) -> None:
        self._lost = reason
        self._open = None
        self._post(HearingLost(reason))
        for number in [number for number, utterance in self._unheard.items() if utterance.ended]:
            self._give_up(number, reason)
        for number in tuple(self._unheard):
            self._settled(number)
