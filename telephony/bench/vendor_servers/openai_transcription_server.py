"""A simulated Realtime transcription of OpenAI's, for tests and benches only. Rule: the framing is the vendor's."""

import asyncio
import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from telephony.bench.vendor_servers.recogniser import RecogniserServer, Spoken, Talk

RATE_HZ = 8_000
LEAST_SAMPLES = RATE_HZ // 10
CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded", 500: "server_error"}
TRANSCRIPTION = "conversation.item.input_audio_transcription"


class OpenAITranscriptionServer(RecogniserServer):
    """Mu-law in base64 in, deltas and completed transcripts out, after each commit or, when `live`, before it.

    `problem`, an error's fields, makes the next transcription fail. `delays_ms` gives each commit its own latency.
    """

    path = "/v1"

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.live = False
        self.problem: Mapping[str, Any] | None = None
        self.delays_ms: list[float] = []
        self._numbers = count()

    def failure(self, status: int) -> Mapping[str, Any]:
        """OpenAI's error body."""
        code = CODES.get(status, "error")
        return {"error": {"message": "It is wrong.", "type": "invalid_request_error", "param": None, "code": code}}

    async def talk(self, talk: Talk) -> None:
        """Until the client goes."""
        session = {"type": "transcription", "object": "realtime.transcription_session", "id": "sess_1"}
        talk.say(self._event("session.created", session=session))
        item = self._next_item()
        async for message in talk.connection:
            asked = json.loads(message)
            match asked["type"]:
                case "session.update":
                    self.messages.append(asked)
                    talk.say(self._event("session.updated", session=session | asked["session"]))
                case "input_audio_buffer.append":
                    audio = b64decode(asked["audio"])
                    spoken = talk.hear(audio, len(audio), RATE_HZ)
                    self._say_live(talk, item, spoken)
                case "input_audio_buffer.clear":
                    talk.finish()
                    talk.say(self._event("input_audio_buffer.cleared"))
                case "input_audio_buffer.commit":
                    self.messages.append(asked)
                    if self._commit(talk, item, asked.get("event_id")):
                        item = self._next_item()
                case _:
                    talk.say(self._error("unknown_event", None))

    def _say_live(self, talk: Talk, item: str, spoken: Spoken) -> None:
        before = spoken.shown
        words = spoken.new_words
        if self.live and words is not None:
            talk.say(self._delta(item, before, words.split()[before:]))

    def _commit(self, talk: Talk, item: str, event_id: str | None) -> bool:
        spoken = talk.finish()
        if spoken is None or spoken.end - spoken.start < LEAST_SAMPLES:
            talk.say(self._error("input_audio_buffer_commit_empty", event_id))
            return False
        talk.say(self._event("input_audio_buffer.committed", item_id=item, previous_item_id=None))
        problem, self.problem = self.problem, None

        def transcribed() -> Sequence[Mapping[str, Any]]:
            if problem is not None:
                return [self._event(f"{TRANSCRIPTION}.failed", item_id=item, content_index=0, error=problem)]
            words = spoken.text.split()
            shown = spoken.shown if self.live else 0
            deltas = [self._delta(item, nth, [words[nth]]) for nth in range(shown, len(words))]
            usage = {"type": "duration", "seconds": (spoken.end - spoken.start) / RATE_HZ}
            fields = {"item_id": item, "content_index": 0, "transcript": spoken.text, "usage": usage}
            return [*deltas, self._event(f"{TRANSCRIPTION}.completed", **fields)]

        delay_ms = self.delays_ms.pop(0) if self.delays_ms else self.latency.final_ms
        asyncio.get_running_loop().call_later(delay_ms / 1_000, lambda: talk.say(*transcribed()))
        return True

    def _delta(self, item: str, nth: int, words: Sequence[str]) -> Mapping[str, Any]:
        text = (" " if nth else "") + " ".join(words)
        return self._event(f"{TRANSCRIPTION}.delta", item_id=item, content_index=0, delta=text)

    def _error(self, code: str, event_id: str | None) -> Mapping[str, Any]:
        error = {"type": "invalid_request_error", "code": code, "message": "It is wrong.", "event_id": event_id}
        return self._event("error", error=error)

    def _event(self, kind: str, **fields: Any) -> Mapping[str, Any]:
        return {"type": kind, "event_id": f"event_{next(self._numbers)}", **fields}

    def _next_item(self) -> str:
        return f"item_{next(self._numbers)}"
