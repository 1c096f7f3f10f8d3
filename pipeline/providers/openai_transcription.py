"""OpenAI's Realtime transcription over WebSocket as a SpeechToText. Rule: the protocol's words end here.

The call decides where an utterance ends, so the server detects no turns: audio is appended as the telephone carries it,
and committed at the end. Each commit becomes an item, whose transcript may come after that of a later one.
"""

from base64 import b64encode
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import msgspec

from pipeline.audio import NARROW_HZ, ulaw_encoded
from pipeline.providers import Access, Hearing
from pipeline.providers.socket import failed, url_of
from pipeline.providers.statuses import NO_MONEY_LEFT
from pipeline.providers.stream import Etiquette, streaming, type_of
from pipeline.providers.utterances import Utterance, Utterances, terms_of

PROVIDER: Final = "openai"
# Less than this cannot be committed.
LEAST_MS: Final = 100
# These take words to expect as a list, the one after them takes none, and the others take any text.
WITH_KEYWORDS: Final = ("gpt-transcribe", "gpt-live-transcribe")
WITHOUT_PROMPT: Final = ("gpt-realtime-whisper",)


class OpenAITranscription:
    """A SpeechToText: one of the transcription models, e.g. "gpt-4o-mini-transcribe" or "gpt-live-transcribe"."""

    def __init__(self, access: Access, model: str) -> None:
        self._access = access
        self._model = model

    def open(self, language: str | None, prompt: str | None) -> AbstractAsyncContextManager[Hearing]:
        """Connect for one call."""
        url = url_of(self._access.base_url, "/realtime", [("intent", "transcription")])
        headers = {"Authorization": f"Bearer {self._access.api_key}"}
        transcription: dict[str, object] = {"model": self._model}
        if language:
            # ISO 639-1, without the country.
            transcription["language"] = language.partition("-")[0].lower()
        if prompt and self._model.startswith(WITH_KEYWORDS):
            transcription["keywords"] = terms_of(prompt)
        elif prompt and not self._model.startswith(WITHOUT_PROMPT):
            transcription["prompt"] = prompt
        return streaming(self._access, url, headers, _Realtime(transcription))


class _Transcribed(msgspec.Struct):
    item_id: str
    delta: str | None = None
    transcript: str | None = None


class _Problem(msgspec.Struct):
    type: str | None = None
    code: str | None = None
    event_id: str | None = None


class _Failed(msgspec.Struct):
    item_id: str
    error: _Problem


class _Error(msgspec.Struct):
    error: _Problem


class _Realtime:
    """A transcription session; its items are given to the utterances in the order of both."""

    etiquette = Etiquette(PROVIDER)

    def __init__(self, transcription: dict[str, object]) -> None:
        self._transcription = transcription
        self._items: dict[str, Utterance] = {}
        self._committed: deque[Utterance] = deque()

    def opening(self) -> Sequence[str]:
        heard = {"format": {"type": "audio/pcmu"}, "transcription": self._transcription, "turn_detection": None}
        session = {"type": "transcription", "audio": {"input": heard}}
        return (_text({"type": "session.update", "session": session}),)

    def audio(self, pcm: bytes) -> str:
        return f'{{"type":"input_audio_buffer.append","audio":"{b64encode(ulaw_encoded(pcm)).decode()}"}}'

    def ending(self, ended: Utterance, utterances: Utterances) -> Sequence[str]:
        assert ended.end is not None
        if ended.end - ended.start < LEAST_MS * NARROW_HZ // 1_000:
            utterances.settle(ended)
            return ('{"type":"input_audio_buffer.clear"}',)
        if ended not in self._items.values():
            self._committed.append(ended)
        return (_text({"type": "input_audio_buffer.commit", "event_id": f"commit_{ended.number}"}),)

    def take(self, message: dict[str, Any], utterances: Utterances) -> None:
        match type_of(message):
            case "input_audio_buffer.committed":
                self._of(msgspec.convert(message, _Transcribed).item_id, utterances)
            case "conversation.item.input_audio_transcription.delta":
                piece = msgspec.convert(message, _Transcribed)
                if (one := self._of(piece.item_id, utterances)) is not None:
                    one.draft += piece.delta or ""
                    utterances.show(one)
            case "conversation.item.input_audio_transcription.completed":
                whole = msgspec.convert(message, _Transcribed)
                self._finish(whole.item_id, whole.transcript or "", utterances)
            case "conversation.item.input_audio_transcription.failed":
                broken = msgspec.convert(message, _Failed)
                self._raise_if_worth_a_retry(broken.error)
                self._finish(broken.item_id, "", utterances)
            case "error":
                self._refused(msgspec.convert(message, _Error).error, utterances)
            case _:
                pass

    def _of(self, item: str, utterances: Utterances) -> Utterance | None:
        """The utterance of an item; an item that is new belongs to the oldest that has none."""
        if item not in self._items:
            one = self._committed.popleft() if self._committed else utterances.open
            if one is None:
                return None
            self._items[item] = one
        return self._items[item]

    def _finish(self, item: str, text: str, utterances: Utterances) -> None:
        one = self._of(item, utterances)
        if one is not None and one.end is not None:
            one.draft = text.strip()
            utterances.settle(one)
            del self._items[item]

    def _raise_if_worth_a_retry(self, problem: _Problem) -> None:
        """An utterance that another try may understand is not given up; one that is at fault itself is."""
        if "server_error" in (problem.type, problem.code):
            raise failed(PROVIDER, "internal", "transcription failed", retryable=True)
        if problem.code == "rate_limit_exceeded":
            raise failed(PROVIDER, "limited", "transcription failed", retryable=True)
        if problem.code in NO_MONEY_LEFT:
            raise failed(PROVIDER, "limited", "transcription failed")

    def _refused(self, problem: _Problem, utterances: Utterances) -> None:
        """A commit that was refused leaves one utterance without words; anything else the session."""
        self._raise_if_worth_a_retry(problem)
        refused = next((one for one in self._committed if problem.event_id == f"commit_{one.number}"), None)
        if refused is None:
            raise failed(PROVIDER, "refused", "an error in the session")
        self._committed.remove(refused)
        utterances.settle(refused)


def _text(message: object) -> str:
    return msgspec.json.encode(message).decode()
