"""Deepgram's streaming recognisers (v1/listen, Nova) as a SpeechToText. Rule: the protocol's words end here.

The SDK is not used: its asynchronous client has no deadline for the connection, finds no half-open one, and spends
more on a message than the message is worth, on a deprecated WebSocket client. Tests hold the local server to it.

The vendor does not endpoint: the call does, and asks for the rest with Finalize, whose answer the vendor leaves out
when it holds no audio worth mentioning.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import msgspec

from pipeline.audio import NARROW_HZ, ulaw_encoded
from pipeline.providers import Access, Hearing
from pipeline.providers.socket import failed, url_of
from pipeline.providers.stream import Etiquette, streaming, type_of
from pipeline.providers.utterances import NEAR_MS, Utterance, Utterances, terms_of

PROVIDER: Final = "deepgram"
# It hangs up after ten seconds without a word.
KEEP_ALIVE_S: Final = 4.0
SILENT_S: Final = 2.0


class DeepgramNova:
    """A SpeechToText: one of Deepgram's models, e.g. "nova-3"."""

    def __init__(self, access: Access, model: str) -> None:
        self._access = access
        self._model = model

    def open(self, language: str | None, prompt: str | None) -> AbstractAsyncContextManager[Hearing]:
        """Connect for one call; `prompt` holds keyterms, one per line."""
        query: list[tuple[str, object]] = [
            ("model", self._model),
            ("encoding", "mulaw"),
            ("sample_rate", NARROW_HZ),
            ("channels", 1),
            ("interim_results", "true"),
            ("punctuate", "true"),
            ("endpointing", "false"),
        ]
        if language:
            query.append(("language", language))
        boosts = "keyterm" if self._model.startswith("nova-3") else "keywords"
        query += [(boosts, term) for term in terms_of(prompt)]
        url = url_of(self._access.base_url, "/v1/listen", query)
        headers = {"Authorization": f"Token {self._access.api_key}"}
        return streaming(self._access, url, headers, _Nova())


class _Alternative(msgspec.Struct):
    transcript: str


class _Channel(msgspec.Struct):
    alternatives: list[_Alternative]


class _Results(msgspec.Struct):
    start: float
    duration: float
    channel: _Channel
    is_final: bool = False
    from_finalize: bool = False


class _Nova:
    """Segments settle one after another; none reaches across a Finalize."""

    etiquette = Etiquette(
        PROVIDER,
        silent_s=SILENT_S,
        keep_alive='{"type":"KeepAlive"}',
        keep_alive_s=KEEP_ALIVE_S,
        closing='{"type":"CloseStream"}',
    )

    def opening(self) -> Sequence[str]:
        return ()

    def audio(self, pcm: bytes) -> bytes:
        return ulaw_encoded(pcm)

    def ending(self, ended: Utterance, utterances: Utterances) -> Sequence[str]:
        return ('{"type":"Finalize"}',)

    def take(self, message: dict[str, Any], utterances: Utterances) -> None:
        match type_of(message):
            case "Results":
                self._heard(msgspec.convert(message, _Results), utterances)
            case "Error":
                raise failed(PROVIDER, "refused", "an error on the stream")
            case _:
                pass

    def _heard(self, results: _Results, utterances: Utterances) -> None:
        one = utterances.at(results.start + results.duration / 2)
        if one is None:
            return
        text = results.channel.alternatives[0].transcript if results.channel.alternatives else ""
        one.draft = text
        if results.is_final:
            one.said.append(text)
            one.draft = ""
        reached = (results.start + results.duration) * NARROW_HZ + NEAR_MS * NARROW_HZ / 1_000
        complete = one.end is not None and results.is_final and reached >= one.end
        if one.end is not None and (results.from_finalize or complete):
            utterances.settle(one)
        else:
            utterances.show(one)
