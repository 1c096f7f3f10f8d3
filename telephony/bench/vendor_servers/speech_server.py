"""What simulated vendors of speech have in common: the socket's door, the pace, the faults. Rule: no protocol is here.

A simulated vendor, for tests and benches only. It says tone_words, first after a fixed time, then at a fixed multiple
of real time.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from pipeline.audio import NARROW_HZ, WIDE_HZ, Resampler, bytes_of, ms_of, ulaw_encoded
from pipeline.providers.simulated import Latency
from telephony.bench.vendor_servers.lateness import Lateness
from telephony.bench.vendor_servers.tone_words import speech, words_of

SOCKET_BYTES = 1 << 24
LATENCY = Latency()


@dataclass(frozen=True, slots=True)
class Timing:
    """When a word is spoken, from the beginning of the utterance's audio."""

    word: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some audio as it is sent, where it begins, and the words that begin in it."""

    audio: bytes
    start_ms: int
    words: Sequence[Timing]


@dataclass(slots=True)
class Faults:
    """What goes wrong from now on; see each server for what its vendor makes of them."""

    status: int | None = None
    wrong_json: bool = False
    error_inside: bool = False
    close_after_chunks: int | None = None
    silent: bool = False
    odd_bytes: bool = False


@dataclass(slots=True)
class Spoken:
    """What was asked of the vendor and what it sent: text, voice, speed; all audio so far; whether it was stopped.

    Audio is PCM16 at 24 kHz or, `narrow`, mu-law at 8 kHz.
    """

    text: str
    voice: str
    speed: float
    narrow: bool = False
    audio: bytearray = field(default_factory=bytearray)
    stopped: bool = False
    finished: bool = False


class Faulty:
    """The switches that every simulated vendor of speech has, and what it remembers."""

    def __init__(self, latency: Latency = LATENCY) -> None:
        self.latency = latency
        self.lateness = Lateness()
        self.faults = Faults()
        self.spoken: list[Spoken] = []
        self.open = 0
        self.connections = 0
        self.changed = asyncio.Condition()

    @property
    def status(self) -> int | None:
        """The HTTP status that new requests and handshakes are answered with, instead of the vendor's service."""
        return self.faults.status

    @status.setter
    def status(self, status: int | None) -> None:
        self.faults.status = status

    @property
    def wrong_json(self) -> bool:
        """Whether something that is no valid message is sent where one is due."""
        return self.faults.wrong_json

    @wrong_json.setter
    def wrong_json(self, wrong: bool) -> None:
        self.faults.wrong_json = wrong

    async def told(self) -> None:
        """Wake whoever waits for something to change."""
        async with self.changed:
            self.changed.notify_all()

    async def asked(self, spoken: Spoken) -> None:
        """An utterance begins."""
        self.spoken.append(spoken)
        await self.told()

    async def stopped(self, spoken: Spoken) -> None:
        """The client wants no more of it."""
        spoken.stopped = not spoken.finished
        await self.told()

    async def chunks(self, spoken: Spoken, text: str, *, obeys: bool = True) -> AsyncIterator[Chunk]:
        """The audio of a text, each chunk when it is due; `obeys`: until the utterance is stopped."""
        loop = asyncio.get_running_loop()
        timings, audio = _recited("" if self.faults.silent else text, spoken.speed, spoken.narrow)
        a_ms = NARROW_HZ // 1_000 if spoken.narrow else bytes_of(1, WIDE_HZ)
        size = self.latency.chunk_ms * a_ms
        due_s = loop.time() + self.latency.first_chunk_ms / 1_000
        for nth, start in enumerate(range(0, len(audio), size)):
            await asyncio.sleep(due_s - loop.time())
            if nth == 0:
                self.lateness.due(due_s)
            if obeys and spoken.stopped:
                return
            if nth == self.faults.close_after_chunks:
                raise MidAudioError
            part, begins_ms = audio[start : start + size], start // a_ms
            inside = [timing for timing in timings if begins_ms <= timing.start_ms < begins_ms + len(part) / a_ms]
            spoken.audio += part
            yield Chunk(part, begins_ms, inside)
            due_s += len(part) / a_ms / 1_000 / self.latency.times_real_time


@cache
def _recited(text: str, speed: float, narrow: bool) -> tuple[Sequence[Timing], bytes]:
    words = speech(text, speed)
    timings, start_ms = [], 0
    for word, pcm in zip(words_of(text), words, strict=True):
        timings.append(Timing(word, start_ms, start_ms + ms_of(pcm, WIDE_HZ)))
        start_ms = timings[-1].end_ms
    pcm = b"".join(words)
    return timings, ulaw_encoded(Resampler(WIDE_HZ, NARROW_HZ).process(pcm)) if narrow else pcm


class MidAudioError(Exception):
    """The simulated vendor breaks off."""


class Line:
    """One client's socket, and what is being said on it."""

    def __init__(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        parts = urlsplit(connection.request.path)
        self.connection = connection
        self.path = parts.path
        self.query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.said: list[Spoken] = []
        self.speaking = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, message: Mapping[str, Any]) -> None:
        """One JSON object."""
        await self.connection.send(json.dumps(message))

    def say(self, spoken: Spoken, saying: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Say it while the conversation goes on."""
        self.said.append(spoken)
        task = self.speaking.create_task(saying)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def silence(self) -> None:
        """Say nothing more."""
        for task in self._tasks:
            task.cancel()


class SpeechSocketServer(Faulty):
    """A simulated vendor behind a WebSocket. `async with` it; `received` holds what clients sent, as JSON."""

    def __init__(self, latency: Latency = LATENCY) -> None:
        super().__init__(latency)
        self.received: list[dict[str, Any]] = []
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        self._server: Server | None = None

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        assert self._server is not None
        return int(next(iter(self._server.sockets)).getsockname()[1])

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve, "127.0.0.1", 0, process_request=self._at_the_door, max_size=SOCKET_BYTES, compression=None
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def error_body(self, status: int) -> bytes:
        """The vendor's own words for an HTTP status."""
        raise NotImplementedError

    async def converse(self, line: Line) -> None:
        """Serve one socket until it closes."""
        raise NotImplementedError

    async def hang_up_on_all(self) -> None:
        """The vendor closes every socket, in order."""
        assert self._server is not None
        for connection in list(self._server.connections):
            await connection.close()

    async def read(self, connection: ServerConnection) -> dict[str, Any] | None:
        """The next message, or None when the client has gone."""
        try:
            message: dict[str, Any] = json.loads(await connection.recv())
        except ConnectionClosed:
            return None
        self.received.append(message)
        await self.told()
        return message

    async def _at_the_door(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append((request.path, dict(request.headers.raw_items())))
        status = self.status_at_the_door()
        if status is None:
            return None
        headers = Headers({"Content-Type": "application/json", "Connection": "close"})
        body = self.error_body(status)
        headers["Content-Length"] = str(len(body))
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            headers["Retry-After"] = "1"
        return Response(status, HTTPStatus(status).phrase, headers, body)

    def status_at_the_door(self) -> int | None:
        """The status that a handshake is refused with."""
        return self.status

    async def _serve(self, connection: ServerConnection) -> None:
        self.open += 1
        self.connections += 1
        await self.told()
        line = Line(connection)
        try:
            async with line.speaking:
                await self.converse(line)
                line.silence()
        except* MidAudioError:
            connection.transport.abort()
        except* ConnectionClosed:
            pass
        finally:
            for spoken in line.said:
                await self.stopped(spoken)
            self.open -= 1
            await self.told()


def as_text(audio: bytes) -> str:
    """As JSON protocols carry it."""
    return base64.b64encode(audio).decode()
