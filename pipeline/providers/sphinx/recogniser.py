"""One pocketsphinx decoder behind one front end. Rule: in a worker process only: it holds the GIL."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pocketsphinx import Config, Decoder, get_model_path

from pipeline.providers.sphinx.domain import Domain
from pipeline.providers.sphinx.frontend import FrontEnd, Regressor

GENERAL_MODEL = "en-us/en-us.lm.bin"
GENERAL_DICTIONARY = "en-us/cmudict-en-us.dict"


def dictionary_lines() -> Iterator[str]:
    """The lines of the pronouncing dictionary in pocketsphinx's own wheel."""
    with Path(get_model_path(GENERAL_DICTIONARY)).open(encoding="utf-8") as file:
        yield from file


class Recogniser:
    """Hears one utterance after another; any call may use it, one at a time."""

    def __init__(self, domain: Domain | None, regressor: Regressor) -> None:
        """Without a domain it knows the language at large."""
        self._decoder = _decoder(domain)
        self._front_end = FrontEnd(regressor)
        self._cepstral_mean = ",".join(f"{value:.2f}" for value in regressor.cepstral_mean)
        self.new_caller()

    def new_caller(self) -> None:
        """Forget the voice and the line of the caller before."""
        self._decoder.set_cmn(self._cepstral_mean)

    def begin(self) -> None:
        """The audio that follows is a new utterance."""
        self._front_end.reset()
        self._decoder.start_utt()

    def feed(self, pcm: bytes) -> None:
        """Hear PCM16 at 8 kHz."""
        cepstra = self._front_end.feed(pcm)
        if cepstra:
            self._decoder.process_cep(cepstra, False, False)

    def partial(self) -> str:
        """The words so far."""
        heard = self._decoder.hyp()
        return "" if heard is None else _plain(heard.hypstr)

    def end(self) -> str:
        """The words of the whole utterance."""
        self._decoder.end_utt()
        return self.partial()


def _plain(text: str) -> str:
    return " ".join(word for word in text.split() if not word.startswith(("<", "[")))


def _decoder(domain: Domain | None) -> Decoder:
    options = {"hmm": get_model_path("en-us/en-us"), "loglevel": "FATAL", "fwdflat": False}
    if domain is None:
        return Decoder(Config(lm=get_model_path(GENERAL_MODEL), dict=get_model_path(GENERAL_DICTIONARY), **options))
    with tempfile.TemporaryDirectory(prefix="offhook-sphinx-") as folder:
        model, dictionary = Path(folder, "domain.lm"), Path(folder, "domain.dict")
        model.write_text(domain.arpa, encoding="ascii")
        dictionary.write_text(domain.dictionary, encoding="ascii")
        return Decoder(Config(lm=str(model), dict=str(dictionary), **options))
