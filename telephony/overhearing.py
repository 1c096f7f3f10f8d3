"""Who else listens to a caller's audio on its way to the worker. Rule: nothing is read twice, kept or delayed."""

from collections.abc import Callable

from pipeline.audio import Frame, Speech
from telephony.leg import LegAudio

Listener = Callable[[Frame], None]


class Overheard:
    """A leg's audio as the worker needs it (`pipeline.worker.Line`); each frame read is given to the listener too."""

    def __init__(self, audio: LegAudio, listener: Listener) -> None:
        self._audio = audio
        self._listener = listener

    @property
    def played_ms(self) -> int:
        """Agent audio that really left since the answer."""
        return self._audio.played_ms

    @property
    def queued_ms(self) -> int:
        """Agent audio that has not left yet."""
        return self._audio.queued_ms

    def read(self) -> list[Frame]:
        """Caller audio since the last read, 20 ms each."""
        frames = self._audio.read()
        for frame in frames:
            self._listener(frame)
        return frames

    def play(self, speech: Speech) -> None:
        """Queue it behind what is queued."""
        self._audio.play(speech)

    def pause(self) -> None:
        """Hold what has not left."""
        self._audio.pause()

    def resume(self) -> None:
        """Go on where it paused."""
        self._audio.resume()

    def flush(self) -> int:
        """Drop what has not left, paused or not; returns its length in ms."""
        return self._audio.flush()
