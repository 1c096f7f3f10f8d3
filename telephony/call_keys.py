"""A call's keys, whether signalled or only heard. Rule: one press is one digit, whichever ways it comes."""

import time
from collections.abc import Callable

from pipeline.audio import Frame
from telephony.dtmf import KeyReports, KeySettings
from telephony.tones import ToneKeys


class CallKeys:
    """Gathers the reports of one call; `pressed` gets each digit."""

    def __init__(self, settings: KeySettings, pressed: Callable[[str], None]) -> None:
        self._tells_itself = settings.in_band == "auto"
        self._in_band = settings.in_band
        self._pressed = pressed
        self._reports = KeyReports()
        self._tones = ToneKeys()

    def answered(self, *, tells_keys: bool) -> None:
        """The far end has, or has not, agreed to tell its keys by telephone-event."""
        if self._tells_itself:
            self._in_band = "never" if tells_keys else "always"

    def signalled(self, key: str) -> None:
        """The far end reports a key."""
        if self._reports.reported(key, "rfc4733", time.monotonic() * 1_000):
            self._pressed(key)

    def hear(self, frame: Frame) -> None:
        """Caller audio, which may hold the tones of a key."""
        key = self._tones.hear(frame.narrow) if self._in_band == "always" else None
        if key is not None and self._reports.reported(key, "in_band", time.monotonic() * 1_000):
            self._pressed(key)
