"""A recording's file, in the format that its name says. Rule: stereo PCM16 at 8 kHz goes in; faults are OSErrors."""

import errno
import wave
from pathlib import Path
from typing import Final, Protocol

import soundfile

from pipeline.audio import NARROW_HZ, SAMPLE_BYTES

SIDES: Final = 2
MEDIA_TYPES: Final = {".wav": "audio/wav", ".opus": "audio/ogg"}


class Sink(Protocol):
    """An open file."""

    def write(self, stereo: bytes) -> None:
        """Append interleaved PCM16."""
        ...

    def close(self) -> None:
        """Nothing follows."""
        ...


def opened(path: Path) -> Sink:
    """A new file; raises OSError."""
    return _Opus(path) if path.suffix == ".opus" else _Wav(path)


class _Wav:
    """Complete after every write."""

    def __init__(self, path: Path) -> None:
        self._file = wave.open(str(path), "wb")  # noqa: SIM115 - who opens a Sink closes it
        self._file.setnchannels(SIDES)
        self._file.setsampwidth(SAMPLE_BYTES)
        self._file.setframerate(NARROW_HZ)

    def write(self, stereo: bytes) -> None:
        self._file.writeframes(stereo)

    def close(self) -> None:
        self._file.close()


class _Opus:
    """Opus in Ogg (RFC 7845); what came before a crash can be heard."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = soundfile.SoundFile(path, "w", NARROW_HZ, SIDES, format="OGG", subtype="OPUS")
        except soundfile.LibsndfileError as fault:
            raise _failed(fault) from None

    def write(self, stereo: bytes) -> None:
        try:
            self._file.buffer_write(stereo, "int16")
        except (soundfile.LibsndfileError, AssertionError) as fault:  # the latter when less was written
            raise _failed(fault) from None

    def close(self) -> None:
        try:
            self._file.close()
        except soundfile.LibsndfileError as fault:
            raise _failed(fault) from None


def _failed(fault: Exception) -> OSError:
    return OSError(errno.EIO, str(fault) or "not all of it could be written")
