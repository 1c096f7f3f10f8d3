"""What an application asks for when it asks for a call. Rule: values, checked and complete."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.realtime.config import SessionConfig
from telephony.answerer import MachineWish
from telephony.leg import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWish:
    """An outbound call: whom, by which trunk, from which number, and who talks. `agent` is empty for a bare session.

    `fields` go with the INVITE; a `withheld` caller is not shown to who is called, who may refer the call to `follow`.
    """

    to: str
    session: SessionConfig
    agent: str = ""
    trunk: str | None = None
    caller: str | None = None
    withheld: bool = False
    fields: Fields = ()
    ring_timeout_s: float | None = None
    greet: bool = True
    answering_machine: MachineWish = "ignore"
    follow: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
