"""A call that stays what it is. Rule: whoever is at its far end moves neither it nor us."""

from typing import Any

import pjsua2 as pj

from telephony.sip.line_call import LineCall


class StaidCall(LineCall):
    """It declines to call others, to be replaced, and to go elsewhere."""

    def __init__(self, account: Any, call_id: int) -> None:
        super().__init__(account, call_id)
        self._moved = 0  # the 3xx that we do not follow

    def onCallTransferRequest(self, request: Any) -> None:  # noqa: N802
        """Nobody who calls us makes us call others."""
        request.statusCode = pj.PJSIP_SC_DECLINE

    def onCallReplaceRequest(self, request: Any) -> None:  # noqa: N802
        """Nobody takes another's place in a call."""
        request.statusCode = pj.PJSIP_SC_DECLINE

    def onCallRedirected(self, redirection: Any) -> int:  # noqa: N802
        """Calls go where they were meant to go; pjsip itself would say 487."""
        self._moved = int(redirection.e.body.tsxState.tsx.statusCode)
        return int(pj.PJSIP_REDIRECT_STOP)
