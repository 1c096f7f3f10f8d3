"""Who calls, and who was dialled first, as an INVITE's fields tell. Rule: pure; what strangers assert is not believed.

RFC 3325 (P-Asserted-Identity) and its draft forerunner Remote-Party-ID count from trusted trunks alone, and strangers'
are not passed on. RFC 3323 (Privacy): who wishes not to be known is nobody to all that follow. RFC 7044 (History-Info)
and RFC 5806 (Diversion) tell who was dialled before the call came here.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from telephony.leg import Fields
from telephony.number import dialled
from telephony.sip.invite import Headers, Invite, host_of, long_name, user_of

NOBODY: Final = "anonymous"
_NOBODYS_ADDRESS: Final = '"Anonymous" <sip:anonymous@anonymous.invalid>'
_ASSERTED: Final = "p-asserted-identity"
_REMOTE: Final = "remote-party-id"
_HISTORY: Final = "history-info"
_DIVERSION: Final = "diversion"
_HIDING: Final = frozenset({"id", "user", "header"})
_TELLING: Final = frozenset({_ASSERTED, _REMOTE, "p-preferred-identity", "reply-to", "referred-by"})
_ENTRY: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+')
_INDEX: Final = re.compile(r";\s*index=([0-9.]+)", re.IGNORECASE)


def identified(invite: Invite, *, trusted: bool) -> Invite:
    """The INVITE with who really calls, who was dialled first, and without what nobody here is to know."""
    named = [(long_name(name), value) for name, value in invite.fields]
    privacy = {word for value in _all(named, "privacy") for word in re.split(r"[;,\s]+", value.lower())}
    remote = next(iter(_entries(_all(named, _REMOTE))), "") if trusted else ""
    hidden = _is_hidden(invite, privacy, remote)
    caller = _asserted(named, remote) if trusted else ""
    fields = tuple(_shown(invite.fields, trusted=trusted, hidden=hidden, history="history" not in privacy))
    return replace(
        invite,
        caller=NOBODY if hidden else caller or invite.caller,
        diverted_from=_dialled_first(invite, fields),
        headers=Headers({long_name(name, as_written=True): value for name, value in fields}),
        fields=fields,
    )


def identity(caller: str | None, host: str, *, trusted: bool, withheld: bool) -> tuple[str | None, Fields]:
    """The From of a call of ours, None for the account's own, and the fields that go with it.

    A trusted trunk learns the number all the same, and keeps it to itself.
    """
    own = f"<sip:{caller}@{host}>" if caller else None
    asserted = (("P-Asserted-Identity", own),) if own and trusted else ()
    return (_NOBODYS_ADDRESS, (*asserted, ("Privacy", "id"))) if withheld else (own, asserted)


def _asserted(named: Fields, remote: str) -> str:
    """A number before a name, as P-Asserted-Identity may give both."""
    users = [user_of(entry) for entry in _entries(_all(named, _ASSERTED))]
    calling = user_of(remote) if "party=called" not in remote.lower() else ""
    return next((user for user in users if re.fullmatch(r"\+?[0-9.()-]+", user)), [*filter(None, users), calling][0])


def _is_hidden(invite: Invite, privacy: set[str], remote: str) -> bool:
    asked = "none" not in privacy and bool(privacy & _HIDING)
    invalid = host_of(invite.headers.get("From", "")).lower() == "anonymous.invalid"
    return asked or invalid or bool(re.search(r";\s*privacy=(full|name|uri)", remote, re.IGNORECASE))


def _shown(fields: Fields, *, trusted: bool, hidden: bool, history: bool) -> Iterator[tuple[str, str]]:
    for name, value in fields:
        full = long_name(name)
        if full in _TELLING and (hidden or (not trusted and full in (_ASSERTED, _REMOTE))):
            continue
        if full == _HISTORY and not history:
            continue
        tag = re.search(r";\s*tag=[^;\s]+", value)
        if hidden and full in ("from", "contact"):
            yield name, _NOBODYS_ADDRESS + (tag[0] if tag and full == "from" else "")
        else:
            yield name, value


def _dialled_first(invite: Invite, fields: Fields) -> str:
    """The first address of the call's history; empty when that is the one it came to."""
    named = [(long_name(name), value) for name, value in fields]
    indexed = [(found[1], entry) for entry in _entries(_all(named, _HISTORY)) if (found := _INDEX.search(entry))]
    history = [entry for _, entry in sorted(indexed, key=lambda each: _place(each[0]))]
    diversions = [*_entries(_all(named, _DIVERSION))][::-1]
    for entry in (*history[:1], *diversions[:1]):
        private = re.search(r"privacy=(?:full|name|uri|history)", entry, re.IGNORECASE)
        user = NOBODY if private else user_of(entry)
        if user and dialled(user) != dialled(invite.called):
            return user
    return ""


def _place(index: str) -> list[int]:
    return [int(part) for part in index.split(".") if part]


def _all(named: Fields, wanted: str) -> list[str]:
    return [value for name, value in named if name == wanted]


def _entries(values: Iterable[str]) -> Iterator[str]:
    """A field's values, of which several may stand in one line."""
    return (entry.strip() for value in values for entry in _ENTRY.findall(value) if entry.strip())
