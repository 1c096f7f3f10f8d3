"""OpenAI's `/audio/speech`, simulated. Rule: real HTTP/1.1, a chunked body that comes as it is made.

`error_inside` is not this protocol's; `wrong_json` answers with JSON where sound is due. `wav_hz` makes it a server
that answers with a WAV file of that rate whatever is asked for, as some compatible ones do; `mark` are bytes that it
sends first, such as those by which another format is known; `kind` is the content type of what is no WAV file.
"""

import asyncio
import json
import struct
from types import TracebackType
from typing import Any, Self

from pipeline.audio import WIDE_HZ, Resampler
from pipeline.providers.simulated import Latency
from telephony.bench.vendor_servers.speech_server import LATENCY, Faulty, MidAudioError, Spoken

MODELS = "/v1/models"
SPEECH = "/v1/audio/speech"
STATUSES = {
    401: ("invalid_api_key", "Incorrect API key provided."),
    429: ("rate_limit_exceeded", "Rate limit reached."),
    500: ("server_error", "The server had an error while processing your request."),
}


class OpenAISpeechServer(Faulty):
    """`async with` it, then use its `url`, which ends in /v1."""

    def __init__(
        self, latency: Latency = LATENCY, *, wav_hz: int | None = None, mark: bytes = b"", kind: str = "audio/pcm"
    ) -> None:
        super().__init__(latency)
        self.received: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._wav_hz = wav_hz
        self._mark = mark
        self._kind = kind.encode()
        self._server: asyncio.Server | None = None
        self._served: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self.hang_up_on_all()

    async def hang_up_on_all(self) -> None:
        """The vendor closes every connection."""
        for task in list(self._served):
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._served[task] = writer
        self.open += 1
        self.connections += 1
        try:
            await self.told()
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, MidAudioError):
            pass
        finally:
            del self._served[task]
            self.open -= 1
            writer.close()
            await self.told()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection lives on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append((path, headers))
        if method != "POST" or path != SPEECH:
            writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            return True
        self.received.append(json.loads(body))
        if self.status is not None:
            writer.write(_refusal(self.status))
            return True
        if self.faults.wrong_json:
            writer.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"data": ')
            return True
        return await self._answer(self.received[-1], reader, writer)

    async def _answer(self, asked: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Speak until done or until the client has gone."""
        spoken = Spoken(asked["input"], asked["voice"], float(asked.get("speed", 1.0)))
        gone = asyncio.create_task(reader.read(1))
        speaking = asyncio.create_task(self._speak(spoken, writer))
        try:
            await asyncio.wait({gone, speaking}, return_when=asyncio.FIRST_COMPLETED)
            if speaking.done():
                await speaking
            return speaking.done()
        finally:
            speaking.cancel()
            gone.cancel()
            await asyncio.gather(speaking, gone, return_exceptions=True)
            await self.stopped(spoken)

    async def _speak(self, spoken: Spoken, writer: asyncio.StreamWriter) -> None:
        await self.asked(spoken)
        kind = b"audio/wav" if self._wav_hz else self._kind
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: " + kind + b"\r\ntransfer-encoding: chunked\r\n\r\n")
        resampler = Resampler(WIDE_HZ, self._wav_hz) if self._wav_hz and self._wav_hz != WIDE_HZ else None
        _write(writer, _wav_header(self._wav_hz) if self._wav_hz else self._mark)
        async for chunk in self.chunks(spoken, spoken.text):
            sound = resampler.process(chunk.audio) if resampler else chunk.audio
            cut = 1 if self.faults.odd_bytes else 0
            for part in (sound[:cut], sound[cut:]):
                _write(writer, part)
                await writer.drain()
        spoken.finished = True
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def _write(writer: asyncio.StreamWriter, body: bytes) -> None:
    if body:
        writer.write(f"{len(body):x}\r\n".encode() + body + b"\r\n")


def _wav_header(rate_hz: int) -> bytes:
    """Of a stream whose length nobody knows yet."""
    unknown = 0xFFFFFFFF
    form = struct.pack("<HHIIHH", 1, 1, rate_hz, rate_hz * 2, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", unknown)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", unknown)
    )


def _refusal(status: int) -> bytes:
    code, message = STATUSES.get(status, STATUSES[500])
    error = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    body = json.dumps(error).encode()
    wait = "retry-after: 1\r\n" if status == 429 else ""
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{wait}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body
