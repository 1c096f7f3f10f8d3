"""ElevenLabs' multi-context socket, simulated. Rule: it refuses what the vendor refuses.

`error_inside`: the quota is used up, told in the socket, which is then closed. As with the vendor, a context that is
closed speaks its text to the end, more than five open ones close the socket, and alignments count from their own chunk.
"""

import json
from collections.abc import Mapping
from typing import Any

from websockets.asyncio.server import ServerConnection

from telephony.bench.vendor_servers.speech_server import Chunk, Line, SpeechSocketServer, Spoken, as_text

MOST_CONTEXTS = 5
WIDE, NARROW = "pcm_24000", "ulaw_8000"
STATUSES = {
    401: ("invalid_api_key", "Invalid API key"),
    429: ("too_many_concurrent_requests", "Too many concurrent requests."),
    500: ("internal_server_error", "An internal error has occurred."),
}


class ElevenLabsServer(SpeechSocketServer):
    """`/v1/text-to-speech/{voice_id}/multi-stream-input` and, as the SDK's client wants it, `.../stream-input`."""

    def error_body(self, status: int) -> bytes:
        """ElevenLabs' `detail`."""
        word, message = STATUSES.get(status, ("error", "Something went wrong."))
        return json.dumps({"detail": {"status": word, "message": message}}).encode()

    async def converse(self, line: Line) -> None:
        """Contexts by their id; each speaks by itself."""
        single = line.path.endswith("/stream-input")
        if line.query.get("output_format") not in (WIDE, NARROW):
            await line.connection.close(1008, "unsupported output_format")
            return
        contexts: dict[str, _Context] = {}
        while (message := await self.read(line.connection)) is not None and not message.get("close_socket"):
            name = message.get("context_id") or message.get("contextId") or "default"
            if name not in contexts:
                if not message.get("text"):
                    continue
                if not await self._may_open(line.connection, contexts):
                    return
            context = contexts.setdefault(name, _Context(name, single))
            context.hear(message)
            if context.due(message, single):
                line.say(context.spoken, self._speak(line, context, contexts))

    async def _may_open(self, connection: ServerConnection, contexts: Mapping[str, Any]) -> bool:
        if self.faults.error_inside:
            await _told_off(connection, "quota_exceeded", "This request exceeds your quota.")
            return False
        if len(contexts) >= MOST_CONTEXTS:
            message = f"Maximum simultaneous contexts per WebSocket connection exceeded ({MOST_CONTEXTS})."
            await _told_off(connection, "max_active_conversations", message)
            return False
        return True

    async def _speak(self, line: Line, context: "_Context", contexts: dict[str, "_Context"]) -> None:
        spoken = context.spoken
        spoken.voice, spoken.text = line.path.split("/")[-2], context.text.strip(" ")
        spoken.narrow = line.query["output_format"] == NARROW
        spoken.speed = float(context.settings.get("speed", 1.0))
        await self.asked(spoken)
        if self.faults.wrong_json:
            await line.connection.send('{"audio": ["')
        async for chunk in self.chunks(spoken, spoken.text):
            await line.send(context.marked(_audio(chunk)))
        spoken.finished = True
        del contexts[context.name]
        await line.send(context.marked({"isFinal": True}))
        if context.single:
            await line.connection.close()


class _Context:
    def __init__(self, name: str, single: bool) -> None:
        self.name = name
        self.single = single
        self.text = ""
        self.settings: dict[str, float] = {}
        self.asked = False
        self.spoken = Spoken("", "", 1.0)

    def hear(self, message: Mapping[str, Any]) -> None:
        self.text += message.get("text") or ""
        self.settings = message.get("voice_settings") or self.settings

    def due(self, message: Mapping[str, Any], single: bool) -> bool:
        """Whether no more text will come."""
        due = message.get("text") == "" if single else bool(message.get("close_context"))
        self.asked, due = self.asked or due, due and not self.asked
        return due

    def marked(self, message: dict[str, Any]) -> dict[str, Any]:
        return message if self.single else message | {"contextId": self.name}


def _audio(chunk: Chunk) -> dict[str, Any]:
    chars: list[str] = []
    starts: list[int] = []
    lengths: list[int] = []
    for timing in chunk.words:
        letters = f" {timing.word}" if timing.start_ms else timing.word
        each_ms = (timing.end_ms - timing.start_ms) / len(letters)
        chars += letters
        starts += [round(timing.start_ms - chunk.start_ms + nth * each_ms) for nth in range(len(letters))]
        lengths += [round(each_ms)] * len(letters)
    alignment = {"chars": chars, "charStartTimesMs": starts, "charDurationsMs": lengths} if chars else None
    return {"audio": as_text(chunk.audio), "alignment": alignment, "normalizedAlignment": alignment, "isFinal": None}


async def _told_off(connection: ServerConnection, word: str, message: str) -> None:
    await connection.send(json.dumps({"message": message, "error": word, "code": 1008}))
    await connection.close(1008, message)
