"""A WebSocket client as the line of a worker. Rule: audio is worked off in slices, so a burst delays nobody else.

A client may send audio faster than it is heard, 24 MiB in one event; and it plays what it is sent by itself. How much
of it has been heard is therefore an estimate: what a client that plays at once would have played by now.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from pipeline.audio import Frame, Speech, speech_ms
from pipeline.making import AHEAD_MS
from pipeline.providers import VoiceActivity
from pipeline.realtime.config import Format
from telephony.control.wire_audio import CallerAudio

SLICE_FRAMES: Final = 4
BEAT_S: Final = 0.01


class Beat:
    """Lets lines look together, so that their frames are scored in one run of the model. Makes nobody wait longer."""

    def __init__(self) -> None:
        self._looks: list[Callable[[], None]] = []

    def soon(self, look: Callable[[], None]) -> None:
        """Call it with the others that came since the last beat, BEAT_S from the first of them at most."""
        if not self._looks:
            asyncio.get_running_loop().call_later(BEAT_S, self._strike)
        self._looks.append(look)

    def _strike(self) -> None:
        looks, self._looks = self._looks, []
        for look in looks:
            look()


class PlayedEstimate:
    """What a client has played, if it plays everything at once and in real time. Monotone."""

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._since_ms = now_ms()
        self._played_ms = 0.0
        self._queued_ms = 0.0

    @property
    def ms(self) -> int:
        """Played by now."""
        self._settle()
        return int(self._played_ms)

    def queue(self, ms: float) -> None:
        """The client has been sent so much more."""
        self._settle()
        self._queued_ms += ms

    def flush(self) -> int:
        """The client plays nothing of what is left; returns how much that was."""
        self._settle()
        left_ms, self._queued_ms = self._queued_ms, 0.0
        return round(left_ms)

    def _settle(self) -> None:
        now_ms = self._now_ms()
        passed_ms = min(now_ms - self._since_ms, self._queued_ms)
        self._since_ms = now_ms
        self._played_ms += passed_ms
        self._queued_ms -= passed_ms


class ClientLine:
    """One client's audio (`pipeline.worker.Line`)."""

    def __init__(
        self,
        wire: Format,
        beat: Beat,
        *,
        now_ms: Callable[[], float],
        behind: Callable[[], bool],
        keep: Callable[[Frame], None],
    ) -> None:
        """`behind`: the client does not take what it is sent, so voices wait. `keep` sees every frame of the caller."""
        self._beat = beat
        self._caller = CallerAudio(wire)
        self._played = PlayedEstimate(now_ms)
        self._behind = behind
        self._keep = keep
        self._wake: Callable[[], None] | None = None
        self._woken = False
        self._beating = False
        self._unscored = 0
        self._caught_up: asyncio.Future[None] | None = None

    def on_audio(self, wake: Callable[[], None]) -> None:
        """Call `wake` on the event loop whenever there is something to do."""
        self._wake = wake

    def scored_by(self, activity: VoiceActivity) -> VoiceActivity:
        """The same detector; the line knows which frames it has not answered yet."""
        return _Counted(activity, self)

    def take(self, raw: bytes) -> None:
        """The client's next bytes."""
        self._caller.take(raw)
        if self._caller.crowded(SLICE_FRAMES):
            self.stir()
        elif self._caller.waiting and not self._beating:
            self._beating = True
            self._beat.soon(self._on_beat)

    def configure(self, wire: Format) -> None:
        """What the client sends from now on is in this format."""
        self._caller = CallerAudio(wire)

    def forget(self) -> None:
        """Less than a frame that waits for more will not be heard."""
        self._caller.drop()

    def stir(self) -> None:
        """Have the worker look at the line soon."""
        if not self._woken:
            self._woken = True
            asyncio.get_running_loop().call_soon(self._look)

    @property
    def busy(self) -> bool:
        """True while the worker has not been given every frame, with its score."""
        return self._unscored > 0 or self._caller.waiting

    async def caught_up(self) -> None:
        """Wait until it has."""
        if self._caller.waiting:
            self.stir()
        while self.busy:
            self._caught_up = asyncio.get_running_loop().create_future()
            await self._caught_up

    @property
    def played_ms(self) -> int:
        """Agent audio that the client has played, as far as we can tell."""
        return self._played.ms

    @property
    def queued_ms(self) -> int:
        """Clients like audio early, and are given it as it is made; one that does not take it makes voices wait."""
        return AHEAD_MS if self._behind() else 0

    def read(self) -> list[Frame]:
        """The next slice of caller audio."""
        frames = list(self._caller.frames(SLICE_FRAMES))
        for frame in frames:
            self._keep(frame)
        if self._caller.waiting:
            self.stir()
        elif not frames:
            self._settle()
        return frames

    def play(self, speech: Speech) -> None:
        """The client has been sent this."""
        self._played.queue(speech_ms(speech))
        self.stir()

    def pause(self) -> None:
        """Nobody asks: a client stops playing by itself when it is told that the caller speaks."""

    def resume(self) -> None:
        """Nobody asks either."""

    def flush(self) -> int:
        """The client stops playing."""
        return self._played.flush()

    def asked(self) -> None:
        """A frame is with the detector."""
        self._unscored += 1

    def answered(self) -> None:
        """A frame has its score, and the worker has both."""
        self._unscored -= 1
        self._settle()

    def _on_beat(self) -> None:
        self._beating = False
        if self._wake is not None and not self._woken:
            self._wake()

    def _look(self) -> None:
        self._woken = False
        if self._wake is not None:
            self._wake()

    def _settle(self) -> None:
        if self._caught_up is not None and not self._caught_up.done() and not self.busy:
            self._caught_up.set_result(None)


class _Counted:
    """A detector whose open questions are counted."""

    def __init__(self, activity: VoiceActivity, line: ClientLine) -> None:
        self._activity = activity
        self._line = line

    def hear(self, frame: Frame, scored: Callable[[float], None]) -> None:
        """Score a frame."""

        def and_count(score: float) -> None:
            scored(score)
            self._line.answered()

        self._line.asked()
        self._activity.hear(frame, and_count)
