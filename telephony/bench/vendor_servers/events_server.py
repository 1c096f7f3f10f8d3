"""A simulated vendor's HTTP server, for tests and benches only. Rule: real HTTP/1.1 and server-sent events.

What a reply consists of is each vendor's own; see the files beside this one.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Final, Self

from pipeline.providers.simulated import Latency
from telephony.bench.vendor_servers.lateness import Lateness

LATENCY: Final = Latency()
WORDS: Final = "Of course I can, and the table by the window is free. Is there anything else for you?"


@dataclass(frozen=True, slots=True)
class Send:
    """One server-sent event, with a name where the vendor gives them names."""

    payload: Any
    event: str = ""


@dataclass(frozen=True, slots=True)
class SendText:
    """Bytes on the wire as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause."""

    ms: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing more, until the client goes."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection breaks."""


Step = Send | SendText | Wait | Stall | Drop


@dataclass(frozen=True, slots=True)
class Answer:
    """How one request is answered; steps are sent as a chunked stream, which `ends` unless told otherwise."""

    steps: Sequence[Step] = ()
    status: int = 200
    ends: bool = True


class EventsServer(ABC):
    """Answers requests with `answers` in order, then with plain words in the time of `latency`; `async with` it.

    `status` answers with an error of the vendor's, `wrong_json` with an event that is none. `requests` and `headers`
    are what came, and `paths` where to; `touches` are the headers
    of requests without a body, which ask for nothing.
    """

    path: ClassVar[str] = ""

    def __init__(
        self,
        answers: Sequence[Answer] = (),
        *,
        latency: Latency = LATENCY,
        reply: Callable[[dict[str, Any]], str] = lambda _: WORDS,
    ) -> None:
        """`reply` gives the plain words for a request."""
        self.answers = list(answers)
        self._reply = reply
        self.latency = latency
        self.lateness = Lateness()
        self.status: int | None = None
        self.wrong_json = False
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.paths: list[str] = []
        self.touches: list[dict[str, str]] = []
        self.client_gone = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._served: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The base URL for an SDK."""
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """The base URL behind a proxy on this port."""
        return f"http://127.0.0.1:{port}{self.path}"

    @abstractmethod
    def opening(self) -> list[Step]:
        """What comes before the first word of a reply."""

    @abstractmethod
    def word(self, text: str) -> Step:
        """One word of a reply."""

    @abstractmethod
    def closing(self) -> list[Step]:
        """What comes after the last word of a reply."""

    def refusal(self, request: dict[str, Any], headers: dict[str, str]) -> str:
        """What the vendor would say is wrong with a request; empty when nothing is."""
        return ""

    @abstractmethod
    def error_body(self, status: int, message: str = "Simulated.") -> dict[str, Any]:
        """What the vendor writes with an error."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._served.values():
            writer.close()
        await asyncio.gather(*self._served)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._served[task] = writer
        try:
            while await self._read(reader, writer) and await self._answer(self._next(), reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            self.client_gone.set()
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether there is a request; those without a body are answered here."""
        while not reader.at_eof() and (head := (await reader.readuntil(b"\r\n\r\n")).decode()):
            lines = head.split("\r\n")[1:]
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name
            }
            if "content-length" in headers:
                self.paths.append(head.split(" ", 2)[1])
                self.headers.append(headers)
                self.requests.append(json.loads(await reader.readexactly(int(headers["content-length"]))))
                return True
            self.touches.append(headers)
            writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
        return False

    def _next(self) -> Answer:
        if self.status is not None:
            return Answer([SendText(json.dumps(self.error_body(self.status)))], self.status)
        if problem := self.refusal(self.requests[-1], self.headers[-1]):
            return Answer([SendText(json.dumps(self.error_body(400, problem)))], 400)
        if self.wrong_json:
            return Answer([SendText("event: message\ndata: {not json\n\n")])
        if self.answers:
            return self.answers.pop(0)
        first, *rest = [self.word(f"{word} ") for word in self._reply(self.requests[-1]).split()]
        pause = Wait(1_000 / self.latency.tokens_per_s)
        paused = [step for each in rest for step in (pause, each)]
        return Answer([Wait(self.latency.first_token_ms), *self.opening(), first, *paused, *self.closing()])

    async def _answer(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection lives on."""
        kind = "text/event-stream" if answer.status == 200 else "application/json"
        later = "retry-after: 1\r\n" if answer.status == 429 else ""
        head = f"HTTP/1.1 {answer.status} X\r\ncontent-type: {kind}\r\n{later}transfer-encoding: chunked\r\n\r\n"
        writer.write(head.encode())
        for step in answer.steps:
            match step:
                case Send(payload=payload, event=event):
                    text = payload if isinstance(payload, str) else json.dumps(payload)
                    _write_chunk(writer, f"event: {event}\ndata: {text}\n\n" if event else f"data: {text}\n\n")
                case SendText(text=text):
                    _write_chunk(writer, text)
                case Wait(ms=ms):
                    due_s = asyncio.get_running_loop().time() + ms / 1_000
                    await writer.drain()
                    await asyncio.sleep(ms / 1_000)
                    if step is answer.steps[0]:
                        self.lateness.due(due_s)
                case Stall():
                    await writer.drain()
                    await reader.read()
                    self.client_gone.set()
                    return False
                case Drop():
                    await writer.drain()
                    return False
            await writer.drain()
        if answer.ends:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return answer.ends


def _write_chunk(writer: asyncio.StreamWriter, text: str) -> None:
    body = text.encode()
    writer.write(f"{len(body):x}\r\n".encode() + body + b"\r\n")
