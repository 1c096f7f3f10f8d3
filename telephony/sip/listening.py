"""How one dialog is heard while it lasts. Rule: pure; audio that goes one way is told once."""

import structlog

from telephony.quality import Heard, Measured
from telephony.sip.rtp_silence import RtpSilence

_log = structlog.get_logger(__name__)


class Listening:
    """The figures of a dialog's streams, one after another, and with them those of the dialog that it follows."""

    def __init__(self) -> None:
        self._elder: Listening | None = None
        self._before = self._latest = Heard()
        self._one_way = ""
        self._silence = RtpSilence()
        self._since_ms: float | None = None

    @property
    def measured(self) -> Measured:
        """All so far, with who has been found to hear nobody."""
        heard = self._before.and_then(self._latest)
        if self._elder is None:
            return Measured(heard, self._one_way)
        elder = self._elder.measured
        return Measured(elder.heard.and_then(heard), elder.one_way or self._one_way)

    def follow(self, elder: "Listening") -> None:
        """What another dialog heard, and still hears until it has ended, is part of the same call."""
        self._elder = elder

    def renewed(self) -> None:
        """The stream is over; the figures of the next begin at nothing."""
        self._before, self._latest, self._since_ms = self._before.and_then(self._latest), Heard(), None

    def silent_ms(self, heard: Heard | None, now_ms: float) -> float:
        """Take note of the figures, None while nothing is expected; returns how long nothing has come."""
        if heard is None:
            self._since_ms = None
            return self._silence.lasted_ms(None, now_ms)
        self._since_ms = now_ms if self._since_ms is None else self._since_ms
        self._latest = heard
        who = heard.is_one_way((now_ms - self._since_ms) / 1_000)
        if who and not self._one_way:
            self._one_way = who
            figures = {"received": heard.received, "sent": heard.sent}
            _log.warning("one_way_audio", who_hears_nobody=who, **figures, remedy=_REMEDY)
        return self._silence.lasted_ms(heard.received, now_ms)


_REMEDY = "look for a firewall or NAT between the far end and the RTP ports; see sip.public_address"
