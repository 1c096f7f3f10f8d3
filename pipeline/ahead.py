"""A model at work on what the caller may have finished saying. Rule: what it gives is kept here until it is asked for.

Tokens are about as many as `pipeline.prompts` counts, the prompt's with them: a vendor charges for what was read.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.prompts import asks_the_same, delta_tokens, prompt_tokens
from pipeline.providers import Delta, LanguageModel, Prompt, ProviderError
from pipeline.signals import Foresee

MOST_KEPT: Final = 256
"""So many pieces of a reply are kept; then its model waits."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a model's work came to, and its tokens: `asked` for only when it was due, `adopted` when it was done ahead.

    Of what was done ahead some is `dropped`, because the turn was another, and some `failed`. `held_back` is what was
    not begun, because too much had been wasted.
    """

    outcome: Literal["asked", "adopted", "dropped", "failed", "held_back"]
    tokens: int = 0

    @property
    def wasted(self) -> bool:
        """Nobody heard any of it."""
        return self.outcome in ("dropped", "failed")


class Ahead:
    """At most one reply is made ahead of its turn; `tell` hears what each reply of the call has cost."""

    def __init__(self, tasks: asyncio.TaskGroup, tell: Callable[[Spent], None]) -> None:
        self._tasks = tasks
        self._tell = tell
        self._early: EarlyReply | None = None
        self._used = self._wasted = 0

    def begin(self, model: LanguageModel, foresee: Foresee) -> None:
        """Ask the model now, in place of what it was asked before; not while too much has been wasted."""
        self.drop()
        if self._wasted > foresee.most_wasted * (self._used + self._wasted):
            self.spent(Spent("held_back"))
            return
        self._early = EarlyReply(self._tasks, model, foresee.prompt)

    def adopt(self, prompt: Prompt) -> "EarlyReply | None":
        """The reply to this prompt, if it is being made; it is somebody else's from now on."""
        early = self._early
        if early is None or early.failed or not asks_the_same(early.prompt, prompt):
            return None
        self._early = None
        return early

    def drop(self) -> None:
        """What is being made will not be needed."""
        early, self._early = self._early, None
        if early is not None:
            early.task.cancel()
            self.spent(Spent("failed" if early.failed else "dropped", early.tokens))

    def spent(self, spent: Spent) -> None:
        """A reply is over."""
        if spent.wasted:
            self._wasted += spent.tokens
        else:
            self._used += spent.tokens
        self._tell(spent)


class EarlyReply:
    """One reply, from before anybody wants it."""

    def __init__(self, tasks: asyncio.TaskGroup, model: LanguageModel, prompt: Prompt) -> None:
        self.prompt = prompt
        self.tokens = prompt_tokens(prompt)
        self.failed = False
        self._given: asyncio.Queue[Delta | ProviderError | None] = asyncio.Queue(MOST_KEPT)
        self.task = tasks.create_task(self._made(model))

    async def deltas(self) -> AsyncGenerator[Delta, None]:
        """All of it, in order: what is there at once, the rest as it comes; raises ProviderError."""
        while (given := await self._given.get()) is not None:
            if isinstance(given, ProviderError):
                raise given
            yield given

    async def _made(self, model: LanguageModel) -> None:
        end: ProviderError | None = None
        try:
            async with aclosing(model.reply(self.prompt)) as deltas:  # type: ignore[type-var]
                async for delta in deltas:
                    self.tokens += delta_tokens(delta)
                    await self._given.put(delta)
        except ProviderError as error:
            end, self.failed = error, True
        await self._given.put(end)
