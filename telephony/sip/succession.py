"""Which dialog follows which, by REFER or by INVITE with Replaces. Rule: who follows gets the leg's number.

So whoever holds the leg notices nothing but that its far end has moved. The dialog that is followed gets the other's
number, for as long as its BYE takes. Dialogs are named by number, and SIP thread only.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import structlog

from pipeline.observe import Pii
from telephony.leg import Ending, NotTaken, Referred
from telephony.number import masked
from telephony.referrals import ACCEPTED, FORBIDDEN, address_in, verdict
from telephony.sip.dialog import Dialog
from telephony.sip.dialog_life import NO_CALL
from telephony.sip.identity import identified
from telephony.sip.invite import bare_host_of, host_of, offers_audio, parse_invite
from telephony.sip.operator import Operator
from telephony.traffic import Passage, Traffic
from telephony.trunk_settings import Trunk

_log = structlog.get_logger(__name__)

OK: Final = 200
NOT_ACCEPTABLE_HERE: Final = 488
REQUEST_PENDING: Final = 491
SERVICE_UNAVAILABLE: Final = 503
DECLINED: Final = 603


class Successions:
    """Those of one exchange."""

    def __init__(
        self,
        operator: Operator,
        dialogs: dict[int, Dialog],
        traffic: Traffic,
        admit: Callable[[Any, int, Passage], Dialog],
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        """`admit` makes a dialog of an account that counts as this passage."""
        self._operator = operator
        self._dialogs = dialogs
        self._traffic = traffic
        self._admit = admit
        self._post = post
        self._heirs: dict[int, int] = {}  # who is to follow whom

    def referred(self, elder: int, refer_to: str) -> tuple[int, Dialog | None]:
        """The far end wishes us to call this: what REFER is answered, and the dialog that will call."""
        dialog, target = self._dialogs.get(elder), address_in(refer_to)
        if dialog is None or not dialog.talks or elder in self._heirs:
            return REQUEST_PENDING, None
        code = verdict(refer_to, dialog.referrals.to, _home(dialog))
        passage, now_s = Passage(dialog.account.trunk, target), time.monotonic()
        if code == ACCEPTED and (why := self._traffic.dial_refusal(passage.trunk, target, now_s)):
            code = FORBIDDEN
            _log.warning("call_not_placed", why=why, trunk=passage.trunk, target=Pii(target, masked(target)))
        elif code == ACCEPTED and self._traffic.refusal(passage):
            code = SERVICE_UNAVAILABLE
        _log.info("referred", sip_code=code, target=Pii(target, masked(target)), trunk=passage.trunk)
        if code != ACCEPTED:
            return code, None
        heir = self._follow(elder, passage, target)
        heir.ring_until_ms = (now_s + dialog.referrals.ring_s) * 1_000
        self._traffic.placed(heir.number, passage.trunk, target, now_s)
        self._operator.signal(elder, Referred(target))
        return code, heir

    def replaced(self, elder: int, invite: str, source: str) -> tuple[int, Dialog | None]:
        """Somebody wishes to take the far end's place: what their INVITE is answered, and the dialog of it.

        Who they are, and how often they call, has been asked at the door; that they know the dialog's tags is their
        title (RFC 3891 section 8). A call that goes on is no new one for a node that drains.
        """
        dialog = self._dialogs.get(elder)
        if dialog is None or dialog.is_leaving:
            return DECLINED, None
        if elder in self._heirs:
            return REQUEST_PENDING, None
        if not offers_audio(invite):
            return NOT_ACCEPTABLE_HERE, None
        # The library does not say by whose account it came: another host is not believed what a trunk is.
        told = identified(parse_invite(invite), trusted=dialog.account.trusted and source == dialog.source)
        place = host_of(told.headers.get("From", "")).partition(";")[0]
        passage = Passage(dialog.account.trunk, told.called, source)
        if why := self._traffic.refusal(passage, instead_of=elder):
            _log.warning("call_refused", why=why, trunk=passage.trunk, calls=self._traffic.calls)
            return SERVICE_UNAVAILABLE, None
        _log.info("replaced", source=source, trunk=passage.trunk)
        return OK, self._follow(elder, passage, f"sip:{told.caller}@{place}", source)

    def taken(self, elder: int) -> None:
        """Who wished to take the far end's place is about to be answered; the library says BYE to the far end."""
        heir = self._heirs.pop(elder, None)
        if heir is not None:
            self._succeed(elder, heir)

    def confirmed(self, heir: int) -> None:
        """A dialog is answered: if it was to follow another, it does now, and the other ends."""
        elder = self._elder_of(heir)
        if elder is not None:
            del self._heirs[elder]
            self._succeed(elder, heir)
            self._post(partial(self._dialogs[heir].leave, Ending("us", "transferred", 0)))

    def ended(self, number: int, ending: Ending) -> int:
        """A dialog is over: the number under which it is.

        Who referred us and does not wait for what comes of it is followed at once.
        """
        elder, heir = self._elder_of(number), self._heirs.pop(number, None)
        if elder is not None:
            del self._heirs[elder]
            self._operator.signal(elder, NotTaken(ending.sip_code))
        elif heir is not None and self._dialogs[number].is_leaving:
            self._dialogs[heir].leave(ending)
        elif heir is not None:
            self._succeed(number, heir)
            return heir
        return number

    def _follow(self, elder: int, passage: Passage, far_end: str, source: str = "") -> Dialog:
        heir = self._admit(self._dialogs[elder].account, NO_CALL, passage)
        heir.far_end, heir.source = far_end, source or bare_host_of(far_end)
        self._heirs[elder] = heir.number
        self._post(partial(self._look_after, heir.number))
        return heir

    def _look_after(self, heir: int) -> None:
        """What the library could not even begin, it says nothing of."""
        if self._elder_of(heir) is not None and self._dialogs[heir].getId() == NO_CALL:
            self._dialogs[heir].abandon()

    def _succeed(self, elder: int, heir: int) -> None:
        dialogs = self._dialogs
        dialogs[elder], dialogs[heir] = dialogs[heir], dialogs[elder]
        dialogs[elder].number, dialogs[heir].number = elder, heir
        self._traffic.trade(elder, heir)
        dialogs[elder].inherit(dialogs[heir])

    def _elder_of(self, heir: int) -> int | None:
        return next((elder for elder, each in self._heirs.items() if each == heir), None)


def _home(dialog: Dialog) -> set[str]:
    """The hosts of the far end's own place: where it is, and what its trunk's servers are called."""
    line = dialog.account.line
    uris = (*line.servers, line.proxy or "") if isinstance(line, Trunk) else ()
    return {dialog.source, *map(bare_host_of, uris)} - {""}
