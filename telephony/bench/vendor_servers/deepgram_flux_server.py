"""A simulated Deepgram v2/listen (Flux), for tests and benches only. Rule: the framing is the vendor's.

The turns are an utterance each, unless a test tells of others.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telephony.bench.vendor_servers.recogniser import RecogniserServer, Talk

RATE_HZ = 8_000
REQUEST_ID = "5a1b9c52-6e0f-4a6a-9d8e-2f7d8b3c1e00"
CODES = {401: "INVALID_AUTH", 429: "TOO_MANY_REQUESTS", 500: "INTERNAL_SERVER_ERROR"}


@dataclass(slots=True)
class Turns:
    """The turn that a connection is in."""

    index: int = 0
    speaking: bool = False
    sequence: int = 0
    began: int = 0

    def told(self, event: str, transcript: str, end: int, trigger: str | None = None) -> dict[str, Any]:
        """A TurnInfo; `end` counts the samples transcribed."""
        self.sequence += 1
        self.speaking = event != "EndOfTurn"
        message = {
            "type": "TurnInfo",
            "request_id": REQUEST_ID,
            "sequence_id": self.sequence,
            "event": event,
            "turn_index": self.index,
            "audio_window_start": round(self.began / RATE_HZ, 2),
            "audio_window_end": round(end / RATE_HZ, 2),
            "transcript": transcript,
            "words": [{"word": word, "confidence": 0.98} for word in transcript.split()],
            "end_of_turn_confidence": 0.9 if event.endswith("EndOfTurn") else 0.1,
        }
        if trigger is not None:
            message["trigger"] = trigger
            self.index += 1
            self.began = end
        return message


class DeepgramFluxServer(RecogniserServer):
    """Mu-law at 8 kHz in, TurnInfo out; ForceEndTurn ends a turn, and is ignored when there is none."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._turns: dict[Talk, Turns] = {}

    def failure(self, status: int) -> Mapping[str, Any]:
        """Deepgram's error body."""
        return {"err_code": CODES.get(status, "ERROR"), "err_msg": "It is wrong.", "request_id": REQUEST_ID}

    async def talk(self, talk: Talk) -> None:
        """Until CloseStream, or until the client goes."""
        turns = self._turns[talk] = Turns()
        talk.say({"type": "Connected", "request_id": REQUEST_ID, "sequence_id": 0})
        async for message in talk.connection:
            if isinstance(message, bytes):
                spoken = talk.hear(message, len(message), RATE_HZ)
                words = spoken.new_words
                if words is not None:
                    talk.say(turns.told("Update" if turns.speaking else "StartOfTurn", words, spoken.end))
                continue
            asked = json.loads(message)
            self.messages.append(asked)
            match asked["type"]:
                case "ForceEndTurn":
                    self._force(talk, turns)
                case "CloseStream":
                    await talk.connection.close(1000)

    def tell(self, event: str, transcript: str) -> None:
        """Say this of the turn that goes on, on every connection."""
        for talk in self.talks:
            trigger = "model" if event == "EndOfTurn" else None
            talk.say(self._turns[talk].told(event, transcript, talk.samples, trigger))

    def _force(self, talk: Talk, turns: Turns) -> None:
        spoken = talk.finish()
        if spoken is None or self.silent or not (turns.speaking or spoken.text):
            return

        def end() -> Sequence[dict[str, Any]]:
            before = [] if turns.speaking else [turns.told("StartOfTurn", spoken.text, spoken.end)]
            return [*before, turns.told("EndOfTurn", spoken.text, spoken.end, "manual")]

        talk.say_later(end)
