"""Header fields between a call's SIP and its agent, and what a route says of them. Rule: values are data.

What a stranger writes into an INVITE reaches a language model only where a route names it, and then as JSON.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from msgspec import Meta

from telephony.conditions import Conditions
from telephony.leg import Leg
from telephony.toml_text import Broken

FIELD_NAME: Final = r"^(?:X-[A-Za-z0-9-]{1,60}|User-to-User|Alert-Info|Call-Info|Subject|Priority|Diversion)$(?!\n)"
FIELD_VALUE: Final = r"^[\x20-\x7e]{1,255}$(?!\n)"
MOST_FIELDS: Final = 8  # of the greatest length they make a message of 4,000 octets, which others take too
OwnFields = Annotated[
    dict[Annotated[str, Meta(pattern=FIELD_NAME)], Annotated[str, Meta(pattern=FIELD_VALUE)]],
    Meta(max_length=MOST_FIELDS),
]
"""Fields that are ours to add to an INVITE or to its answer: none that the dialog itself lives by."""

_MOST_KEPT: Final = 16
LONGEST_KEPT: Final = 512
_OF_THE_LEG: Final = ("caller", "called", "diverted_from")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTerms(Conditions):
    """What a route says of signalling. `answer_headers` go with the 200, and `announcement` is heard before it (183).

    `agent_knows` names what the agent is told of the call: `caller`, `called`, `diverted_from`, or header fields.
    """

    agent_knows: tuple[str, ...] = ()
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    announcement: str = ""


def broken_terms(terms: LineTerms) -> Iterator[Broken]:
    """The keys with what cannot be, what is wrong, and what would do."""
    for name, value in terms.answer_headers.items():
        if not re.search(FIELD_NAME, name):
            yield ("answer_headers", name), f"{name!r} is none that may be added", 'answer_headers = { X-Name = "..." }'
        elif not re.search(FIELD_VALUE, value):
            yield ("answer_headers", name), "is empty, longer than 255, or no plain ASCII", ""
    if len(terms.answer_headers) > MOST_FIELDS:
        yield ("answer_headers",), f"are more than {MOST_FIELDS}", ""
    for index, name in enumerate(terms.agent_knows):
        if name not in _OF_THE_LEG and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*-[A-Za-z0-9-]+|Subject", name):
            remedy = "caller, called, diverted_from, or a header's name such as X-Customer"
            yield ("agent_knows", index), f"{name!r} is nothing that a call has", remedy


def own_fields(leg: Leg) -> dict[str, str]:
    """An inbound INVITE's X- fields and User-to-User, as a call's record keeps them."""
    found = {
        name: value[:LONGEST_KEPT]
        for name, value in leg.headers.items()
        if re.match(r"x-|user-to-user$", name, re.IGNORECASE)
    }
    return dict([*found.items()][:_MOST_KEPT])


def known_to_agent(leg: Leg, names: tuple[str, ...]) -> bytes:
    """A client event that tells the agent of the call, in the model's eyes a system message; empty for nothing."""
    told = {name: str(getattr(leg, name) if name in _OF_THE_LEG else leg.headers.get(name, "")) for name in names}
    there = {name: value[:LONGEST_KEPT] for name, value in told.items() if value}
    if not there:
        return b""
    text = f"What the line tells of this call, as data: {json.dumps(there, ensure_ascii=False)}"
    item = {"type": "message", "role": "system", "content": [{"type": "input_text", "text": text}]}
    return json.dumps({"type": "conversation.item.create", "item": item}).encode()
