"""Cartesia's WebSocket, simulated. Rule: it refuses what the vendor refuses.

`error_inside`: the account has no credits left. As documented, a context that is cancelled while it speaks goes on to
its end.
"""

import asyncio
import json
from typing import Any

from telephony.bench.vendor_servers.speech_server import Line, SpeechSocketServer, Spoken, as_text
from telephony.bench.vendor_servers.tone_words import words_of

STATUSES = {
    401: ("Unauthorized", "unauthorized", "Invalid API key."),
    429: ("Too many requests", "concurrency_limited", "Too many concurrent requests."),
    500: ("Internal error", "internal_server_error", "Something went wrong."),
}
WIDE = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000}
NARROW = {"container": "raw", "encoding": "pcm_mulaw", "sample_rate": 8_000}


class CartesiaServer(SpeechSocketServer):
    """`/tts/websocket`."""

    def error_body(self, status: int) -> bytes:
        """As inside the socket."""
        title, code, message = STATUSES.get(status, STATUSES[500])
        return json.dumps({"title": title, "error_code": code, "message": message, "request_id": "r"}).encode()

    async def converse(self, line: Line) -> None:
        """A request a context; contexts speak by themselves."""
        if line.path != "/tts/websocket":
            await line.connection.close(1008, "no such path")
            return
        begun: dict[str, tuple[Spoken, asyncio.Task[None]]] = {}
        while (message := await self.read(line.connection)) is not None:
            context = str(message.get("context_id"))
            if message.get("cancel"):
                if context in begun:
                    await self.stopped(begun[context][0])
                continue
            if refusal := self._refusal(message):
                await line.send(_error(context, *refusal))
                continue
            pace = (message.get("generation_config") or {}).get("speed", 1.0)
            narrow = message["output_format"] == NARROW
            spoken = Spoken(message["transcript"], str(_voice(message)), float(pace), narrow)
            begun[context] = spoken, line.say(spoken, self._speak(line, context, spoken, message))

    def _refusal(self, message: dict[str, Any]) -> tuple[int, str, str] | None:
        if self.faults.error_inside:
            return 402, "quota_exceeded", "You have run out of credits."
        if message.get("output_format") not in (WIDE, NARROW) or not _voice(message):
            return 400, "invalid_request", "Invalid request."
        if not words_of(message.get("transcript", "")):
            return 400, "invalid_request", "transcript empty or contains only punctuation"
        return None

    async def _speak(self, line: Line, context: str, spoken: Spoken, request: dict[str, Any]) -> None:
        await self.asked(spoken)
        if self.faults.wrong_json:
            await line.send({"type": "chunk", "context_id": context, "data": 7})
        about = {"context_id": context, "status_code": 200}
        async for chunk in self.chunks(spoken, spoken.text, obeys=False):
            if chunk.words and request.get("add_timestamps"):
                words = {
                    "words": [timing.word for timing in chunk.words],
                    "start": [timing.start_ms / 1_000 for timing in chunk.words],
                    "end": [timing.end_ms / 1_000 for timing in chunk.words],
                }
                await line.send({"type": "timestamps", "done": False, "word_timestamps": words, **about})
            await line.send({"type": "chunk", "done": False, "data": as_text(chunk.audio), "step_time": 1.0, **about})
        spoken.finished = not spoken.stopped
        await line.send({"type": "done", "done": True, **about})


def _voice(message: dict[str, Any]) -> str | None:
    """An id, or an object that holds one."""
    voice = message.get("voice")
    return voice.get("id") if isinstance(voice, dict) else voice


def _error(context: str, status: int, code: str, message: str) -> dict[str, Any]:
    return {
        "type": "error",
        "context_id": context,
        "status_code": status,
        "done": True,
        "error_code": code,
        "title": "Error",
        "message": message,
        "request_id": "r",
    }
