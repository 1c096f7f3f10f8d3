"""Inworld's bidirectional socket of speech, simulated. Rule: it refuses what the vendor refuses.

A key is judged when a context is created: the door opens to everyone, and `status` 401 is told inside. `error_inside`:
the text is found invalid. A context that is closed speaks its text to the end; six on a socket are one too many.
"""

import json
from http import HTTPStatus
from typing import Any

from pipeline.audio import NARROW_HZ, WIDE_HZ
from telephony.bench.vendor_servers.speech_server import Chunk, Line, SpeechSocketServer, Spoken, as_text

MOST_CONTEXTS = 5
LONGEST_TEXT = 2_000
FINE = {"code": 0, "message": "", "details": list[Any]()}
GRPC = {401: (16, "Authentication required."), 429: (8, "Resource exhausted."), 500: (13, "Internal error.")}


class InworldServer(SpeechSocketServer):
    """`/tts/v1/voice:streamBidirectional`."""

    def status_at_the_door(self) -> int | None:
        """Any but that of a wrong key."""
        return None if self.status == HTTPStatus.UNAUTHORIZED else self.status

    def error_body(self, status: int) -> bytes:
        """As gRPC's gateway tells errors over HTTP."""
        code, message = GRPC.get(status, (14, "Unavailable."))
        return json.dumps({"code": code, "message": message, "details": []}).encode()

    async def converse(self, line: Line) -> None:
        """Contexts by their id; each speaks by itself."""
        contexts: dict[str, tuple[Spoken, dict[str, Any]]] = {}
        while (message := await self.read(line.connection)) is not None:
            name = message.get("contextId", "")
            if "create" in message and self.status == HTTPStatus.UNAUTHORIZED:
                await line.send({"error": {"code": 7, "message": "Invalid credentials provided.", "details": []}})
                await line.connection.close()
                return
            if "create" in message:
                await self._create(line, name, message["create"], contexts)
            elif name not in contexts:
                await _status(line, name, 5, f"context {name} not found")
            elif "send_text" in message:
                await self._hear(line, name, contexts[name][0], message["send_text"]["text"])
            elif "close_context" in message:
                spoken, create = contexts.pop(name)
                line.say(spoken, self._speak(line, name, spoken, create))

    async def _create(self, line: Line, name: str, create: dict[str, Any], contexts: dict[str, Any]) -> None:
        if len(contexts) >= MOST_CONTEXTS:
            await _status(line, name, 8, f"You have reached the limit of {MOST_CONTEXTS} TTS contexts per connection.")
            return
        audio = create["audioConfig"]
        narrow = audio["audioEncoding"] == "MULAW"
        if audio["sampleRateHertz"] != (NARROW_HZ if narrow else WIDE_HZ):
            await _status(line, name, 3, "unsupported sample rate")
            return
        contexts[name] = Spoken("", create["voiceId"], float(audio.get("speakingRate", 1.0)), narrow), create
        await line.send({"result": {"contextId": name, "contextCreated": create, "status": FINE}})

    async def _hear(self, line: Line, name: str, spoken: Spoken, text: str) -> None:
        if len(text) > LONGEST_TEXT or self.faults.error_inside:
            await _status(line, name, 3, f"text length should not exceed {LONGEST_TEXT} characters.")
        else:
            spoken.text += text

    async def _speak(self, line: Line, name: str, spoken: Spoken, create: dict[str, Any]) -> None:
        await self.asked(spoken)
        if self.faults.wrong_json:
            await line.send({"result": ["audioChunk"]})
        async for chunk in self.chunks(spoken, spoken.text):
            times = _times(chunk) if create.get("timestampType") == "WORD" else None
            usage = {"processedCharactersCount": 0, "modelId": create["modelId"]}
            audio = {"audioContent": as_text(chunk.audio), "usage": usage, "timestampInfo": times}
            await line.send({"result": {"contextId": name, "audioChunk": audio, "status": FINE}})
        await line.send({"result": {"contextId": name, "flushCompleted": {}, "status": FINE}})
        spoken.finished = True
        await line.send({"result": {"contextId": name, "contextClosed": {}, "status": FINE}})


def _times(chunk: Chunk) -> dict[str, Any] | None:
    if not chunk.words:
        return None
    alignment = {
        "words": [timing.word for timing in chunk.words],
        "wordStartTimeSeconds": [timing.start_ms / 1_000 for timing in chunk.words],
        "wordEndTimeSeconds": [timing.end_ms / 1_000 for timing in chunk.words],
    }
    return {"wordAlignment": alignment}


async def _status(line: Line, name: str, code: int, message: str) -> None:
    status = {"code": code, "message": message, "details": []}
    await line.send({"result": {"contextId": name, "status": status}})
