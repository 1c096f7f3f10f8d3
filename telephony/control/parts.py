"""What the routes of the control API work with. Rule: made once by the service, changed by nobody."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.observe import Counters
from pipeline.realtime.config import SessionConfig
from telephony.control.dispatch import Dispatch
from telephony.control.session_wish import SessionWishes
from telephony.control.trunk_object import TrunkObject
from telephony.plan_changes import Reloaded
from telephony.settings import ControlSettings
from telephony.state.bus import Bus
from telephony.state.client_secrets import ClientSecrets
from telephony.state.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One node's. `agents` are the dialplan's own; `known` waits until what calls did is in Redis.

    `reload` reads the dialplan anew.
    """

    node: str
    settings: ControlSettings
    dispatch: Dispatch
    store: Store
    bus: Bus
    client_secrets: ClientSecrets
    wishes: SessionWishes
    agents: Mapping[str, SessionConfig]
    trunks: frozenset[str]
    trunk_states: Callable[[], list[TrunkObject]]
    recordings_dir: Path | None
    counters: Counters
    known: Callable[[], Awaitable[None]]
    reload: Callable[[], Awaitable[Reloaded]]
