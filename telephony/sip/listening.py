"""How one dialog is heard while it lasts. Rule: pure; audio that goes one way is told once."""

import structlog

from telephony.quality import Heard, Measured
from telephony.sip.rtp_silence import RtpSilence

_log = structlog.get_logger(__name__)


class Listening:
    """The latest figures of a dialog are `measured`, with who has been found to hear nobody."""

    def __init__(self) -> None:
        self.measured = Measured(Heard(), "")
        self._silence = RtpSilence()
        self._since_ms: float | None = None

    def silent_ms(self, heard: Heard | None, now_ms: float) -> float:
        """Take note of the figures, None while nothing is expected; returns how long nothing has come."""
        if heard is None:
            self._since_ms = None
            return self._silence.lasted_ms(None, now_ms)
        self._since_ms = now_ms if self._since_ms is None else self._since_ms
        who, told = heard.is_one_way((now_ms - self._since_ms) / 1_000), self.measured.one_way
        self.measured = Measured(heard, told or who)
        if who and not told:
            figures = {"received": heard.received, "sent": heard.sent}
            _log.warning("one_way_audio", who_hears_nobody=who, **figures, remedy=_REMEDY)
        return self._silence.lasted_ms(heard.received, now_ms)


_REMEDY = "look for a firewall or NAT between the far end and the RTP ports; see sip.public_address"
