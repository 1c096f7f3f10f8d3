"""An event loop whose clock jumps to the next thing that is due: stories with seconds in them take none.

Rule: nothing real is waited for; a story in which nothing can ever happen again fails at once.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jump(selectors.SelectSelector):
    """Instead of waiting, the clock is put forward."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits for something that will not happen"
            self.now_s += timeout
        return ready


class QuickLoop(asyncio.SelectorEventLoop):
    """Timers fire in their order, at once; `time` is what they make of it."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now_s


def quickly(story: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Tell a story on such a loop; no task may be left of it."""

    async def told() -> T:
        result = await story()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks are left: {left}"
        return result

    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        return runner.run(told())
