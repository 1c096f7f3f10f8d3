"""Where each word of a known text lies in speech, by pocketsphinx behind our front end. Rule: English only."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pocketsphinx import Config, Decoder, get_model_path

from pipeline.providers.sphinx.dictionary import dictionary_text, pronunciations
from pipeline.providers.sphinx.frontend import FrontEnd, Regressor
from pipeline.providers.sphinx.recogniser import dictionary_lines

STEP_MS = 10
WIDE = {"beam": 1e-80, "wbeam": 1e-60, "pbeam": 1e-80}
"""The text is known, so nothing that fits it is given up on the way."""


class Aligned(NamedTuple):
    """A word and where it begins and ends."""

    word: str
    begin_ms: int
    end_ms: int


def aligned(pcm: bytes, words: Sequence[str]) -> list[Aligned] | None:
    """Where these words lie in PCM16 at 8 kHz; a word after a pause begins later than the one before ends.

    None when they are not what is said.
    """
    regressor = Regressor.read()
    with tempfile.TemporaryDirectory(prefix="offhook-align-") as folder:
        dictionary = Path(folder, "words.dict")
        dictionary.write_text(dictionary_text(pronunciations(words, dictionary_lines())), encoding="ascii")
        model = {"hmm": get_model_path("en-us/en-us"), "dict": str(dictionary)}
        decoder = Decoder(Config(loglevel="FATAL", fwdflat=False, bestpath=False, **model, **WIDE))
    decoder.set_cmn(",".join(f"{value:.2f}" for value in regressor.cepstral_mean))
    decoder.set_align_text(" ".join(words))
    decoder.start_utt()
    decoder.process_cep(FrontEnd(regressor).feed(pcm), False, True)
    decoder.end_utt()
    if decoder.hyp() is None:
        return None
    return [
        Aligned(part.word.partition("(")[0], part.start_frame * STEP_MS, (part.end_frame + 1) * STEP_MS)
        for part in decoder.seg()
        if part.word[0] not in "<["
    ]
