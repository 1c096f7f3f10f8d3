"""Model and voice at work for a call's responses. Rule: results go to the inbox; what is cancelled posts nothing more.

What a model makes ahead of its turn (`pipeline.ahead`) is no response yet: nothing of it is posted before one is begun.

A voice speaks its pieces one after the other and runs AHEAD_MS ahead of the caller's ear at most, plus one chunk.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from pipeline.ahead import Ahead, Spent
from pipeline.audio import speech_ms
from pipeline.prompts import delta_tokens, prompt_tokens
from pipeline.providers import Delta, LanguageModel, ProviderError, Reached, TextToSpeech
from pipeline.signals import (
    Foresee,
    Input,
    ReplyDelta,
    ReplyEnded,
    ReplyFailed,
    Speak,
    SpeechEnded,
    SpeechFailed,
    SpeechMade,
    SpeechReached,
    StartReply,
)

AHEAD_MS = 1_500


Connect = Callable[[], Coroutine[Any, Any, None]]


class Making:
    """The tasks of each response, started and cancelled by its id."""

    def __init__(
        self,
        language_model: LanguageModel,
        text_to_speech: TextToSpeech,
        tasks: asyncio.TaskGroup,
        post: Callable[[Input], None],
        spent: Callable[[Spent], None],
    ) -> None:
        self._language_model = language_model
        self._text_to_speech = text_to_speech
        self._tasks = tasks
        self._post = post
        self._ahead = Ahead(tasks, spent)
        self._running: dict[str, set[asyncio.Task[None]]] = {}
        self._pieces: dict[str, asyncio.Queue[Speak]] = {}
        self._ahead_ms = 0.0
        self._room = asyncio.Event()
        self._room.set()

    @property
    def full(self) -> bool:
        """True while a voice is far enough ahead: `playout` lets it go on."""
        return not self._room.is_set()

    def use(self, language_model: LanguageModel, text_to_speech: TextToSpeech) -> None:
        """These from now on; what has begun is finished by who began it, except that a new piece has the new voice."""
        self._ahead.drop()
        self._language_model = language_model
        self._text_to_speech = text_to_speech

    def warm(self, connects: Sequence[Connect]) -> None:
        """Have connections ready before they are needed."""
        for connect in connects:
            self._tasks.create_task(connect())

    def foresee(self, foresee: Foresee) -> None:
        """Ask the model for what may become a response."""
        self._ahead.begin(self._language_model, foresee)

    def drop_foreseen(self) -> None:
        """What was foreseen did not come, or has been begun."""
        self._ahead.drop()

    def reply(self, start: StartReply) -> bool:
        """Ask the model, or (True) go on with what it was asked ahead of time."""
        response_id, early = start.response_id, self._ahead.adopt(start.prompt)
        if early is not None:
            self._keep(response_id, early.task)
        deltas = self._language_model.reply(start.prompt) if early is None else early.deltas()
        spent = Spent("asked" if early is None else "adopted", prompt_tokens(start.prompt))
        self._start(response_id, self._replying(response_id, deltas, spent))
        return early is not None

    def say(self, speak: Speak) -> None:
        """Speak a piece after those before it."""
        pieces = self._pieces.get(speak.response_id)
        if pieces is None:
            pieces = self._pieces[speak.response_id] = asyncio.Queue()
            self._start(speak.response_id, self._speaking(pieces))
        pieces.put_nowait(speak)

    def stop(self, response_id: str) -> None:
        """Stop whatever still runs for a response."""
        self._pieces.pop(response_id, None)
        for task in self._running.pop(response_id, ()):
            task.cancel()

    def playout(self, queued_ms: int) -> None:
        """Take how much audio has not left; a voice that is far ahead waits."""
        self._ahead_ms = queued_ms
        if queued_ms < AHEAD_MS:
            self._room.set()

    def _start(self, response_id: str, work: Coroutine[Any, Any, None]) -> None:
        self._keep(response_id, self._tasks.create_task(work))

    def _keep(self, response_id: str, task: asyncio.Task[None]) -> None:
        running = self._running.setdefault(response_id, set())
        running.add(task)
        task.add_done_callback(running.discard)

    async def _replying(self, response_id: str, deltas: AsyncIterator[Delta], spent: Spent) -> None:
        tokens = spent.tokens
        try:
            async with aclosing(deltas):  # type: ignore[type-var]
                async for delta in deltas:
                    tokens += delta_tokens(delta)
                    self._post(ReplyDelta(response_id, delta))
        except ProviderError as error:
            self._post(ReplyFailed(response_id, error.reason))
        else:
            self._post(ReplyEnded(response_id))
        finally:
            self._ahead.spent(replace(spent, tokens=tokens))

    async def _speaking(self, pieces: asyncio.Queue[Speak]) -> None:
        while True:
            speak = await pieces.get()
            try:
                await self._speak(speak)
            except ProviderError as error:
                self._post(SpeechFailed(speak.response_id, error.reason))
                return

    async def _speak(self, speak: Speak) -> None:
        voice = self._text_to_speech
        async with aclosing(voice.speak(speak.text, speak.voice, speak.speed)) as chunks:  # type: ignore[type-var]
            async for given in chunks:
                if isinstance(given, Reached):
                    self._post(SpeechReached(speak.response_id, speak.piece, given))
                    continue
                self._post(SpeechMade(speak.response_id, speak.piece, given))
                self._ahead_ms += speech_ms(given)
                if self._ahead_ms >= AHEAD_MS:
                    self._room.clear()
                    await self._room.wait()
        self._post(SpeechEnded(speak.response_id, speak.piece))
