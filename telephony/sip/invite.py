"""What an INVITE's text says: who calls whom, and its header fields. Rule: pure; it never raises, whatever was sent."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

# RFC 3261 section 7.3.3, RFC 3515, RFC 3892, RFC 4028, RFC 6665: one-letter names of header fields.
_FULL_NAMES: Final = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
}
_CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization"})
_USER = re.compile(r"<?\s*(?:sips?:([^@>\s]*)@|tel:([^;?>\s]*))", re.IGNORECASE)

_CONNECTION = re.compile(r"^c=IN (\S+)", re.MULTILINE | re.IGNORECASE)
_KEYS_FORMAT = re.compile(r"^a=rtpmap:(\d+) telephone-event/", re.MULTILINE | re.IGNORECASE)


class Headers(Mapping[str, str]):
    """Header fields by name, whose case does not matter; of several with one name the last."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = {name.casefold(): (name, value) for name, value in fields.items()}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.casefold()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)


@dataclass(frozen=True, slots=True)
class Invite:
    """An inbound INVITE: user parts of From and Request-URI, the Call-ID, the fields without credentials.

    `headers` finds a field by its full name; `fields` holds all of them as they were written, in order, repeats too.
    `diverted_from` was dialled first; empty when that is `called`.
    """

    caller: str
    called: str
    call_id: str
    headers: Headers
    fields: tuple[tuple[str, str], ...] = ()
    diverted_from: str = ""


def long_name(name: str, *, as_written: bool = False) -> str:
    """The full name of a header field, in small letters; `as_written`, only one-letter names become another."""
    full = _FULL_NAMES.get(name.casefold(), name)
    return full if as_written else full.casefold()


def user_of(uri: str) -> str:
    """User part of a URI or of a name-addr, unescaped, without its parameters (`+4930` of `<sip:+4930;x=1@host>`)."""
    found = _USER.search(_without_display_name(uri))
    if not found:
        return ""
    user = found[1] if found[1] is not None else found[2]
    return unquote(re.split("[:;]", user, maxsplit=1)[0])


def host_of(uri: str) -> str:
    """Host, port and transport of a sip URI: what follows the user part (`example.org:5060;transport=tcp`)."""
    rest = re.sub(r"^\s*<?\s*sips?:", "", uri, flags=re.IGNORECASE).partition(">")[0]
    return rest.rpartition("@")[2]


def bare_host_of(uri: str) -> str:
    """The host alone, in small letters."""
    return host_of(uri).partition(";")[0].partition(":")[0].lower()


def parse_invite(text: str) -> Invite:
    """Read the INVITE as it came off the wire, body included."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    head = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
    # Not splitlines(): what else it takes for a break is part of a value to others, and would begin a field here.
    start, *lines = re.split(r"\r?\n", re.sub(r"\r?\n[ \t]+", " ", head))
    fields = tuple(_fields(lines))
    headers = Headers({long_name(name, as_written=True): value for name, value in fields})
    target = [*start.split(), "", ""][1]
    return Invite(user_of(headers.get("From", "")), user_of(target), headers.get("Call-ID", ""), headers, fields)


def offers_audio(text: str) -> bool:
    """Whether some audio in the INVITE's SDP is IPv4 and more than keys; True when there is no SDP."""
    body = re.split(r"\r?\n\r?\n", text, maxsplit=1)[1:]
    session, *media = re.split(r"^(?=m=)", "".join(body), flags=re.MULTILINE)
    audio = [medium for medium in media if medium.startswith("m=audio ")]
    return not audio or any(_is_usable(medium, session) for medium in audio)


def _is_usable(medium: str, session: str) -> bool:
    connection = _CONNECTION.search(medium) or _CONNECTION.search(session)
    formats = set(medium.splitlines()[0].split()[3:])
    only_keys = bool(formats) and formats <= set(_KEYS_FORMAT.findall(medium))
    return not only_keys and not (connection and connection[1].upper() == "IP6")


def _fields(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.strip()
        if colon and name and name.casefold() not in _CREDENTIALS:
            yield name, value.strip()


def _without_display_name(uri: str) -> str:
    """A quoted display name may hold anything, a false URI too."""
    return re.sub(r'^\s*"(?:[^"\\]|\\.)*"', "", uri)
