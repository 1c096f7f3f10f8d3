"""Human speech: Debian's Asterisk prompts, whole and cut in mid-phrase. Rule: their audio stays in the user's cache.

The prompts were spoken by Allison Smith and are licensed CC BY-SA 3.0. A prompt counts when its text is a sentence of
three words or more. It is cut where one word follows the other without a pause. Whole and cut ones are faded out over
the same 20 ms and followed by the same silence, so that nothing but the speech tells them apart. Prompts that end in
the same words are in the same half.
"""

import gzip
import re
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.audio import NARROW_HZ
from pipeline.providers.sphinx.words import spoken_words
from telephony.bench.turns.aligning import Aligned, aligned
from telephony.bench.turns.corpus import HALVES, Half
from telephony.bench.turns.kept import Kept
from telephony.bench.turns.sound import PER_MS, Sound, generator, over_the_telephone, silence, trimmed

PACKAGES = ("asterisk-core-sounds-en-wav", "asterisk-core-sounds-en")
SOUNDS = "usr/share/asterisk/sounds/en_US_f_Allison"
TEXTS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
LICENCE = "usr/share/doc/asterisk-core-sounds-en-wav/copyright"
SENTENCE = re.compile(r"[^\[<(*#@]*[^.\[<(*#@][.!?]")
LEAST_WORDS = 3
LONGEST_MS = 30_000
CUTS = 3
LEAST_BEFORE_CUT_MS = 500
LEAD_MS = 100
FADE_MS = 20
TAIL_MS = 200


class PromptsMissingError(Exception):
    """The prompts cannot be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt with its text."""

    name: str
    text: str
    sound: Sound

    @property
    def half(self) -> Half:
        """Which half it belongs to."""
        return HALVES[int(generator(*spoken_words(self.text)[-LEAST_WORDS:]).integers(len(HALVES)))]


@dataclass(frozen=True, slots=True)
class Take:
    """PCM16 at 8 kHz, with TAIL_MS of silence at its end, and its words."""

    prompt: str
    whole: bool
    words: str
    pcm: bytes


def taken(folder: Path) -> list[Prompt]:
    """The prompts, from Debian's packages, which are fetched into the folder unless they are there.

    Raises PromptsMissingError.
    """
    if not (folder / LICENCE).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _fetch(folder)
    lines = gzip.decompress((folder / TEXTS).read_bytes()).decode("utf-8", "replace").splitlines()
    texts = dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith(";"))
    return list(_sentences({name: text.strip() for name, text in texts.items()}, folder / SOUNDS))


def _fetch(folder: Path) -> None:
    for package in PACKAGES:
        for command in (["apt-get", "download", "-q", package], ["sh", "-c", f"dpkg-deb -x {package}_*.deb ."]):
            try:
                subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True)
            except FileNotFoundError:
                raise PromptsMissingError(f"there is no {command[0]} here to fetch {package} with") from None
            except subprocess.CalledProcessError as fault:
                why = (fault.stderr.strip().splitlines() or ["no reason given"])[-1]
                raise PromptsMissingError(f"no Debian package {package} (try apt-get update): {why}") from None
    for unpacked in folder.glob("*.deb"):
        unpacked.unlink()


def _sentences(texts: dict[str, str], sounds: Path) -> Iterator[Prompt]:
    for name, text in sorted(texts.items()):
        file = sounds / f"{name}.wav"
        if SENTENCE.fullmatch(text) and len(text.split()) >= LEAST_WORDS and file.is_file():
            with wave.open(str(file)) as recorded:
                samples = np.frombuffer(recorded.readframes(recorded.getnframes()), dtype="<i2")
            if len(samples) <= LONGEST_MS * PER_MS:
                yield Prompt(name, text, trimmed(samples.astype(np.float64)))


def takes(prompt: Prompt, kept: Kept) -> list[Take]:
    """The prompt whole, and what is left of it when it is cut at CUTS places at most; none if its text does not fit."""
    words = spoken_words(prompt.text)
    pcm = np.rint(prompt.sound).astype("<i2").tobytes()
    found = kept.recalled(("aligned", pcm, " ".join(words)), lambda: aligned(pcm, words))
    if found is None:
        return []
    spoken = [Aligned(*word) for word in found]
    rng = generator(prompt.name)
    places = rng.permutation([place for place in range(1, len(spoken) - 1) if _runs_on(spoken, place)])[:CUTS]
    whole = [(len(prompt.sound) // PER_MS, len(spoken), True)]
    cut = [(spoken[place].end_ms, int(place) + 1, False) for place in sorted(places)]
    return [
        Take(prompt.name, is_whole, " ".join(word.word for word in spoken[:count]), _faded(prompt.sound, end_ms, rng))
        for end_ms, count, is_whole in whole + cut
    ]


def _runs_on(spoken: list[Aligned], place: int) -> bool:
    """Whether the next word follows this one without a pause."""
    end_ms = spoken[place].end_ms
    return end_ms >= LEAST_BEFORE_CUT_MS and spoken[place + 1].begin_ms == end_ms


def _faded(sound: Sound, end_ms: int, rng: np.random.Generator) -> bytes:
    said = sound[: end_ms * PER_MS].copy()
    fade = FADE_MS * NARROW_HZ // 1_000
    said[-fade:] *= np.linspace(1, 0, fade)
    return over_the_telephone(np.concatenate((silence(LEAD_MS), said, silence(TAIL_MS))), None, 0, rng)
