"""The real parts that hear a caller: voice activity, the sound judge, the embedded recogniser. Rule: nothing waits.

What they hear depends on the audio alone, so it is worked out when it is wanted, and kept. That a judgement and a
partial transcript come later than what they are about is the player's business.
"""

import asyncio
import hashlib
import importlib.metadata
from pathlib import Path

from pipeline.audio import FRAME_MS, NARROW_HZ, Frame, bytes_of, frames_of
from pipeline.providers import ProviderError, smart_turn, smart_turn_model
from pipeline.providers.smart_turn import FILE, SmartTurn
from pipeline.providers.sphinx.frontend import WEIGHTS, Regressor
from pipeline.providers.sphinx.recogniser import Recogniser
from pipeline.providers.vad import Silero
from telephony.bench.turns.kept import Kept

FRAME_BYTES = bytes_of(FRAME_MS, NARROW_HZ)
UNHURRIED_S = 3_600.0

Said = tuple[tuple[int, str], ...]
"""Partial transcripts, each with the end, in ms, of the audio that it is the transcript of."""


class Ears:
    """One process's ears, for any number of callers."""

    def __init__(self, models_dir: Path, kept: Kept) -> None:
        """Raises ProviderError without a voice activity model."""
        self._silero = Silero(models_dir / "silero_vad.onnx")
        self._smart_turn = SmartTurn(models_dir, late_s=UNHURRIED_S)
        file = models_dir / FILE
        parts = (file, Path(smart_turn.__file__), Path(smart_turn_model.__file__))
        self._sound_judge = _digest(*parts) if file.is_file() else None
        self._recogniser: Recogniser | None = None
        self.kept = kept
        self._recogniser_is = f"{_digest(WEIGHTS)} {_version('pocketsphinx')}"

    @property
    def judges_sound(self) -> bool:
        """Whether the sound judge's model is on this machine."""
        return self._sound_judge is not None

    def caller(self, pcm: bytes) -> "Caller":
        """Somebody heard on a line, PCM16 at 8 kHz."""
        return Caller(self, pcm, self._silero)

    def finished(self, pcm: bytes) -> float:
        """The probability that who sounds like this has finished; raises ProviderError without the model."""
        if self._sound_judge is None:
            raise ProviderError("smart_turn", "unreachable")
        judged_by = ("sound", self._sound_judge, _version("onnxruntime"), pcm)
        return float(self.kept.recalled(judged_by, lambda: self._judged(pcm)))

    def _judged(self, pcm: bytes) -> float | None:
        return asyncio.run(self._smart_turn.finished(pcm))

    def understood(self, pcm: bytes) -> Said:
        """The embedded recogniser's partial transcripts, with its general model, whenever they change."""
        said = self.kept.recalled(("words", self._recogniser_is, pcm), lambda: self._recognised(pcm))
        return tuple((at_ms, text) for at_ms, text in said)

    def _recognised(self, pcm: bytes) -> list[tuple[int, str]]:
        if self._recogniser is None:
            self._recogniser = Recogniser(None, Regressor.read())
        recogniser, said, last = self._recogniser, [], ""
        recogniser.new_caller()
        recogniser.begin()
        for place, frame in enumerate(frames_of(pcm, FRAME_BYTES), 1):
            recogniser.feed(frame)
            if (text := recogniser.partial()) != last:
                said.append((place * FRAME_MS, text))
                last = text
        recogniser.end()
        return said


class Caller:
    """One line, heard as far as anybody wants to know."""

    def __init__(self, ears: Ears, pcm: bytes, silero: Silero) -> None:
        self._ears = ears
        self._pcm = pcm
        self._frames = frames_of(pcm, FRAME_BYTES)
        self._activity = silero.caller()
        self._scores: list[float] = []

    def score(self, place: int) -> float:
        """The speech score of this frame."""
        while len(self._scores) <= place:
            frame = next(self._frames)
            self._scores.append(self._activity.score(Frame(frame, bytes(3 * len(frame)))))
        return self._scores[place]

    @property
    def frames(self) -> int:
        """How many whole frames there are."""
        return len(self._pcm) // FRAME_BYTES

    def finished(self, begin_ms: int, at_ms: int) -> float:
        """How what was said in between sounds."""
        return self._ears.finished(self._between(begin_ms, at_ms))

    def understood(self, begin_ms: int, end_ms: int) -> Said:
        """What the embedded recogniser makes of it, with times on this line."""
        return tuple((begin_ms + at_ms, text) for at_ms, text in self._ears.understood(self._between(begin_ms, end_ms)))

    def _between(self, begin_ms: int, end_ms: int) -> bytes:
        return self._pcm[bytes_of(begin_ms, NARROW_HZ) : bytes_of(end_ms, NARROW_HZ)]


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _version(package: str) -> str:
    return importlib.metadata.version(package)
