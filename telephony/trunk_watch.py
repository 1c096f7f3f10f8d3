"""How the trunks do, for the API and the metrics. Rule: it only looks."""

from dataclasses import asdict
from functools import partial

import structlog

from pipeline.observe import Counters
from telephony.control.trunk_object import TrunkObject
from telephony.sip.dialog import Measured
from telephony.sip.endpoint import Endpoint
from telephony.sip.trunk import Denied, TrunkLine, Unreachable, in_words

log = structlog.get_logger()


def trunk_states(endpoint: Endpoint) -> list[TrunkObject]:
    """Each trunk as it is at the moment."""
    return [_told(line) for line in endpoint.trunks.values()]


def watch_trunks(counters: Counters, endpoint: Endpoint) -> None:
    """Let the metrics tell whether each trunk is up, and how many knocked in vain."""
    for line in endpoint.trunks.values():
        counters.watch("trunk_up", partial(_is_up, line), trunk=line.name)
    counters.watch("strangers", lambda: endpoint.turned_away[0])
    counters.watch("calls_throttled", lambda: endpoint.turned_away[1])


def tally_measured(counters: Counters, trunk: str | None, measured: Measured) -> None:
    """Count how a call was heard, and log what one needs to find out why it was heard badly."""
    heard, by = measured.heard, trunk or "none"
    counters.count("calls_measured", trunk=by)
    counters.count("mos_hundredths", round(100 * heard.mos), trunk=by)
    counters.count("rtp_packets", heard.received, trunk=by)
    counters.count("rtp_packets_lost", heard.lost, trunk=by)
    if measured.one_way:
        counters.count("one_way_calls", trunk=by, unheard_by=measured.one_way)
    log.info("call_measured", trunk=trunk, mos=heard.mos, one_way=measured.one_way, **asdict(heard))


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
