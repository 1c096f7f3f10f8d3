"""What every simulated recogniser has: a WebSocket on loopback, texts to answer with, and switches for faults.

Rule: it hears every byte, and understands none. An utterance's text is given by its place in `texts`.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from pipeline.providers.simulated import Latency
from telephony.bench.vendor_servers.lateness import Lateness

WORD_MS: Final = 200
NO_MESSAGE: Final = '{"type":7}'
USUAL: Final = Latency()


@dataclass(slots=True)
class Spoken:
    """One utterance as the far end hears it; `start` and `end` count samples of the stream."""

    text: str
    rate_hz: int
    start: int
    end: int
    audio: bytearray = field(default_factory=bytearray)
    shown: int = 0

    @property
    def new_words(self) -> str | None:
        """What is heard by now, when that is more than before: a word every 200 ms, the last not before the end."""
        words = self.text.split()
        heard = min(len(words) - 1, (self.end - self.start) * 1_000 // (self.rate_hz * WORD_MS))
        if heard <= self.shown:
            return None
        self.shown = heard
        return " ".join(words[:heard])


class Talk:
    """One connection: what was heard on it, and what is still to be said."""

    def __init__(self, server: "RecogniserServer", connection: ServerConnection) -> None:
        self.connection = connection
        self.sent = 0
        self.samples = 0
        self.spoken: Spoken | None = None
        self._server = server
        self._ended = 0
        self._due: set[asyncio.TimerHandle] = set()
        self._outbox: asyncio.Queue[str] = asyncio.Queue()

    def hear(self, audio: bytes, samples: int, rate_hz: int) -> Spoken:
        """More of the utterance that is being spoken."""
        if self.spoken is None:
            self.spoken = self._server.next_utterance(rate_hz, self.samples)
        self.samples += samples
        self.spoken.audio += audio
        self.spoken.end = self.samples
        return self.spoken

    def finish(self) -> Spoken | None:
        """The utterance is over; None when nothing was spoken."""
        done, self.spoken = self.spoken, None
        if done is not None:
            self._server.heard.append(bytes(done.audio))
        return done

    def say(self, *messages: Mapping[str, Any]) -> None:
        """Send at once what is due, or what is no message."""
        for message in messages:
            self._outbox.put_nowait(NO_MESSAGE if self._server.wrong_json else json.dumps(message))

    def say_later(self, make: Callable[[], Sequence[Mapping[str, Any]]]) -> None:
        """Send it after the final's latency."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self._server.latency.final_after_s(self._ended)

        self._ended += 1

        def say() -> None:
            self._server.lateness.due(due_s)
            self.say(*make())

        self._due.add(loop.call_at(due_s, say))

    async def run(self, serve_one: Callable[["Talk"], Any]) -> None:
        """Serve until the client goes."""
        writing = asyncio.create_task(self._write())
        try:
            await serve_one(self)
        except ConnectionClosed:
            pass
        finally:
            for due in self._due:
                due.cancel()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _write(self) -> None:
        while True:
            await self.connection.send(await self._outbox.get())
            self.sent += 1


class RecogniserServer:
    """A vendor's WebSocket for tests and benches; `async with` it, then use its `url`."""

    path = ""

    def __init__(self, texts: Sequence[str] = (), latency: Latency = USUAL, *, port: int = 0) -> None:
        self.latency = latency
        self.lateness = Lateness()
        self.texts = list(texts)
        self.status: int | None = None
        self.wrong_json = False
        # Says nothing of an utterance that ends, as some vendors do when they have heard no speech.
        self.silent = False
        self.heard: list[bytes] = []
        self.messages: list[Any] = []
        self.requests: list[Request] = []
        self.talks: set[Talk] = set()
        self.port = port
        self._utterances = 0
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """The base URL, as the vendor's own is written."""
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """The base URL at another port, where a proxy stands before the server."""
        return f"http://127.0.0.1:{port}{self.path}"

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve, "127.0.0.1", self.port, process_request=self._admit, ping_interval=None, compression=None
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def next_utterance(self, rate_hz: int, start: int) -> Spoken:
        """The next one, with the text it will be taken for."""
        nth, self._utterances = self._utterances, self._utterances + 1
        return Spoken(self.texts[nth] if nth < len(self.texts) else "yes please", rate_hz, start, start)

    async def hang_up(self, code: int = 1011) -> None:
        """Close every connection."""
        await asyncio.gather(*(talk.connection.close(code) for talk in self.talks))

    def failure(self, status: int) -> Mapping[str, Any]:
        """The vendor's error body."""
        raise NotImplementedError

    async def talk(self, talk: Talk) -> None:
        """Speak the vendor's protocol on one connection."""
        raise NotImplementedError

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if self.status is None:
            return None
        body = json.dumps(self.failure(self.status)).encode()
        headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"})
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            headers["Retry-After"] = "1"
        return Response(self.status, HTTPStatus(self.status).phrase, headers, body)

    async def _serve(self, connection: ServerConnection) -> None:
        talk = Talk(self, connection)
        self.talks.add(talk)
        try:
            await talk.run(self.talk)
        finally:
            self.talks.discard(talk)
