"""Keys as a dialog sends and receives them. Rule: SIP thread only; one press received is one digit."""

import time
from typing import Any, Final

import pjsua2 as pj
import structlog

from telephony.dtmf import KEYS, KeyReports, Means
from telephony.leg import KeyMethod

_log = structlog.get_logger(__name__)

_DTMF_UPDATE: Final = 1  # PJMEDIA_STREAM_DTMF_IS_UPDATE: more of a key already told


class Keys:
    """One dialog's."""

    def __init__(self) -> None:
        self._reports = KeyReports()

    def received(self, event: Any) -> str | None:
        """The digit in a report of the library's, if it is a new press."""
        key = event.digit.upper()
        if event.flags & _DTMF_UPDATE or key not in KEYS:
            return None
        means: Means = "info" if event.method == pj.PJSUA_DTMF_METHOD_SIP_INFO else "rfc4733"
        return self._reports.reported(key, means, time.monotonic() * 1_000)


def press(call: Any, digits: str, method: KeyMethod) -> None:
    """Send them; `auto` is by RFC 4733, or by INFO where the far end has no telephone-event."""
    try:
        if method != "info":
            call.dialDtmf(digits)
            return
    except pj.Error as fault:
        if method != "auto":
            _log.warning("keys_not_sent", why=str(fault.reason))
            return
    keys = pj.CallSendDtmfParam()
    keys.method = pj.PJSUA_DTMF_METHOD_SIP_INFO
    keys.digits = digits
    call.sendDtmf(keys)
