"""How the caller sounds when pausing, as somebody who has finished or who goes on. Rule: a pause is judged once.

The call's last seconds are kept for it. A judgement that nobody needs any more, because the turn is over or the next
pause has come, is called off. What is not judged in time is decided by words and silence alone, and counted.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Literal

from pipeline.audio import FRAME_MS, Frame
from pipeline.providers import SoundJudge
from pipeline.signals import Input, JudgeSound, SoundJudged

KEPT_MS = 8_000

Judged = Literal["given", "not_given", "called_off"]
"""What became of a question: an answer, none because the judge is overloaded or missing, or nobody needed it."""


class Sounding:
    """Keeps what the caller was heard to say, and asks the judge; `by` is None where there is none."""

    def __init__(
        self,
        judge: SoundJudge | None,
        tasks: asyncio.TaskGroup,
        post: Callable[[Input], None],
        tell: Callable[[Judged], None],
    ) -> None:
        """`tell` hears what becomes of each question."""
        self.by = judge
        self._tasks = tasks
        self._post = post
        self._tell = tell
        self._frames: deque[bytes] = deque(maxlen=KEPT_MS // FRAME_MS)
        self._of_utterance = 0
        self._asking: asyncio.Task[None] | None = None

    def hear(self, frame: Frame) -> None:
        """The next frame of caller audio."""
        self._frames.append(frame.narrow)
        self._of_utterance += 1

    def begin(self, prefix_ms: int) -> None:
        """An utterance began `prefix_ms` before the end of the newest frame."""
        self._of_utterance = max(1, prefix_ms // FRAME_MS)

    def end(self) -> None:
        """Nobody needs to know any more."""
        if self._asking is not None and self._asking.cancel():
            self._tell("called_off")
        self._asking = None

    def judge(self, asked: JudgeSound) -> None:
        """Post a judgement of the utterance as it sounds up to here; none when there is none in time."""
        self.end()
        if self.by is not None:
            skipped = max(0, len(self._frames) - self._of_utterance)
            heard = len(self._frames) - asked.late_ms // FRAME_MS
            pcm = b"".join(islice(self._frames, skipped, heard))
            self._asking = self._tasks.create_task(self._judge(self.by, asked, pcm))

    async def _judge(self, judge: SoundJudge, asked: JudgeSound, pcm: bytes) -> None:
        finished = await judge.finished(pcm)
        self._tell("not_given" if finished is None else "given")
        if finished is not None:
            self._post(SoundJudged(asked.utterance, asked.pause, finished))
