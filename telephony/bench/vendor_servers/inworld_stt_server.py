"""A simulated Inworld transcribe:streamBidirectional, for tests and benches only.

Rule: the framing is what the vendor's documentation says.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from telephony.bench.vendor_servers.recogniser import RecogniserServer, Talk

RATE_HZ = 16_000
GRPC_CODES = {401: 16, 429: 8, 500: 13}


class InworldSttServer(RecogniserServer):
    """PCM16 at 16 kHz in Base64 in, transcriptions out; endTurn ends a turn."""

    def failure(self, status: int) -> Mapping[str, Any]:
        """Inworld's error body, which is gRPC's."""
        return {"code": GRPC_CODES.get(status, 3), "message": "It is wrong.", "details": []}

    async def talk(self, talk: Talk) -> None:
        """Until closeStream, or until the client goes."""
        configured = False
        async for message in talk.connection:
            asked = json.loads(message)
            if not configured:
                configured = "transcribeConfig" in asked
                if not configured:
                    talk.say({"error": {"code": 3, "message": "The configuration comes first.", "details": []}})
            if "audioChunk" in asked:
                audio = b64decode(asked["audioChunk"]["content"])
                spoken = talk.hear(audio, len(audio) // 2, RATE_HZ)
                words = spoken.new_words
                if words is not None:
                    talk.say(transcription(words, is_final=False))
                continue
            self.messages.append(asked)
            if "endTurn" in asked:
                self._end(talk)
            elif "closeStream" in asked:
                await talk.connection.close(1000)

    def _end(self, talk: Talk) -> None:
        spoken = talk.finish()
        if spoken is not None and not self.silent:
            talk.say_later(lambda: [transcription(spoken.text, is_final=True)])


def transcription(text: str, *, is_final: bool) -> Mapping[str, Any]:
    """What was heard of a turn."""
    return {"result": {"transcription": {"transcript": text, "isFinal": is_final, "wordTimestamps": []}}}
