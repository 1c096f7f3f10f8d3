"""Deepgram's speak socket, version 1, simulated. Rule: it refuses what the vendor refuses.

`error_inside`: what was sent is found invalid, which the vendor tells by closing. More than 20 flushes within a minute
are answered with a warning and not carried out.
"""

import asyncio
import json
from collections import deque

from telephony.bench.vendor_servers.speech_server import Line, SpeechSocketServer, Spoken

STATUSES = {
    401: ("INVALID_AUTH", "Invalid credentials."),
    429: ("TOO_MANY_REQUESTS", "Too many requests. Please try again later"),
    500: ("INTERNAL_SERVER_ERROR", "Internal server error."),
}
FLUSHES_A_MINUTE = 20
MINUTE_S = 60
LONGEST_TEXT = 2_000
WIDE, NARROW = ("linear16", "24000"), ("mulaw", "8000")


class DeepgramSpeakServer(SpeechSocketServer):
    """`/v1/speak`."""

    def error_body(self, status: int) -> bytes:
        """As Deepgram tells errors over HTTP."""
        code, message = STATUSES.get(status, STATUSES[500])
        return json.dumps({"err_code": code, "err_msg": message, "request_id": "r"}).encode()

    async def converse(self, line: Line) -> None:
        """Speak gathers text, Flush has it spoken, Clear drops all that is not sent yet."""
        sound = (line.query.get("encoding"), line.query.get("sample_rate"))
        if line.path != "/v1/speak" or sound not in (WIDE, NARROW):
            await line.connection.close(1008, "DATA-0000")
            return
        await line.send(
            {"type": "Metadata", "request_id": "r", "model_name": line.query["model"], "model_version": "1"}
        )
        text, speaking, flushes, sequence = "", None, deque[float](maxlen=FLUSHES_A_MINUTE), 0
        while (message := await self.read(line.connection)) is not None:
            match message["type"]:
                case "Speak" if self.faults.error_inside or len(message["text"]) > LONGEST_TEXT:
                    await line.connection.close(1008, "DATA-0000")
                case "Speak":
                    text += message["text"]
                case "Flush" if self._tired(flushes):
                    described = "Exceeded the maximum number of flush messages within a minute."
                    await line.send({"type": "Warning", "code": "EXCESSIVE_FLUSH", "description": described})
                case "Flush":
                    speaking = self._begin(line, text, speaking, sequence)
                    text, sequence = "", sequence + 1
                case "Clear":
                    text = ""
                    await self._silence(line, speaking)
                    await line.send({"type": "Cleared", "sequence_id": sequence})
                case "Close":
                    await line.connection.close()

    def _tired(self, flushes: deque[float]) -> bool:
        now_s = asyncio.get_running_loop().time()
        if len(flushes) == FLUSHES_A_MINUTE and now_s - flushes[0] < MINUTE_S:
            return True
        flushes.append(now_s)
        return False

    def _begin(self, line: Line, text: str, before: asyncio.Task[None] | None, sequence: int) -> asyncio.Task[None]:
        model = line.query["model"]
        narrow = line.query["encoding"] == NARROW[0]
        spoken = Spoken(text, model.split("-")[-2], float(line.query.get("speed", 1.0)), narrow)
        return line.say(spoken, self._speak(line, spoken, before, sequence))

    async def _silence(self, line: Line, speaking: asyncio.Task[None] | None) -> None:
        if speaking is not None and not speaking.done():
            speaking.cancel()
            await self.stopped(line.said[-1])

    async def _speak(self, line: Line, spoken: Spoken, before: asyncio.Task[None] | None, sequence: int) -> None:
        if before is not None:
            await asyncio.wait({before})
        await self.asked(spoken)
        if self.faults.wrong_json:
            await line.connection.send('{"type": "Flu')
        async for chunk in self.chunks(spoken, spoken.text):
            cut = 1 if self.faults.odd_bytes else 0
            for part in (chunk.audio[:cut], chunk.audio[cut:]):
                if part:
                    await line.connection.send(part)
        spoken.finished = True
        await line.send({"type": "Flushed", "sequence_id": sequence})
