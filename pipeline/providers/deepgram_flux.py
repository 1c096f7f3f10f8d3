"""Deepgram's Flux (v2/listen), which judges turns itself, as a SpeechToText. Rule: the protocol's words end here.

Flux says when the caller may be done, goes on after all, and is done; the call still ends the utterance. When it does,
a turn that is open is ended with ForceEndTurn, which Flux ignores when there is none. A quiet line is kept open by the
socket's pings. For why the SDK is not used see `deepgram_nova`.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import msgspec

from pipeline.audio import NARROW_HZ, ulaw_encoded
from pipeline.providers import Access, Hearing, ProviderError
from pipeline.providers.socket import failed, url_of
from pipeline.providers.stream import Etiquette, streaming, type_of
from pipeline.providers.utterances import Utterance, Utterances, terms_of

PROVIDER: Final = "deepgram"
SILENT_S: Final = 1.5


class DeepgramFlux:
    """A SpeechToText: "flux-general-en", or "flux-general-multi", which takes the language for a hint.

    A lower `eager_threshold` gives "maybe_over" sooner and more often in vain; after `timeout_ms` of silence a turn is
    over in any case.
    """

    def __init__(
        self,
        access: Access,
        model: str,
        *,
        eager_threshold: float = 0.5,
        threshold: float = 0.7,
        timeout_ms: int = 5_000,
    ) -> None:
        self._access = access
        self._model = model
        self._judgement: list[tuple[str, object]] = [
            ("eager_eot_threshold", eager_threshold),
            ("eot_threshold", threshold),
            ("eot_timeout_ms", timeout_ms),
        ]

    def open(self, language: str | None, prompt: str | None) -> AbstractAsyncContextManager[Hearing]:
        """Connect for one call; `prompt` holds keyterms, one per line. Raises ProviderError for a language unknown."""
        query: list[tuple[str, object]] = [
            ("model", self._model),
            ("encoding", "mulaw"),
            ("sample_rate", NARROW_HZ),
            *self._judgement,
        ]
        if language:
            spoken = language.partition("-")[0].lower()
            if self._model.endswith("-multi"):
                query.append(("language_hint", spoken))
            elif not self._model.endswith(f"-{spoken}"):
                raise ProviderError(PROVIDER, "refused")
        query += [("keyterm", term) for term in terms_of(prompt)]
        url = url_of(self._access.base_url, "/v2/listen", query)
        headers = {"Authorization": f"Token {self._access.api_key}"}
        return streaming(self._access, url, headers, _Flux())


class _Judged(msgspec.Struct):
    event: str
    audio_window_end: float
    transcript: str


class _Error(msgspec.Struct):
    code: str


class _Flux:
    """An utterance holds turns: usually one, none when nothing was said, more when the call outlasts the turn."""

    # Eighty milliseconds are what the vendor advises.
    etiquette = Etiquette(PROVIDER, chunk_ms=80, silent_s=SILENT_S, closing='{"type":"CloseStream"}')

    def opening(self) -> Sequence[str]:
        return ()

    def audio(self, pcm: bytes) -> bytes:
        return ulaw_encoded(pcm)

    def ending(self, ended: Utterance, utterances: Utterances) -> Sequence[str]:
        if ended.said and not ended.draft:
            utterances.settle(ended)
        return ('{"type":"ForceEndTurn"}',)

    def take(self, message: dict[str, Any], utterances: Utterances) -> None:
        match type_of(message):
            case "TurnInfo":
                turn = msgspec.convert(message, _Judged)
                one = utterances.at(turn.audio_window_end)
                if one is not None:
                    self._heard(turn, one, utterances)
            case "Error":
                theirs = "INTERNAL" in msgspec.convert(message, _Error).code
                raise failed(PROVIDER, "internal" if theirs else "refused", "an error on the stream", retryable=theirs)
            case _:
                pass

    def _heard(self, turn: _Judged, one: Utterance, utterances: Utterances) -> None:
        if turn.event == "EndOfTurn":
            utterances.turn_over(one, turn.transcript)
            return
        one.draft = turn.transcript
        utterances.show(one)
        match turn.event:
            case "EagerEndOfTurn":
                utterances.judge(one, "maybe_over")
            case "TurnResumed":
                utterances.judge(one, "goes_on")
            case "StartOfTurn" if one.said:
                utterances.judge(one, "goes_on")
            case _:
                pass
