"""AssemblyAI's universal streaming (v3) as a SpeechToText. Rule: the protocol's words end here.

The vendor ends turns itself, and the call ends utterances: a turn that is open when one ends is ended with
ForceEndpoint. What is said belongs to the utterance in which its last word lies, by the time the vendor gives it.
The SDK is not used: it keeps a thread's habits (handlers, its own retries) on an event loop. Tests hold the local
server to it.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import msgspec

from pipeline.audio import NARROW_HZ, ulaw_encoded
from pipeline.providers import Access, Hearing, ProviderError, Reason
from pipeline.providers.socket import failed, url_of
from pipeline.providers.stream import Etiquette, streaming, type_of
from pipeline.providers.utterances import Utterance, Utterances, terms_of

PROVIDER: Final = "assemblyai"
VERSION: Final = "2025-05-12"
SILENT_S: Final = 1.5
# Frames of less than 50 ms are refused: what is held back is more than that.
LEAST_MS: Final = 60
WITH_ONE_LANGUAGE: Final = {"universal-streaming-english": "en"}

REASONS: Final[dict[int, tuple[Reason, bool]]] = {
    1013: ("internal", True),
    3005: ("internal", True),
    3008: ("unreachable", True),
    3009: ("limited", True),
    4002: ("limited", False),
    4003: ("limited", False),
    4008: ("unreachable", True),
    4029: ("limited", True),
    4031: ("unreachable", True),
    4102: ("limited", True),
}
"""What the vendor's codes mean; the others say that a request was wrong, and will be again."""


class AssemblyAI:
    """A SpeechToText: one of the streaming models, e.g. "universal-streaming-english" or "u3-rt-pro"."""

    def __init__(self, access: Access, model: str) -> None:
        self._access = access
        self._model = model

    def open(self, language: str | None, prompt: str | None) -> AbstractAsyncContextManager[Hearing]:
        """Connect for one call; `prompt` holds keyterms, one per line. Raises ProviderError for a language unknown."""
        query: list[tuple[str, object]] = [
            ("sample_rate", NARROW_HZ),
            ("encoding", "pcm_mulaw"),
            ("speech_model", self._model),
        ]
        spoken = (language or "").partition("-")[0].lower()
        only = WITH_ONE_LANGUAGE.get(self._model)
        if spoken and only and spoken != only:
            raise ProviderError(PROVIDER, "refused")
        if spoken and not only:
            query.append(("language_codes", msgspec.json.encode([spoken]).decode()))
        terms = terms_of(prompt)
        if terms:
            query.append(("keyterms_prompt", msgspec.json.encode(terms).decode()))
        url = url_of(self._access.base_url, "/v3/ws", query)
        headers = {"Authorization": self._access.api_key or "", "AssemblyAI-Version": VERSION}
        return streaming(self._access, url, headers, _Universal())


class _Word(msgspec.Struct):
    text: str
    end: int


class _Turn(msgspec.Struct):
    turn_order: int
    end_of_turn: bool
    transcript: str
    words: list[_Word]


class _Error(msgspec.Struct):
    error_code: int | None = None


class _Universal:
    """An utterance holds turns, as many as the vendor makes of it."""

    etiquette = Etiquette(PROVIDER, least_ms=LEAST_MS, silent_s=SILENT_S, closing='{"type":"Terminate"}')

    def __init__(self) -> None:
        self._over = -1

    def opening(self) -> Sequence[str]:
        return ()

    def audio(self, pcm: bytes) -> bytes:
        return ulaw_encoded(pcm)

    def ending(self, ended: Utterance, utterances: Utterances) -> Sequence[str]:
        if ended.said and not ended.draft:
            utterances.settle(ended)
            return ()
        return ('{"type":"ForceEndpoint"}',)

    def take(self, message: dict[str, Any], utterances: Utterances) -> None:
        kind = "Error" if "error" in message else type_of(message)
        if kind == "Error":
            code = msgspec.convert(message, _Error).error_code or 0
            reason, retryable = REASONS.get(code, ("refused", False))
            raise failed(PROVIDER, reason, f"error {code}", retryable=retryable)
        if kind == "Turn":
            turn = msgspec.convert(message, _Turn)
            one = utterances.at(turn.words[-1].end / 1_000) if turn.words else utterances.awaited
            if one is not None:
                self._heard(turn, one, utterances)

    def _heard(self, turn: _Turn, one: Utterance, utterances: Utterances) -> None:
        if not turn.end_of_turn:
            if one.said and not one.draft:
                utterances.judge(one, "goes_on")
            # Until the end, `transcript` lacks the words that may still change.
            one.draft = " ".join(word.text for word in turn.words)
            utterances.show(one)
        elif turn.turn_order == self._over and one.said:
            # The same turn once more, with its punctuation.
            one.said[-1] = turn.transcript
        else:
            self._over = turn.turn_order
            utterances.turn_over(one, turn.transcript)
