"""How long no RTP has come. Rule: pure; on hold none is expected, so that time does not count."""


class RtpSilence:
    """One stream's silence, told from its count of packets received."""

    def __init__(self) -> None:
        self._packets: int | None = None
        self._since_ms: float | None = None

    def lasted_ms(self, packets: int | None, now_ms: float) -> float:
        """Time since the count last moved; `packets` is None while none are expected."""
        if packets is None or packets != self._packets or self._since_ms is None:
            self._packets = packets
            self._since_ms = now_ms
        return now_ms - self._since_ms
