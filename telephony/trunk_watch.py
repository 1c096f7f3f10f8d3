"""How the trunks do, for the API and the metrics. Rule: it only looks."""

from functools import partial

from pipeline.observe import Counters
from telephony.control.trunk_object import TrunkObject
from telephony.sip.endpoint import Endpoint
from telephony.sip.trunk import Denied, TrunkLine, Unreachable, in_words


def trunk_states(endpoint: Endpoint) -> list[TrunkObject]:
    """Each trunk as it is at the moment."""
    return [_told(line) for line in endpoint.trunks.values()]


def watch_trunks(counters: Counters, endpoint: Endpoint) -> None:
    """Let the metrics tell whether each trunk is up, and how many knocked in vain."""
    for line in endpoint.trunks.values():
        counters.watch("trunk_up", partial(_is_up, line), trunk=line.name)
    counters.watch("strangers", lambda: endpoint.turned_away[0])
    counters.watch("calls_throttled", lambda: endpoint.turned_away[1])


def _is_up(line: TrunkLine) -> int:
    return int(line.is_up)


def _told(line: TrunkLine) -> TrunkObject:
    state = line.state
    return TrunkObject(
        name=line.name,
        up=line.is_up,
        state=type(state).__name__.lower(),
        meaning=in_words(state),
        server=line.server,
        sip_code=state.sip_code if isinstance(state, Denied | Unreachable) else None,
    )
