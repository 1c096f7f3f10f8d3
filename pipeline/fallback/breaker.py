"""A provider's circuit breaker. Rule: pure; times are ms of a monotonic clock and arrive as arguments.

Closed, it lets everything through. After FAILURES in a row it opens and the provider rests; a single one may be the
fault of who asked. When the rest is over, one request may probe it: success closes it, failure doubles the rest. What
fails during the rest was asked before it, or for want of anybody else, and tells nothing new.
"""

FAILURES = 3
REST_MS = 10_000.0
LONGEST_REST_MS = 300_000.0


class Breaker:
    """One provider's, shared by every call of the process."""

    def __init__(self, rest_ms: float = REST_MS) -> None:
        self._first_rest_ms = self._rest_ms = rest_ms
        self._failures = 0
        self._rests_until_ms: float | None = None
        self._probed_ms: float | None = None

    @property
    def resting(self) -> bool:
        """True from the failure that opened it until a request works again."""
        return self._rests_until_ms is not None

    def lets_through(self, now_ms: float) -> bool:
        """Whether a request may be made now; a probe that is never answered does not block the next one for ever."""
        if self._rests_until_ms is None:
            return True
        probed_lately = self._probed_ms is not None and now_ms - self._probed_ms < self._first_rest_ms
        return now_ms >= self._rests_until_ms and not probed_lately

    def asked(self, now_ms: float) -> None:
        """A request is made; after a rest it is the probe."""
        if self._rests_until_ms is not None and now_ms >= self._rests_until_ms:
            self._probed_ms = now_ms

    def worked(self) -> None:
        """A request was answered."""
        self._failures = 0
        self._rests_until_ms = self._probed_ms = None
        self._rest_ms = self._first_rest_ms

    def failed(self, now_ms: float) -> bool:
        """A request failed; returns True when this opened the breaker."""
        opened = self._rests_until_ms is None
        if self._rests_until_ms is None:
            self._failures += 1
            if self._failures < FAILURES:
                return False
        elif now_ms < self._rests_until_ms:
            return False
        else:
            self._rest_ms = min(2 * self._rest_ms, LONGEST_REST_MS)
        self._rests_until_ms, self._probed_ms = now_ms + self._rest_ms, None
        return opened
