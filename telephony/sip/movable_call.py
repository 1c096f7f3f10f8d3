"""A call whose far end may become another: whom it refers us to (RFC 3515), or who takes its place (RFC 3891).

Rule: callbacks ask, and the exchange decides; by itself a call goes nowhere.
"""

from functools import partial
from typing import Any

import pjsua2 as pj

from telephony.sip.line_call import LineCall
from telephony.sip.operator import Operator
from telephony.sip.thread import contained


class MovableCall(LineCall):
    """One that has a number at the exchange."""

    def __init__(self, account: Any, call_id: int, operator: Operator, number: int) -> None:
        super().__init__(account, call_id)
        self.account = account
        self.number = number
        self._operator = operator
        self._moved = 0  # the 3xx that we do not follow

    def onCallTransferRequest(self, request: Any) -> None:  # noqa: N802
        """Whom we call the exchange decides."""
        request.statusCode = pj.PJSIP_SC_INTERNAL_SERVER_ERROR
        contained(partial(self._refer, request))

    def onCallReplaceRequest(self, request: Any) -> None:  # noqa: N802
        """Who takes another's place the exchange decides."""
        request.statusCode = pj.PJSIP_SC_INTERNAL_SERVER_ERROR
        contained(partial(self._replace, request))

    def onCallReplaced(self, _replaced: Any) -> None:  # noqa: N802
        """The library answers whoever takes the far end's place, and then says BYE to the far end."""
        contained(partial(self._operator.successions.taken, self.number))

    def onCallRedirected(self, redirection: Any) -> int:  # noqa: N802
        """Calls go where they were meant to go; pjsip itself would say 487."""
        self._moved = int(redirection.e.body.tsxState.tsx.statusCode)
        return int(pj.PJSIP_REDIRECT_STOP)

    def _refer(self, request: Any) -> None:
        code, heir = self._operator.successions.referred(self.number, str(request.dstUri))
        _answer(request, code, heir)

    def _replace(self, request: Any) -> None:
        invite, source = str(request.rdata.wholeMsg), str(request.rdata.srcAddress)
        code, heir = self._operator.successions.replaced(self.number, invite, source.rpartition(":")[0])
        _answer(request, code, heir)


def _answer(request: Any, code: int, heir: Any) -> None:
    if heir is not None:
        request.newCall = heir
    request.statusCode = code
