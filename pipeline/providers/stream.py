"""A Hearing over a vendor's WebSocket. Rule: the vendor's words are its Wording's, order and ends are kept here.

Frames are sent several at once: a send costs more than what it carries.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from pipeline.audio import NARROW_HZ, SAMPLE_BYTES, Frame, bytes_of
from pipeline.providers import Access, ProviderError, Transcript, TurnVerdict
from pipeline.providers.news import News
from pipeline.providers.socket import CLOSE_S, Socket, connected, failed
from pipeline.providers.utterances import Utterance, Utterances


@dataclass(frozen=True, slots=True)
class Etiquette:
    """What a vendor expects of a client.

    `silent_s` after the end of an utterance, a vendor that may leave one unanswered has nothing more to say of it.
    """

    provider: str
    chunk_ms: int = 100
    least_ms: int = 0
    silent_s: float | None = None
    keep_alive: str | None = None
    keep_alive_s: float | None = None
    closing: str | None = None


class Wording(Protocol):
    """One vendor's protocol, for one connection."""

    @property
    def etiquette(self) -> Etiquette:
        """What the vendor expects."""
        ...

    def opening(self) -> Sequence[bytes | str]:
        """What is sent before anything else."""
        ...

    def audio(self, pcm: bytes) -> bytes | str:
        """The frame that carries this audio, PCM16 at 8 kHz."""
        ...

    def ending(self, ended: Utterance, utterances: Utterances) -> Sequence[bytes | str]:
        """What is sent at the end of an utterance; one that needs no answer may be settled at once."""
        ...

    def take(self, message: dict[str, Any], utterances: Utterances) -> None:
        """The vendor said something; raises ProviderError, and msgspec.ValidationError for what is no message."""
        ...


class StreamHearing:
    """One call's Hearing on an open socket."""

    def __init__(self, socket: Socket, wording: Wording) -> None:
        self._socket = socket
        self._wording = wording
        self._etiquette = wording.etiquette
        self.news = News()
        self._utterances = Utterances(NARROW_HZ, self.news.post)
        self._outbox: deque[bytes | str] = deque(wording.opening())
        self._filled = asyncio.Event()
        self._pcm = bytearray()
        self._chunk_bytes = bytes_of(self._etiquette.chunk_ms, NARROW_HZ)
        self._least_bytes = bytes_of(self._etiquette.least_ms, NARROW_HZ)
        self._overdue: set[asyncio.TimerHandle] = set()
        self._lost = False

    def begin(self, utterance: int) -> None:
        """The frames that follow belong to this utterance; one that is still open is ended."""
        if self._utterances.open is not None:
            self.end(self._utterances.open.number)
        self._utterances.begin(utterance)

    def feed(self, frame: Frame) -> None:
        """Hear one frame of the open utterance."""
        if self._lost or self._utterances.open is None:
            return
        self._utterances.grow(len(frame.narrow) // SAMPLE_BYTES)
        self._pcm += frame.narrow
        if len(self._pcm) >= self._chunk_bytes + self._least_bytes:
            self._send_audio(self._chunk_bytes)

    def end(self, utterance: int) -> None:
        """The utterance is complete: what is left of it is sent, and its final asked for."""
        if self._lost:
            return
        if 0 < len(self._pcm) < self._least_bytes:
            missing = self._least_bytes - len(self._pcm)
            self._pcm += bytes(missing)
            self._utterances.grow(missing // SAMPLE_BYTES)
        if self._pcm:
            self._send_audio(len(self._pcm))
        ended = self._utterances.end(utterance)
        if ended is None:
            return
        for frame in self._wording.ending(ended, self._utterances):
            self._send(frame)
        if self._etiquette.silent_s is not None and not ended.settled:
            loop = asyncio.get_running_loop()
            self._overdue = {due for due in self._overdue if due.when() > loop.time() and not due.cancelled()}
            self._overdue.add(loop.call_later(self._etiquette.silent_s, self._give_up, ended))

    def transcripts(self) -> AsyncGenerator[Transcript | TurnVerdict, None]:
        """Partials, finals and verdicts in order; raises ProviderError when hearing is lost; ends when closed."""
        return self.news.told()

    def close(self) -> None:
        """End the transcripts."""
        self._lost = True
        for due in self._overdue:
            due.cancel()
        self.news.end()

    async def read(self) -> None:
        """Take what the vendor says, until the socket or the vendor fails."""
        try:
            while True:
                message = await self._socket.receive()
                if isinstance(message, bytes):
                    raise failed(self._etiquette.provider, "malformed", "a binary frame")
                try:
                    self._wording.take(message, self._utterances)
                except msgspec.ValidationError:
                    raise failed(self._etiquette.provider, "malformed", "not what the protocol says") from None
        except ProviderError as error:
            self._lose(error)

    async def write(self) -> None:
        """Send what there is to send, and a word now and then when there is nothing."""
        etiquette = self._etiquette
        try:
            while True:
                while self._outbox:
                    await self._socket.send(self._outbox.popleft())
                self._filled.clear()
                try:
                    async with asyncio.timeout(etiquette.keep_alive_s):
                        await self._filled.wait()
                except TimeoutError:
                    if etiquette.keep_alive is not None:
                        await self._socket.send(etiquette.keep_alive)
        except ProviderError as error:
            self._lose(error)

    def _send_audio(self, size: int) -> None:
        self._send(self._wording.audio(bytes(self._pcm[:size])))
        del self._pcm[:size]

    def _send(self, frame: bytes | str) -> None:
        self._outbox.append(frame)
        self._filled.set()

    def _give_up(self, ended: Utterance) -> None:
        if not ended.settled:
            self._utterances.settle(ended)

    def _lose(self, error: ProviderError) -> None:
        if not self._lost:
            self._lost = True
            for due in self._overdue:
                due.cancel()
            self.news.post(error)


@asynccontextmanager
async def streaming(
    access: Access, url: str, headers: Mapping[str, str], wording: Wording
) -> AsyncIterator[StreamHearing]:
    """Connect and listen for as long as the block; raises ProviderError."""
    provider = wording.etiquette.provider
    async with connected(provider, url, headers, connect_s=access.connect_s) as socket:
        hearing = StreamHearing(socket, wording)
        tasks = [asyncio.create_task(work) for work in (hearing.read(), hearing.write())]
        for task in tasks:
            task.add_done_callback(hearing.news.broke)
        try:
            yield hearing
        finally:
            hearing.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            closing = wording.etiquette.closing
            if closing is not None and not socket.closed:
                with suppress(ProviderError, TimeoutError):
                    async with asyncio.timeout(CLOSE_S):
                        await socket.send(closing)


def type_of(message: Mapping[str, Any]) -> str:
    """The type of a message; raises msgspec.ValidationError when it names none."""
    return msgspec.convert(message.get("type"), str)
