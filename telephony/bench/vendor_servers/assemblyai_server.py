"""A simulated AssemblyAI v3/ws, for tests and benches only. Rule: the framing is the vendor's, the words are not."""

import json
from collections.abc import Mapping
from typing import Any

from telephony.bench.vendor_servers.recogniser import RecogniserServer, Spoken, Talk

RATE_HZ = 8_000
SHORTEST, LONGEST = RATE_HZ // 20, RATE_HZ


class AssemblyAIServer(RecogniserServer):
    """Mu-law at 8 kHz in, Turns out; ForceEndpoint ends a turn, and is not answered when there is none."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._order = 0

    def failure(self, status: int) -> Mapping[str, Any]:
        """AssemblyAI's error body."""
        return {"error": "It is wrong."}

    async def talk(self, talk: Talk) -> None:
        """Until Terminate, or until the client goes."""
        talk.say({"type": "Begin", "id": "de5d9927-73a6-4be8-b52d-b4c07be37e6b", "expires_at": 1_900_000_000})
        async for message in talk.connection:
            if isinstance(message, bytes):
                if not SHORTEST <= len(message) <= LONGEST:
                    await talk.connection.send(json.dumps(error(3007, "Input Duration Violation")))
                    await talk.connection.close(3007)
                    return
                spoken = talk.hear(message, len(message), RATE_HZ)
                words = spoken.new_words
                if words is not None:
                    talk.say(self._turn(spoken, words, end_of_turn=False))
                continue
            asked = json.loads(message)
            self.messages.append(asked)
            match asked["type"]:
                case "ForceEndpoint":
                    self._force(talk)
                case "Terminate":
                    end = {"type": "Termination", "audio_duration_seconds": 1, "session_duration_seconds": 1}
                    await talk.connection.send(json.dumps(end))
                    await talk.connection.close(1000)

    def tell(self, text: str, *, end_of_turn: bool) -> None:
        """Say this of the turn that goes on, on every connection."""
        for talk in self.talks:
            assert talk.spoken is not None
            talk.say(self._turn(talk.spoken, text, end_of_turn=end_of_turn))

    def _force(self, talk: Talk) -> None:
        spoken = talk.finish()
        if spoken is not None and spoken.text and not self.silent:
            talk.say_later(lambda: [self._turn(spoken, spoken.text, end_of_turn=True)])

    def _turn(self, spoken: Spoken, text: str, *, end_of_turn: bool) -> dict[str, Any]:
        texts = text.split()
        start_ms, end_ms = spoken.start * 1_000 // RATE_HZ, spoken.end * 1_000 // RATE_HZ
        words = [
            {
                "start": start_ms + (end_ms - start_ms) * nth // len(texts),
                "end": start_ms + (end_ms - start_ms) * (nth + 1) // len(texts),
                "text": word,
                "confidence": 0.98,
                "word_is_final": end_of_turn or nth < len(texts) - 1,
            }
            for nth, word in enumerate(texts)
        ]
        message = {
            "type": "Turn",
            "turn_order": self._order,
            "turn_is_formatted": False,
            "end_of_turn": end_of_turn,
            "transcript": text if end_of_turn else " ".join(texts[:-1]),
            "end_of_turn_confidence": 0.9 if end_of_turn else 0.1,
            "words": words,
        }
        self._order += end_of_turn
        return message


def error(code: int, text: str) -> dict[str, Any]:
    """What comes before the vendor hangs up."""
    return {"type": "Error", "error_code": code, "error": text}
