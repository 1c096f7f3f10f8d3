"""`python -m pipeline.providers.sphinx.worker`, the recogniser's process. Rule: requests on stdin, reports on stdout.

It serves several calls, each with a recogniser of its own, in the order of their audio. It ends when stdin does, so a
parent that died leaves no process behind.
"""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.providers.sphinx.dictionary import UnpronounceableError
from pipeline.providers.sphinx.domain import Domain, domain_of
from pipeline.providers.sphinx.frontend import Regressor
from pipeline.providers.sphinx.recogniser import Recogniser, dictionary_lines
from pipeline.providers.sphinx.wire import (
    REQUESTS,
    Begin,
    Close,
    End,
    Feed,
    Heard,
    Lost,
    Open,
    Ready,
    Report,
    Request,
    Unpacker,
    Unpronounceable,
    packed,
)

READ_BYTES = 65_536
IDLE_RECOGNISERS = 8
KNOWN_DOMAINS = 32


@dataclass(slots=True)
class OpenHearing:
    """One call's recogniser and what its call was told."""

    prompt: str | None
    recogniser: Recogniser
    utterance: int | None = None
    told: str = ""
    fresh: bool = False


class OpenHearings:
    """Every open call's hearing.

    Recognisers of closed calls wait for the next call with the same prompt. What a prompt comes to is worked out once,
    from the `lines` of a dictionary: the other calls wait while that is done.
    """

    def __init__(self, report: Callable[[Report], None], lines: Callable[[], Iterable[str]] = dictionary_lines) -> None:
        self._report = report
        self._lines = lines
        self._domains: dict[str, Domain] = {}
        self._regressor = Regressor.read()
        self._open: dict[int, OpenHearing] = {}
        self._idle: list[tuple[str | None, Recogniser]] = []

    def obey(self, request: Request) -> None:
        """Do what one request asks; requests of a closed or lost hearing are left alone."""
        if isinstance(request, Open):
            self._open_hearing(request)
            return
        ear = self._open.get(request.hearing)
        if ear is None:
            return
        try:
            self._act(ear, request)
        except RuntimeError:  # pocketsphinx knows no other
            del self._open[request.hearing]
            self._report(Lost(request.hearing))

    def _act(self, ear: OpenHearing, request: Begin | Feed | End | Close) -> None:
        match request:
            case Begin(utterance=utterance):
                self._hush(ear)
                ear.recogniser.begin()
                ear.utterance, ear.told = utterance, ""
            case Feed(pcm=pcm) if ear.utterance is not None:
                ear.recogniser.feed(pcm)
                ear.fresh = True
            case End(hearing=hearing, utterance=utterance) if ear.utterance == utterance:
                self._report(Heard(hearing, utterance, self._hush(ear), final=True))
            case End(hearing=hearing, utterance=utterance):
                self._report(Heard(hearing, utterance, "", final=True))
            case Close(hearing=hearing):
                self._hush(ear)
                del self._open[hearing]
                self._idle = [*self._idle, (ear.prompt, ear.recogniser)][-IDLE_RECOGNISERS:]
            case Feed():
                pass

    def tell_partials(self) -> None:
        """Report the words of every utterance that grew since the last time."""
        for hearing, ear in self._open.items():
            if not ear.fresh or ear.utterance is None:
                continue
            ear.fresh = False
            text = ear.recogniser.partial()
            if text != ear.told:
                ear.told = text
                self._report(Heard(hearing, ear.utterance, text, final=False))

    def _hush(self, ear: OpenHearing) -> str:
        """Complete what is open, if anything is."""
        text = "" if ear.utterance is None else ear.recogniser.end()
        ear.utterance, ear.fresh = None, False
        return text

    def _open_hearing(self, request: Open) -> None:
        try:
            self._open[request.hearing] = OpenHearing(request.prompt, self._recogniser(request.prompt))
        except UnpronounceableError as refusal:
            self._report(Unpronounceable(request.hearing, refusal.words))
        except RuntimeError:
            self._report(Lost(request.hearing))
        else:
            self._report(Ready(request.hearing))

    def _recogniser(self, prompt: str | None) -> Recogniser:
        for at, (of, recogniser) in enumerate(self._idle):
            if of == prompt:
                del self._idle[at]
                recogniser.new_caller()
                return recogniser
        return Recogniser(None if prompt is None else self._domain(prompt), self._regressor)

    def _domain(self, prompt: str) -> Domain:
        domain = self._domains.pop(prompt, None) or domain_of(prompt, self._lines())
        if len(self._domains) >= KNOWN_DOMAINS:
            del self._domains[next(iter(self._domains))]  # the one that was not asked for the longest
        self._domains[prompt] = domain
        return domain


def main() -> None:
    """Serve until stdin ends."""
    reports = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no report

    def report(what: Report) -> None:
        reports.write(packed(what))

    hearings = OpenHearings(report)
    requests = Unpacker(REQUESTS)
    while arrived := os.read(sys.stdin.fileno(), READ_BYTES):
        for request in requests.feed(arrived):
            hearings.obey(request)
        hearings.tell_partials()
        reports.flush()


if __name__ == "__main__":
    main()
