"""A pjsua2 call that keeps to its line's settings. Rule: it shapes what the library does, and decides nothing.

A fault here leaves the library to do as it would.
"""

from functools import partial
from typing import Any, Final

import pjsua2 as pj

from telephony.line_settings import LineSettings
from telephony.sip.sdp import shaped
from telephony.sip.thread import contained

_PREFETCH: Final = 0.4  # of the longest that a frame may wait: how far the jitter buffer goes by itself


class LineCall(pj.Call):  # type: ignore[misc]
    """Codecs, packets and the jitter buffer are those of the account's line."""

    def __init__(self, account: Any, call_id: int) -> None:
        super().__init__(account, call_id)
        self._line: LineSettings = account.line

    def onCallSdpCreated(self, made: Any) -> None:  # noqa: N802, D102
        contained(partial(self._shape, made))

    def onStreamPreCreate(self, made: Any) -> None:  # noqa: N802, D102
        contained(partial(self._buffer, made.streamInfo))

    def _shape(self, made: Any) -> None:
        made.sdp.wholeSdp = shaped(made.sdp.wholeSdp, self._line.codecs, self._line.ptime_ms)

    def _buffer(self, stream: Any) -> None:
        least, most = self._line.jitter_min_ms, self._line.jitter_max_ms
        stream.jbInit = stream.jbMinPre = least
        stream.jbMaxPre = max(least, round(_PREFETCH * most))
        stream.jbMax = most
