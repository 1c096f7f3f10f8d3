"""What signalling needs of the audio bridge. Rule: Protocols only; telephony.media makes them real."""

from collections.abc import Callable
from typing import Any, Protocol

from telephony.leg import Ambience, LegAudio


class LegSound(LegAudio, Protocol):
    """A leg's audio, which the leg joins to its port and ends."""

    def join(self, port: Any) -> None:
        """The leg is answered: audio flows through this port from now on."""
        ...

    def on_tick(self, wake: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        """Call `wake` at each tick of the media clock; if it raises, `failed` once and never again `wake`."""
        ...

    def end(self) -> None:
        """The leg is over: let go of the port."""
        ...

    def set_recording(self, on: bool) -> None:
        """Collect both sides for read_record() from now on, or stop it."""
        ...


class Bridge(Protocol):
    """Where legs get their audio."""

    def new_sound(self) -> LegSound:
        """A leg's audio, silent until joined; for the event loop."""
        ...

    def new_port(self) -> Any:
        """An AudioMedia that LegSound.join takes; for the SIP thread, there and when it is dropped."""
        ...

    def player(self, ambience: Ambience) -> Any:
        """An AudioMedia that plays this for ever, to as many as listen; for the SIP thread."""
        ...

    def announcer(self, words: Ambience) -> Any:
        """An AudioMedia that plays this once, from its beginning, to who listens first; for the SIP thread."""
        ...

    def drop_players(self) -> None:
        """Let go of them all, before the library goes; for the SIP thread."""
        ...
