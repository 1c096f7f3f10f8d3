"""What a call leaves behind: a stereo recording and a transcript as JSON lines. Rule: a full disk ends no call.

The recording holds the caller on the left and the agent on the right, 8 kHz, sample by sample as the bridge's clock
paired them. The transcript has one line per item: who spoke, the words, and what of an agent's words was heard, so that
an agent's line is written when this is known.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Literal

import msgspec
import structlog

from pipeline.realtime.events import (
    DtmfReceived,
    ItemDone,
    ItemTruncated,
    OutputItemAdded,
    PlayoutStarted,
    PlayoutStopped,
    ServerEvent,
    SpeechStarted,
    TranscriptCompleted,
)
from pipeline.realtime.items import MessageItem, OutputAudio
from telephony.recording_formats import Sink, opened

log = structlog.get_logger()


class StereoRecording:
    """One file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lost = False
        """Not all of it could be written."""
        self._file: Sink | None = None

    def __enter__(self) -> "StereoRecording":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = opened(self.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._close()
        except OSError as problem:
            self._tell(problem)

    def write(self, stereo: bytes) -> None:
        """Append interleaved PCM16; blocks for as long as the disk does."""
        if self._file is None or not stereo:
            return
        try:
            self._file.write(stereo)
        except OSError as problem:
            with suppress(OSError):  # for want of room, like the write
                self._close()
            self._tell(problem)

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _tell(self, problem: OSError) -> None:
        self.lost = True
        remedy = "free the disk; what was written until then lies there"
        log.error("recording_lost", path=str(self.path), problem=problem.strerror, remedy=remedy)


class Line(msgspec.Struct, omit_defaults=True):
    """One line of the transcript. `at_ms` counts from the answer; without `heard_ms` all words were heard."""

    who: Literal["caller", "agent", "digit"]
    text: str
    item_id: str | None = None
    at_ms: int | None = None
    heard_ms: int | None = None


class TranscriptLog:
    """Writes what was said, as the session's events tell it."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self._clock = clock
        self._began_s = clock()
        self._file: TextIOWrapper | None = None
        self._heard_from_ms: dict[str, int] = {}
        self._sounding_from_ms: dict[str, int] = {}  # by response
        self._response_of: dict[str, str] = {}  # by item
        self._cut_ms: dict[str, int] = {}
        self._unsettled: dict[str, Line] = {}
        self._heard_out: set[str] = set()  # responses

    def __enter__(self) -> "TranscriptLog":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w", encoding="utf-8")
        self._began_s = self._clock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for item_id in list(self._unsettled):
            self._settle(item_id)
        if self._file is not None:
            self._file.close()

    def observe(self, event: ServerEvent) -> None:
        """Take one event of the session."""
        match event:
            case SpeechStarted(item_id=item_id, audio_start_ms=start_ms):
                self._heard_from_ms[item_id] = start_ms
            case TranscriptCompleted(item_id=item_id, transcript=words):
                self._write(Line("caller", words, item_id, self._heard_from_ms.pop(item_id, self._now_ms())))
            case OutputItemAdded(response_id=response_id, item=MessageItem(id=item_id)):
                self._response_of[item_id] = response_id
            case ItemDone(item=MessageItem(role="assistant", id=item_id, content=(OutputAudio(words),))):
                self._said(Line("agent", words.strip(), item_id))
            case PlayoutStarted(response_id=response_id):
                self._sounding_from_ms.setdefault(response_id, self._now_ms())
            case PlayoutStopped(response_id=response_id):
                self._heard_out.add(response_id)
                for item_id in [each for each in self._unsettled if self._response_of.get(each) == response_id]:
                    self._settle(item_id)
            case ItemTruncated(item_id=item_id, audio_end_ms=heard_ms):
                self._cut_ms[item_id] = heard_ms
                self._settle(item_id)
            case DtmfReceived(event=digit):
                self._write(Line("digit", digit, at_ms=self._now_ms()))
            case _:
                pass

    def _said(self, line: Line) -> None:
        """An agent's words are final; what was heard of them may be known already, or only later."""
        assert line.item_id is not None
        response_id = self._response_of.get(line.item_id)
        line.at_ms = self._now_ms()
        self._unsettled[line.item_id] = line
        if response_id is None or response_id in self._heard_out or line.item_id in self._cut_ms:
            self._settle(line.item_id)

    def _settle(self, item_id: str) -> None:
        """Write an agent's line, once; nothing when its words are not final."""
        line = self._unsettled.pop(item_id, None)
        if line is not None:
            line.heard_ms = self._cut_ms.pop(item_id, None)
            line.at_ms = self._sounding_from_ms.get(self._response_of.pop(item_id, ""), line.at_ms)
            self._write(line)

    def _now_ms(self) -> int:
        return int((self._clock() - self._began_s) * 1_000)

    def _write(self, line: Line) -> None:
        if self._file is None:
            return
        try:
            self._file.write(msgspec.json.encode(line).decode() + "\n")
            self._file.flush()
        except OSError as problem:
            self._file = None
            log.error("transcript_lost", path=str(self.path), problem=problem.strerror, remedy="free the disk")


class CallFiles:
    """A call's recording and transcript. They open, grow and close in threads: one act at a time, each to its end."""

    def __init__(self, path: Path) -> None:
        """`path` is the recording's; the transcript lies beside it."""
        self.path = path
        self._recording = StereoRecording(path)
        self._transcript = TranscriptLog(path.with_suffix(".jsonl"))
        self._files = ExitStack()
        self._turn = asyncio.Lock()
        self._opened = False
        self._early: list[ServerEvent] = []
        self._last = b""

    @property
    def lost(self) -> bool:
        """Not all of the recording could be written."""
        return self._recording.lost

    async def open(self) -> None:
        """Create both; raises OSError."""
        await self._do(self._enter)
        self._catch_up()

    def observe(self, event: ServerEvent) -> None:
        """Take one event of the session; those that come before the transcript is open wait for it."""
        if self._opened:
            self._catch_up()
            self._transcript.observe(event)
        else:
            self._early.append(event)

    async def write(self, stereo: bytes) -> None:
        """Append interleaved PCM16; it is written also when nobody waits for it any more."""
        kept, self._last = self._last, b""
        await self._do(self._recording.write, kept + stereo)

    def keep(self, stereo: bytes) -> None:
        """More of it, to be written with what is written next, or when the files are closed."""
        self._last += stereo

    async def close(self) -> None:
        """Write what is left and close both; nothing is observed afterwards."""
        await self._do(self._leave)

    async def _do(self, act: Callable[..., None], *given: bytes) -> None:
        await asyncio.shield(asyncio.create_task(self._in_turn(act, *given)))

    async def _in_turn(self, act: Callable[..., None], *given: bytes) -> None:
        async with self._turn:
            await asyncio.to_thread(act, *given)

    def _enter(self) -> None:
        with ExitStack() as opening:
            opening.enter_context(self._recording)
            opening.enter_context(self._transcript)
            self._files = opening.pop_all()
        self._opened = True

    def _leave(self) -> None:
        with self._files:
            if self._opened:
                self._catch_up()
            self._recording.write(self._last)

    def _catch_up(self) -> None:
        early, self._early = self._early, []
        for event in early:
            self._transcript.observe(event)
