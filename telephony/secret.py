"""Passwords and keys as the service holds them. Rule: none of them is ever shown to who did not ask by name.

A `Secret` must go out again, to a trunk or a vendor. An `AccessKey` only comes in, so it is kept as its hash.
"""

import hashlib
import hmac
import re
from typing import Final

_HASHED: Final = re.compile(r"sha256:(?P<digest>[0-9a-fA-F]{64})")


class Secret:
    """A password or key; it is shown only to who asks for it by name."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself: for the wire, never for a log."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"


class AccessKey:
    """A key that opens the control API, known by its SHA-256 alone."""

    __slots__ = ("_digest",)

    def __init__(self, words: str) -> None:
        """`words` is the key itself or, as `sha256:HEX`, its hash. ValueError when there is nothing."""
        if not words:
            raise ValueError("is empty")
        hashed = _HASHED.fullmatch(words)
        self._digest = bytes.fromhex(hashed["digest"]) if hashed else digest_of(words)

    def opens_for(self, digest: bytes) -> bool:
        """Whether this is the hash of a key that somebody offers; takes as long for every answer."""
        return hmac.compare_digest(self._digest, digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccessKey) and other._digest == self._digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return "AccessKey(***)"


def digest_of(key: str) -> bytes:
    """The SHA-256 of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
