"""A simulated Deepgram v1/listen, for tests and benches only. Rule: the framing is the vendor's, the words are not."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from telephony.bench.vendor_servers.recogniser import RecogniserServer, Spoken, Talk

RATE_HZ = 8_000
REQUEST_ID = "5a1b9c52-6e0f-4a6a-9d8e-2f7d8b3c1e00"
CODES = {401: "INVALID_AUTH", 429: "TOO_MANY_REQUESTS", 500: "INTERNAL_SERVER_ERROR"}


class DeepgramNovaServer(RecogniserServer):
    """Mu-law at 8 kHz in, Results out; Finalize ends an utterance, and is not answered when nothing was heard."""

    def failure(self, status: int) -> Mapping[str, Any]:
        """Deepgram's error body."""
        return {"err_code": CODES.get(status, "ERROR"), "err_msg": "It is wrong.", "request_id": REQUEST_ID}

    async def talk(self, talk: Talk) -> None:
        """Until CloseStream, or until the client goes."""
        async for message in talk.connection:
            if isinstance(message, bytes):
                spoken = talk.hear(message, len(message), RATE_HZ)
                words = spoken.new_words
                if words is not None:
                    talk.say(results(spoken, words, is_final=False))
                continue
            asked = json.loads(message)
            self.messages.append(asked)
            match asked["type"]:
                case "Finalize":
                    self._finalize(talk)
                case "CloseStream":
                    await talk.connection.send(json.dumps(metadata(talk.samples / RATE_HZ)))
                    await talk.connection.close(1000)

    def _finalize(self, talk: Talk) -> None:
        spoken = talk.finish()
        if spoken is not None and not self.silent:
            talk.say_later(lambda: list(segments(spoken)))


def segments(spoken: Spoken) -> Iterator[dict[str, Any]]:
    """The whole utterance: one segment, or those that `|` parts its text into, of the same length each."""
    parts = spoken.text.split("|")
    length = (spoken.end - spoken.start) / len(parts)
    for nth, part in enumerate(parts):
        start = spoken.start + round(nth * length)
        piece = replace(spoken, start=start, end=spoken.start + round((nth + 1) * length))
        yield results(piece, part.strip(), is_final=True, from_finalize=nth == len(parts) - 1)


def results(spoken: Spoken, text: str, *, is_final: bool, from_finalize: bool = False) -> dict[str, Any]:
    """What was heard of one utterance."""
    start_s, end_s = spoken.start / RATE_HZ, spoken.end / RATE_HZ
    words = [
        {"word": word, "punctuated_word": word, "start": start_s, "end": end_s, "confidence": 0.98}
        for word in text.split()
    ]
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "start": round(start_s, 3),
        "duration": round(end_s - start_s, 3),
        "is_final": is_final,
        "speech_final": False,
        "from_finalize": from_finalize,
        "channel": {"alternatives": [{"transcript": text, "confidence": 0.98 if text else 0.0, "words": words}]},
        "metadata": {
            "request_id": REQUEST_ID,
            "model_info": {"name": "nova-3", "version": "2025-04-17.21547", "arch": "nova-3"},
            "model_uuid": "40bd3654-e622-47c4-a111-63a61b23bfe8",
        },
    }


def metadata(duration_s: float) -> dict[str, Any]:
    """What ends a stream."""
    return {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": REQUEST_ID,
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "created": "2026-01-01T00:00:00.000Z",
        "duration": duration_s,
        "channels": 1,
    }
