"""Who ended a dialog, told from how it ended. Rule: pure; every way a dialog can end has exactly one Ending."""

from typing import Final

from telephony.leg import Ending, Party

_BUSY: Final = frozenset({486, 600})
_DECLINED: Final = frozenset({603, 607, 608})  # RFC 8197, RFC 8688: unwanted, and rejected by a robot
_NOT_FOUND: Final = frozenset({404, 410, 484, 604})
_NO_COMMON_MEDIA: Final = frozenset({415, 488, 606})
_NOT_PERMITTED: Final = frozenset({401, 402, 407})
_NO_REFRESH: Final = "No session refresh received."  # the library's own words


def far_ending(inbound: bool, confirmed: bool, sip_code: int, words: str, *, from_peer: bool) -> Ending:
    """The Ending of a dialog that ended without us; `from_peer` when the code and its words came off the wire."""
    if confirmed and words == _NO_REFRESH:
        return Ending("unknown", "session_expired", sip_code)
    if confirmed:
        return confirmed_ending(inbound=inbound, sip_code=sip_code)
    if inbound:
        return unanswered_inbound_ending(sip_code=sip_code, from_peer=from_peer)
    return unanswered_outbound_ending(sip_code=sip_code, from_peer=from_peer)


def our_ending(wish: Ending, sip_code: int, *, unacknowledged: bool) -> Ending:
    """A dialog that we ended; to have waited in vain after our 200 was to wait for the caller's ACK."""
    if unacknowledged and wish.reason == "no_answer":
        return Ending("caller", "no_ack", sip_code)
    return Ending(wish.by, wish.reason, sip_code)


def confirmed_ending(*, inbound: bool, sip_code: int) -> Ending:
    """A dialog that was answered and is over, not by us: a BYE (200), or the far end no longer answers."""
    peer: Party = "caller" if inbound else "callee"
    if sip_code in {408, 481, 503}:
        return Ending("unknown", "connection_lost", sip_code)
    return Ending(peer, "hung_up", sip_code or 200)


def unanswered_inbound_ending(*, sip_code: int, from_peer: bool) -> Ending:
    """A call to us that was never confirmed, and not by our doing (RFC 3261 section 9: CANCEL gives 487)."""
    if sip_code == 487:
        return Ending("caller", "cancelled", sip_code)
    if sip_code == 200 and from_peer:  # a BYE that overtook the ACK, or came without one
        return Ending("caller", "hung_up", sip_code)
    if sip_code in {200, 408}:
        return Ending("caller", "no_ack", sip_code)
    if sip_code in _NO_COMMON_MEDIA:
        return Ending("caller", "no_common_codec", sip_code)
    return Ending("unknown", "failed", sip_code)


def unanswered_outbound_ending(*, sip_code: int, from_peer: bool) -> Ending:
    """A call of ours that was not answered. Without a response, pjsip itself says 408 or 503."""
    if not from_peer and sip_code in {408, 503, 502, 0}:
        return Ending("carrier", "unreachable", sip_code)
    if sip_code in _BUSY:
        return Ending("callee", "busy", sip_code)
    if sip_code in _DECLINED:
        return Ending("callee", "declined", sip_code)
    if sip_code in _NOT_FOUND:
        return Ending("callee", "not_found", sip_code)
    if sip_code in {408, 480, 487}:
        return Ending("callee", "no_answer", sip_code)
    if sip_code in _NO_COMMON_MEDIA:
        return Ending("callee", "no_common_codec", sip_code)
    if sip_code in _NOT_PERMITTED:
        return Ending("carrier", "not_permitted", sip_code)
    if 500 <= sip_code < 600:
        return Ending("carrier", "failed", sip_code)
    if 300 <= sip_code < 400:
        return Ending("callee", "moved", sip_code)
    return Ending("callee", "refused", sip_code)
