"""A simulated audio/transcriptions of OpenAI's, for tests and benches only. Rule: real HTTP/1.1, real multipart."""

import asyncio
import io
import json
import wave
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from pipeline.providers.simulated import Latency
from telephony.bench.vendor_servers.recogniser import NO_MESSAGE, USUAL

CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded", 500: "server_error"}


class OpenAIFilesServer:
    """Answers each file after the final's latency: as events when asked to stream, else, or when `plain`, whole.

    `heard` holds the files' samples, `forms` the other fields of each request, `talks` the open connections.
    """

    def __init__(self, texts: Sequence[str] = (), latency: Latency = USUAL, *, port: int = 0) -> None:
        self.latency = latency
        self.texts = list(texts)
        self.status: int | None = None
        self.code: str | None = None
        self.wrong_json = False
        self.plain = False
        self.cut_off = False
        self.heard: list[bytes] = []
        self.forms: list[Mapping[str, str]] = []
        self.headers: list[Mapping[str, str]] = []
        self.talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.connections = 0
        self.port = port
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The base URL, as OpenAI's SDK wants it."""
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """The base URL at another port, where a proxy stands before the server."""
        return f"http://127.0.0.1:{port}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self.hang_up()
        await asyncio.gather(*self.talks)

    async def hang_up(self) -> None:
        """Close every connection."""
        for writer in self.talks.values():
            writer.close()

    def failure(self, status: int) -> Mapping[str, Any]:
        """OpenAI's error body."""
        code = self.code or CODES.get(status, "error")
        return {"error": {"message": "It is wrong.", "type": "invalid_request_error", "param": None, "code": code}}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.talks[task] = writer
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            del self.talks[task]
            writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = head.decode().split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
        body = await reader.readexactly(int(headers["content-length"]))
        self.headers.append(headers)
        if self.status is not None:
            _write(writer, self.status, "application/json", json.dumps(self.failure(self.status)))
            return
        form = fields_of(headers["content-type"], body)
        with wave.open(io.BytesIO(form.pop("file"))) as file:
            self.heard.append(file.readframes(file.getnframes()))
        self.forms.append({name: value.decode() for name, value in form.items()})
        nth = len(self.heard) - 1
        text = self.texts[nth] if nth < len(self.texts) else "yes please"
        await asyncio.sleep(self.latency.final_ms / 1_000)
        if self.wrong_json:
            _write(writer, 200, "application/json", NO_MESSAGE)
        elif form.get("stream") == b"true" and not self.plain:
            _write(writer, 200, "text/event-stream", self._events(text))
        else:
            _write(writer, 200, "application/json", json.dumps({"text": text, "usage": {"type": "duration"}}))
        await writer.drain()

    def _events(self, text: str) -> str:
        words = text.split()
        deltas = [(" " if nth else "") + word for nth, word in enumerate(words)]
        events = [{"type": "transcript.text.delta", "delta": delta} for delta in deltas]
        if not self.cut_off:
            events.append({"type": "transcript.text.done", "text": text})
        return "".join(f"data: {json.dumps(event)}\n\n" for event in events)


def fields_of(kind: str, body: bytes) -> dict[str, bytes]:
    """The parts of a form (RFC 7578); of fields that repeat, the last."""
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    fields: dict[str, bytes] = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content
    return fields


def _write(writer: asyncio.StreamWriter, status: int, kind: str, body: str) -> None:
    content = body.encode()
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(content)}",
        *(["Retry-After: 1"] if status == HTTPStatus.TOO_MANY_REQUESTS else []),
    ]
    writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + content)
