"""RingPort <-> event loop: frames in; play, pause, flush, played position out. Rule: a leg's fault is its own.

The bridge ticks at 8 kHz, or at 16 kHz on a wideband node; audio crosses to and from the rates of the house here
(`telephony.media.line_rate`), in C++ and with the taps of `pipeline.audio`. One eventfd wakes the loop for every leg.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import pjsua2 as pj
import structlog

from pipeline.audio import FRAME_MS, SAMPLE_BYTES, Frame, Speech
from telephony.leg import Ambience
from telephony.media.ambience import player_of
from telephony.media.line_rate import LineRate, NarrowLine, WidebandLine, frame_bytes

_log = structlog.get_logger(__name__)

CAPTURE_S: Final = 1
PLAYOUT_S: Final = 2
RECORD_S: Final = 1  # what the loop may be late before a recording loses audio


class RingAudio:
    """A leg's audio on the event loop's side (`telephony.leg.LegAudio`): silent until joined, and after its end."""

    def __init__(self, line: LineRate, joined: dict["RingAudio", None]) -> None:
        self._line = line
        self._frame_bytes = frame_bytes(line)
        self._per_ms = line.clock_hz // 1_000
        self._joined = joined
        self._port: Any = None
        self._wake: Callable[[], None] | None = None
        self._failed: Callable[[Exception], None] | None = None
        self._ended = False
        self._recording = False
        self._heard = b""  # less than a frame
        self._waiting: deque[memoryview] = deque()
        self._waiting_samples = 0
        self._leaving = b""  # what the port has, or has played in ticks that are not read yet
        self._read_samples = 0
        self._played_samples = 0
        self._last_record = b""

    def join(self, port: Any) -> None:
        """The leg is answered: audio flows through this port from now on."""
        if not self._ended:
            self._port = port
            self._joined[self] = None
            port.set_recording(self._recording)
            self._top_up()

    def on_tick(self, wake: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        """Call `wake` at each tick from now on; if it raises, `failed` once and never again `wake`."""
        self._wake = wake
        self._failed = failed

    def tick(self) -> None:
        """The media clock has ticked."""
        try:
            self._top_up()
            if self._wake:
                self._wake()
        except Exception as fault:  # noqa: BLE001 - whatever it is, it belongs to one leg
            _log.exception("leg_audio_failed")
            self._wake = None
            if self._failed:
                self._failed(fault)

    def end(self) -> None:
        """The leg is over: let go of the port, keep the played position and the last of the recording."""
        if self._port:
            self._played_samples = self._port.played()
            self._last_record = bytes(self._port.read_record())
        self._port = None
        self._wake = None
        self._failed = None
        self._ended = True
        self._joined.pop(self, None)
        self._waiting.clear()
        self._waiting_samples = 0

    @property
    def played_ms(self) -> int:
        """Agent audio that really left since the answer; silence between chunks does not count."""
        samples = self._port.played() if self._port else self._played_samples
        return int(samples) // self._per_ms

    @property
    def queued_ms(self) -> int:
        """Audio accepted by play() that has not left yet; 0 only when all of it has."""
        return -(-self._queued_samples() // self._per_ms)

    def read(self) -> list[Frame]:
        """Caller audio since the last read, one Frame per 20 ms."""
        if not self._port:
            return []
        heard = self._heard + self._port.read()
        whole = len(heard) - len(heard) % self._frame_bytes
        self._heard = heard[whole:]
        starts = range(0, whole, self._frame_bytes)
        frames = (heard[start : start + self._frame_bytes] for start in starts)
        return [Frame(*self._line.heard(frame), self._left()) for frame in frames]

    def play(self, speech: Speech) -> None:
        """Queue it behind what is queued; any length."""
        if self._ended:
            return
        pcm = self._line.to_line(speech)
        self._waiting.append(memoryview(pcm))
        self._waiting_samples += len(pcm) // SAMPLE_BYTES
        self._top_up()

    def flush(self) -> int:
        """Drop what has not left; returns its length in ms. Takes effect within one tick."""
        samples = self._waiting_samples
        if self._port:
            unplayed = self._port.flush()
            samples += len(unplayed) // SAMPLE_BYTES
            self._leaving = self._leaving[: len(self._leaving) - len(unplayed)]
        self._waiting.clear()
        self._waiting_samples = 0
        self._line.reset()
        return -(-samples // self._per_ms)

    def pause(self) -> None:
        """Hold what has not left, from the next tick on, until resume() or flush()."""
        if self._port:
            self._port.pause()

    def resume(self) -> None:
        """Go on from the very sample."""
        if self._port:
            self._port.resume()

    def set_recording(self, on: bool) -> None:
        """Collect both sides for read_record() from now on, or stop it."""
        self._recording = on
        if self._port:
            self._port.set_recording(on)

    def read_record(self) -> bytes:
        """Stereo PCM16 8 kHz (caller left, agent right, same tick) since the last read, also once after the end."""
        if self._port:
            return self._line.recorded(bytes(self._port.read_record()))
        last, self._last_record = self._last_record, b""
        return self._line.recorded(last)

    def _left(self) -> bytes:
        """What left in the oldest tick that nobody has read: a frame, or less with silence after it, or nothing."""
        count = min(self._port.played() - self._read_samples, self._frame_bytes // SAMPLE_BYTES)
        self._read_samples += count
        left, self._leaving = self._leaving[: count * SAMPLE_BYTES], self._leaving[count * SAMPLE_BYTES :]
        return self._line.left(left.ljust(self._frame_bytes, b"\0")) if left else b""

    def _top_up(self) -> None:
        while self._waiting and self._port:
            chunk = self._waiting[0]
            taken = self._port.write(chunk)
            self._leaving += chunk[: taken * SAMPLE_BYTES]
            self._waiting_samples -= taken
            if taken * SAMPLE_BYTES < len(chunk):
                self._waiting[0] = chunk[taken * SAMPLE_BYTES :]
                return
            self._waiting.popleft()

    def _queued_samples(self) -> int:
        queued = self._waiting_samples
        if self._port:
            queued += self._port.written() - self._port.played() - self._port.flushed()
        return queued


class AudioBridge:
    """Wakes every joined leg when the media clock has ticked: one eventfd, one reader on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, wideband: bool = False) -> None:
        """`wideband` as the endpoint has it."""
        self._line = WidebandLine if wideband else NarrowLine
        self._line()  # its filters are designed before any call
        self._loop = loop
        self._wake: Any = pj.Wake()
        self._joined: dict[RingAudio, None] = {}
        self._players: dict[Ambience, Any] = {}
        loop.add_reader(self._wake.fileno(), self._serve)

    def __len__(self) -> int:
        return len(self._joined)

    def close(self) -> None:
        """Serve nobody any more."""
        self._loop.remove_reader(self._wake.fileno())
        self._wake = None
        self._joined.clear()

    def new_sound(self) -> RingAudio:
        """A leg's audio, silent until joined."""
        return RingAudio(self._line(), self._joined)

    def new_port(self) -> Any:
        """A RingPort of the bridge's own frame and rate. For the thread that owns pjsua2, here and when dropped."""
        clock_hz = self._line.clock_hz
        return pj.RingPort(
            self._wake,
            clock_hz=clock_hz,
            frame_samples=clock_hz * FRAME_MS // 1_000,
            capture_samples=clock_hz * CAPTURE_S,
            playout_samples=clock_hz * PLAYOUT_S,
            record_samples=clock_hz * RECORD_S,
        )

    def player(self, ambience: Ambience) -> Any:
        """An AudioMedia that plays this for ever, to as many as listen. For the thread that owns pjsua2."""
        if ambience not in self._players:
            self._players[ambience] = player_of(ambience)
        return self._players[ambience]

    def announcer(self, words: Ambience) -> Any:
        """An AudioMedia that plays this once, to who listens first. For the thread that owns pjsua2."""
        return player_of(words, once=True)

    def drop_players(self) -> None:
        """Let go of them all, before the library goes. For the thread that owns pjsua2."""
        self._players.clear()

    def _serve(self) -> None:
        self._wake.take()
        for sound in tuple(self._joined):
            sound.tick()
