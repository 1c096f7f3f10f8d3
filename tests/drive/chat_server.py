"""A language model's server on loopback that says what the story wants. Rule: real HTTP/1.1 and server-sent events."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Send:
    """One server-sent event."""

    payload: Any


@dataclass(frozen=True, slots=True)
class SendText:
    """Bytes on the wire as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing more, until the client goes."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection breaks."""


Step = Send | SendText | Stall | Drop


@dataclass(frozen=True, slots=True)
class Answer:
    """How one request is answered; steps are sent as a chunked stream, which `ends` unless told otherwise."""

    steps: Sequence[Step] = ()
    status: int = 200
    ends: bool = True


@dataclass(slots=True)
class ChatServer:
    """Answers requests in order; `async with` it, then use its `url`."""

    answers: list[Answer]
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    client_gone: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _served: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The base URL for an SDK."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

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
            while await self._read(reader) and await self._answer(self.answers.pop(0), reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            self.client_gone.set()
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"").decode()
        if not head:
            return False
        lines = head.split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
        self.headers.append(headers)
        self.requests.append(json.loads(await reader.readexactly(int(headers["content-length"]))))
        return True

    async def _answer(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection lives on."""
        kind = "text/event-stream" if answer.status == 200 else "application/json"
        head = f"HTTP/1.1 {answer.status} X\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
        writer.write(head.encode())
        for step in answer.steps:
            match step:
                case Send(payload=payload):
                    text = payload if isinstance(payload, str) else json.dumps(payload)
                    _write_chunk(writer, f"data: {text}\n\n")
                case SendText(text=text):
                    _write_chunk(writer, text)
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


def delta(**fields: Any) -> Send:
    """A chunk with one piece of a reply."""
    return Send({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": fields}]})


def call_piece(index: int, arguments: str, call_id: str | None = None, name: str | None = None) -> Send:
    """A chunk with one piece of a tool call."""
    function = {"arguments": arguments} | ({"name": name} if name else {})
    piece = {"index": index, "function": function} | ({"id": call_id, "type": "function"} if call_id else {})
    return delta(tool_calls=[piece])


def finish(reason: str = "stop") -> Send:
    """The chunk that ends a reply."""
    return Send({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


def usage(prompt: int, completion: int, cached: int) -> Send:
    """The chunk with the usage, which has no choice."""
    details = {"prompt_tokens_details": {"cached_tokens": cached}}
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return Send({"id": "c", "choices": [], "usage": counts | details})


DONE = Send("[DONE]")


def failure(status: int, code: str, message: str) -> Answer:
    """An error in OpenAI's form."""
    body = {"error": {"message": message, "type": "error", "code": code}}
    return Answer([SendText(json.dumps(body))], status)


def words(*texts: str) -> Answer:
    """A plain reply in pieces."""
    return Answer([*(delta(content=text) for text in texts), finish(), DONE])
