"""Who may use the control API. Rule: pure; every key that is offered is compared with every key, in constant time.

A key comes as `Authorization: Bearer KEY` (SDKs), as `api-key: KEY` (Azure), as `Authorization: Basic` with the key
itself, encoded or not, or as either half of user:password (Inworld), or from a browser as the WebSocket subprotocol
`openai-insecure-api-key.KEY`.
"""

import base64
import ipaddress
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit

from telephony.orders import Refused
from telephony.secret import AccessKey, digest_of

EPHEMERAL: Final = "ek_"
KEY_SUBPROTOCOL: Final = "openai-insecure-api-key."
UNAUTHORIZED: Final = 401

Fields = Iterable[tuple[bytes, bytes]]


def offered_keys(fields: Fields) -> list[str]:
    """Every reading of every key in these header fields, best first."""
    keys: list[str] = []
    for name, value in fields:
        words = value.decode("latin-1").strip()
        match name.lower():
            case b"authorization":
                keys += _authorization(words)
            case b"api-key":
                keys.append(words)
            case b"sec-websocket-protocol":
                protocols = (word.strip() for word in words.split(","))
                keys += [word.removeprefix(KEY_SUBPROTOCOL) for word in protocols if word.startswith(KEY_SUBPROTOCOL)]
    return [key for key in dict.fromkeys(keys) if key]


class Keyring:
    """The keys that the settings name."""

    def __init__(self, keys: Iterable[AccessKey]) -> None:
        self._keys = tuple(keys)

    @property
    def is_empty(self) -> bool:
        """There are no keys, so only this machine is served."""
        return not self._keys

    def opens_for(self, offered: Iterable[str]) -> bool:
        """Whether one of the keys offered is one of ours; how long it takes does not tell which is nearly right."""
        return any([key.opens_for(digest_of(word)) for word in offered for key in self._keys])  # noqa: C419


def is_local(peer: str | None, fields: Fields) -> bool:
    """Whether a request comes from this machine, by a program or by a page that this machine serves.

    A page from elsewhere in a browser on this machine (its Origin), or one whose host's name was bent to point here
    (its Host), comes from elsewhere.
    """
    if peer is None or not _is_loopback(peer):
        return False
    for name, value in fields:
        words = value.decode("latin-1")
        if name.lower() == b"host" and not _is_loopback(urlsplit(f"//{words}").hostname or ""):
            return False
        if name.lower() == b"origin" and not _is_loopback(urlsplit(words).hostname or ""):
            return False
    return True


def refusal(offered: Iterable[str]) -> Refused:
    """What somebody without a good key is told: enough to find the mistake, and not the key."""
    if any(True for _ in offered):
        message = "Incorrect API key provided."
    else:
        message = "You didn't provide an API key: send it as `Authorization: Bearer KEY`."
    return Refused(status=UNAUTHORIZED, code="invalid_api_key", message=message)


def _authorization(words: str) -> Iterator[str]:
    scheme, _, rest = words.partition(" ")
    rest = rest.strip()
    match scheme.lower():
        case "bearer":
            yield rest
        case "basic":
            yield rest
            try:
                plain = base64.b64decode(rest, validate=True).decode()
            except ValueError:  # no base64, or no text
                return
            user, colon, password = plain.partition(":")
            yield from (plain, password, user) if colon else (plain,)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
