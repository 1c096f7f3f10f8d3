"""Model and voice at work for a call's responses. Rule: results go to the inbox; what is cancelled posts nothing more.

A voice speaks its pieces one after the other and runs AHEAD_MS ahead of the caller's ear at most, plus one chunk.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any

from pipeline.audio import speech_ms
from pipeline.providers import LanguageModel, ProviderError, Reached, TextToSpeech
from pipeline.signals import (
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
    ) -> None:
        self._language_model = language_model
        self._text_to_speech = text_to_speech
        self._tasks = tasks
        self._post = post
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
        self._language_model = language_model
        self._text_to_speech = text_to_speech

    def warm(self, connects: Sequence[Connect]) -> None:
        """Have connections ready before they are needed."""
        for connect in connects:
            self._tasks.create_task(connect())

    def reply(self, start: StartReply) -> None:
        """Ask the model."""
        self._start(start.response_id, self._replying(start))

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
        running = self._running.setdefault(response_id, set())
        task = self._tasks.create_task(work)
        running.add(task)
        task.add_done_callback(running.discard)

    async def _replying(self, start: StartReply) -> None:
        response_id = start.response_id
        try:
            async with aclosing(self._language_model.reply(start.prompt)) as deltas:  # type: ignore[type-var]
                async for delta in deltas:
                    self._post(ReplyDelta(response_id, delta))
        except ProviderError as error:
            self._post(ReplyFailed(response_id, error.reason))
        else:
            self._post(ReplyEnded(response_id))

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
