"""What a call leaves behind: a stereo WAV and a transcript as JSON lines. Rule: a full disk ends no call.

The WAV holds the caller on the left and the agent on the right, 8 kHz, sample by sample as the bridge's clock paired
them. The transcript has one line per item: who spoke, the words, and what of an agent's words was heard.
"""

import wave
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Literal

import msgspec
import structlog

from pipeline.audio import NARROW_HZ, SAMPLE_BYTES
from pipeline.realtime.events import (
    DtmfReceived,
    ItemDone,
    ItemTruncated,
    ServerEvent,
    SpeechStarted,
    TranscriptCompleted,
)
from pipeline.realtime.items import MessageItem, OutputAudio

log = structlog.get_logger()


class StereoRecording:
    """One WAV file, complete after every write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._wav: wave.Wave_write | None = None

    def __enter__(self) -> "StereoRecording":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._wav = wave.open(str(self.path), "wb")
        self._wav.setnchannels(2)
        self._wav.setsampwidth(SAMPLE_BYTES)
        self._wav.setframerate(NARROW_HZ)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wav, self._wav = self._wav, None
        if wav is not None:
            try:
                wav.close()
            except OSError as problem:
                self._lost(problem)

    def write(self, stereo: bytes) -> None:
        """Append interleaved PCM16; blocks for as long as the disk does."""
        if self._wav is None or not stereo:
            return
        try:
            self._wav.writeframes(stereo)
        except OSError as problem:
            self._lost(problem)

    def _lost(self, problem: OSError) -> None:
        self._wav = None
        log.error("recording_lost", path=str(self.path), problem=problem.strerror, remedy="free the disk")


class Line(msgspec.Struct, omit_defaults=True):
    """One line of the transcript; `at_ms` counts caller audio since the answer."""

    who: Literal["caller", "agent", "digit"]
    text: str
    item_id: str | None = None
    at_ms: int | None = None
    heard_ms: int | None = None


class TranscriptLog:
    """Writes what was said, as the session's events tell it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIOWrapper | None = None
        self._began_ms: dict[str, int] = {}

    def __enter__(self) -> "TranscriptLog":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def observe(self, event: ServerEvent) -> None:
        """Take one event of the session."""
        match event:
            case SpeechStarted(item_id=item_id, audio_start_ms=start_ms):
                self._began_ms[item_id] = start_ms
            case TranscriptCompleted(item_id=item_id, transcript=words):
                self._write(Line("caller", words, item_id, self._began_ms.pop(item_id, None)))
            case ItemDone(item=MessageItem(role="assistant", id=item_id, content=(OutputAudio(words),))):
                self._write(Line("agent", words.strip(), item_id))
            case ItemTruncated(item_id=item_id, audio_end_ms=heard_ms):
                self._write(Line("agent", "", item_id, heard_ms=heard_ms))
            case DtmfReceived(event=digit):
                self._write(Line("digit", digit))
            case _:
                pass

    def _write(self, line: Line) -> None:
        if self._file is None:
            return
        try:
            self._file.write(msgspec.json.encode(line).decode() + "\n")
            self._file.flush()
        except OSError as problem:
            self._file = None
            log.error("transcript_lost", path=str(self.path), problem=problem.strerror, remedy="free the disk")
