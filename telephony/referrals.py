"""To whom a far end may refer us (REFER, RFC 3515). Rule: pure; who is not allowed is not called.

A far end that names whom we call could have us call anybody, at our cost: so it chooses among what the route names. A
pattern is `USER` for somebody at the far end's own place, or `USER@HOST`; in both `*` and `?` stand for what they do in
names of files.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from glob import escape
from typing import Final
from urllib.parse import unquote

from telephony.number import dialled

ACCEPTED: Final = 202
FORBIDDEN: Final = 403
UNSUPPORTED_URI: Final = 416
DECLINED: Final = 603

_ADDRESS: Final = r"sips?:[^@\s<>?;:\"]+@(?P<host>[\w.-]+)(?::\d+)?(?P<parameters>(?:;[^\s<>?\"]*)?)"
# A quoted name may hold anything, a false address too.
_TARGET: Final = re.compile(
    rf"""\s*(?P<named>(?:"(?:[^"\\]|\\.)*"|[^"<>:@]*)\s*<)?\s*"""
    rf"""(?P<address>{_ADDRESS})(?:\?(?P<fields>[^\s<>"]*))?\s*(?(named)>\s*(?:;.*)?)""",
    re.IGNORECASE | re.ASCII,
)
WHOM: Final = r"^[^\s@:;<>]+(?:@[^\s@:;<>]+)?$(?!\n)"
_PATTERN: Final = re.compile(WHOM)
# What would have the INVITE go elsewhere than its address says (RFC 3261 section 19.1.1).
_MISLEADING: Final = frozenset({"maddr", "method", "ttl"})
# Any other field in the address is the far end's to write, and ours to answer for (RFC 3261 section 19.1.5).
_HARMLESS: Final = frozenset({"replaces", "require"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")  # a line break in a Call-ID would begin a field of our INVITE


def address_in(refer_to: str) -> str:
    """The address in a Refer-To, without the fields that go with it; empty when it is no sip: address."""
    found = _TARGET.fullmatch(refer_to)
    return found["address"] if found else ""


def verdict(refer_to: str, allowed: Collection[str], home: Collection[str]) -> int:
    """What to answer a REFER: 202, or why not. `home` are the hosts of the far end's own place."""
    if not allowed:
        return DECLINED
    found = _TARGET.fullmatch(refer_to)
    if found is None:
        return UNSUPPORTED_URI
    fields = found["fields"] or ""
    if _names(found["parameters"], ";") & _MISLEADING or _names(fields, "&") - _HARMLESS:
        return FORBIDDEN
    if _CONTROL.search(unquote(found["address"] + fields)):
        return FORBIDDEN
    user, host = dialled(found["address"]), found["host"].lower()
    return ACCEPTED if any(_fits(pattern, user, host, home) for pattern in allowed) else FORBIDDEN


def allowed(follow: Iterable[str], targets: Mapping[str, str]) -> tuple[str, ...]:
    """Patterns for whom a route names: those it lets a far end choose, and those its agent may hand callers over to."""
    own = [_TARGET.fullmatch(address) for address in targets.values()]
    there = [f"{escape(dialled(found['address']))}@{escape(found['host'])}" for found in own if found]
    numbers = [escape(dialled(address)) for address in targets.values() if address.startswith("tel:")]
    return (*follow, *there, *numbers)


def broken_patterns(follow: Iterable[str]) -> Iterator[str]:
    """Those that could fit nobody."""
    return (pattern for pattern in follow if not _PATTERN.fullmatch(pattern))


def _fits(pattern: str, user: str, host: str, home: Collection[str]) -> bool:
    name, at, place = pattern.partition("@")
    return fnmatchcase(user, name) and (fnmatchcase(host, place.lower()) if at else host in home)


def _names(text: str, between: str) -> set[str]:
    """What the library will read there: it unescapes names, too."""
    return {unquote(part.partition("=")[0]).strip().lower() for part in text.split(between) if part.strip()}
