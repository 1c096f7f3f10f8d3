"""Telephone numbers as trunks write them: one spelling to compare, another to show. Rule: a masked number rings nobody.

E.164 (ITU-T) writes a number as + and at most 15 digits. Trunks also send national numbers, extensions and names, with
visual separators (RFC 3966 section 5.1.1), as a bare user part or inside a sip: or tel: URI.
"""

import re
from typing import Final
from urllib.parse import unquote

ANONYMOUS: Final = frozenset({"", "anonymous", "restricted", "unavailable", "unknown"})

_E164 = re.compile(r"\+[1-9]\d{1,14}")
_SEPARATORS = re.compile(r"[\s().\-]")
_DIALLABLE = re.compile(r"\+?[0-9*#A-D]+")
_SCHEME = re.compile(r"(sips?|tel):", re.IGNORECASE)
_SHOWN_FIRST = 4
_SHOWN_LAST = 2


def user_of(address: str) -> str:
    """The user part of a sip:, sips: or tel: URI, unescaped; anything else is taken to be a user part already."""
    scheme = _SCHEME.match(address)
    rest = address[scheme.end() :] if scheme else address
    user = rest.split("@", 1)[0]
    return unquote(user.split(";", 1)[0])


def dialled(address: str) -> str:
    """A number without visual separators, or a name as it is: what routes are compared with."""
    user = user_of(address.strip())
    plain = _SEPARATORS.sub("", user)
    return plain if _DIALLABLE.fullmatch(plain) else user


def is_e164(number: str) -> bool:
    """Whether this is an international number in full: + country code and subscriber, 15 digits at most."""
    return _E164.fullmatch(number) is not None


def masked(address: str) -> str:
    """What a log may show: `+4930****12`. The stars hide the length too; a host stays, it is no person's."""
    user = dialled(address)
    if user.lower() in ANONYMOUS:
        return user
    sign = "+" if user.startswith("+") else ""
    rest = user.removeprefix("+")
    first, last = min(_SHOWN_FIRST, len(rest) // 3), min(_SHOWN_LAST, len(rest) // 5)
    hidden = f"{sign}{rest[:first]}****{rest[len(rest) - last :]}"
    scheme = _SCHEME.match(address)
    _, at, host = address.partition("@")
    return f"{scheme[0] if scheme else ''}{hidden}{at}{host}"
