"""Inworld's streaming recognisers as a SpeechToText. Rule: the protocol's words end here.

Not tried against the vendor itself: written from its documentation (the WebSocket transcription reference and the page
on turn detection), where two things are left open and taken so: every endTurn is answered with one final, possibly
empty; and results lie in an envelope, `result`, or bare.

The call ends the turns: the vendor's own detection is switched off by a threshold of 0. Its streams take PCM alone,
best at 16 kHz.
"""

from base64 import b64encode
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import msgspec

from pipeline.audio import NARROW_HZ, Resampler
from pipeline.providers import Access, Hearing, Reason
from pipeline.providers.socket import failed, url_of
from pipeline.providers.stream import Etiquette, streaming
from pipeline.providers.utterances import Utterance, Utterances, terms_of

PROVIDER: Final = "inworld"
STREAM_HZ: Final = 16_000
SILENT_S: Final = 2.0
# Longer than any call is quiet.
INACTIVITY_S: Final = 3_600
RESULTS: Final = frozenset(("result", "transcription", "speechStarted", "speechStopped", "usage", "voiceProfile"))

REASONS: Final[dict[int, tuple[Reason, bool]]] = {
    2: ("internal", True),
    4: ("stalled", True),
    8: ("limited", True),
    13: ("internal", True),
    14: ("internal", True),
}
"""gRPC's codes; the others say that a request was wrong, and will be again."""


class InworldStt:
    """A SpeechToText: one of Inworld's models, e.g. "inworld/inworld-stt-1"; the key is the one in Base64."""

    def __init__(self, access: Access, model: str) -> None:
        self._access = access
        self._model = model

    def open(self, language: str | None, prompt: str | None) -> AbstractAsyncContextManager[Hearing]:
        """Connect for one call; `prompt` holds terms to expect, one per line."""
        config: dict[str, object] = {
            "modelId": self._model,
            "audioEncoding": "LINEAR16",
            "sampleRateHertz": STREAM_HZ,
            "numberOfChannels": 1,
            "inactivityTimeoutSeconds": INACTIVITY_S,
        }
        if self._model.startswith("inworld/"):
            config["inworldSttV1Config"] = {"vadThreshold": 0}
        if language:
            config["language"] = language
        terms = terms_of(prompt)
        if terms:
            config["prompts"] = terms
        url = url_of(self._access.base_url, "/stt/v1/transcribe:streamBidirectional")
        headers = {"Authorization": f"Basic {self._access.api_key}"}
        return streaming(self._access, url, headers, _Inworld(config))


class _Transcription(msgspec.Struct):
    transcript: str = ""
    isFinal: bool = False  # noqa: N815


class _Result(msgspec.Struct):
    transcription: _Transcription | None = None


class _Problem(msgspec.Struct):
    code: int = 0


class _Inworld:
    """Turns are told apart by their order alone: one answer for each that was ended."""

    etiquette = Etiquette(PROVIDER, silent_s=SILENT_S, closing='{"closeStream":{}}')

    def __init__(self, config: dict[str, object]) -> None:
        self._config = config
        self._resampler = Resampler(NARROW_HZ, STREAM_HZ)
        self._asked: deque[Utterance] = deque()

    def opening(self) -> Sequence[str]:
        return (msgspec.json.encode({"transcribeConfig": self._config}).decode(),)

    def audio(self, pcm: bytes) -> str:
        return f'{{"audioChunk":{{"content":"{b64encode(self._resampler.process(pcm)).decode()}"}}}}'

    def ending(self, ended: Utterance, utterances: Utterances) -> Sequence[str]:
        self._resampler = Resampler(NARROW_HZ, STREAM_HZ)
        # Those that were given up will not be answered any more.
        self._asked = deque(one for one in self._asked if not one.settled)
        if ended.end == ended.start:
            utterances.settle(ended)
            return ()
        self._asked.append(ended)
        return ('{"endTurn":{}}',)

    def take(self, message: dict[str, Any], utterances: Utterances) -> None:
        if "error" in message or "code" in message:
            problem = msgspec.convert(message.get("error", message), _Problem)
            reason, retryable = REASONS.get(problem.code, ("refused", False))
            raise failed(PROVIDER, reason, f"error {problem.code}", retryable=retryable)
        if not RESULTS & message.keys():
            raise failed(PROVIDER, "malformed", "no result")
        heard = msgspec.convert(message.get("result", message), _Result).transcription
        if heard is not None:
            self._heard(heard, utterances)

    def _heard(self, heard: _Transcription, utterances: Utterances) -> None:
        text = heard.transcript.strip()
        answered = self._asked[0] if self._asked else None
        if heard.isFinal and answered is not None:
            self._asked.popleft()
            if not answered.settled:
                answered.draft = text
                utterances.settle(answered)
            return
        # Of several utterances nobody can say whose words these are.
        speaking = utterances.open
        heard_of = [one for one in (*self._asked, speaking) if one is not None and not one.settled]
        if len(heard_of) != 1:
            return
        one = heard_of[0]
        if heard.isFinal:
            one.said.append(text)
            one.draft = ""
        else:
            one.draft = text
        utterances.show(one)
