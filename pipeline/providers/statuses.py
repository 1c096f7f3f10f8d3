"""What an HTTP status means for a provider's caller. Rule: the same everywhere, whatever the vendor calls it."""

from pipeline.providers import Reason

NO_MONEY_LEFT = frozenset(("insufficient_quota", "quota_exceeded", "insufficient_credits"))


def reason_of(status: int, code: str | None = None) -> tuple[Reason, bool]:
    """Our reason for a status (RFC 9110, RFC 6585) with the vendor's own code; and may it work a moment later?"""
    if status == 429:
        return "limited", code not in NO_MONEY_LEFT
    if status in (408, 425) or status >= 500:
        return "internal", True
    return "refused", False
