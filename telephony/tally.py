"""What is counted of a session's events, a call's or a client's. Rule: it only looks."""

from dataclasses import asdict

import structlog

from pipeline.ahead import Spent
from pipeline.observe import Counters
from pipeline.realtime.events import ErrorEvent, ResponseDone, ServerEvent
from pipeline.realtime.ours import BargeInJudged, EchoHeard, TurnDecided, TurnTimeline
from pipeline.sounding import Judged
from telephony.quality import Measured

log = structlog.get_logger()


def tally(counters: Counters, event: ServerEvent) -> None:
    """Count what this event tells."""
    match event:
        case ResponseDone(response=response):
            counters.count("responses", status=response.status)
        case ErrorEvent(error=error):
            counters.count("client_mistakes", code=error.code)
        case BargeInJudged(verdict=verdict):
            counters.count("barge_ins", verdict=verdict)
        case EchoHeard(item_id=item_id):
            counters.count("echoes", taken_for="nobody" if item_id is None else "caller")
        case TurnDecided(grounds=grounds):
            counters.count("turns_ended", why=grounds.why)
            counters.count("turn_silence_ms", grounds.silence_ms, why=grounds.why)
        case TurnTimeline(stages={"speech_end": speech_end_ms, "queued": queued_ms}):
            counters.count("answers_timed")
            counters.count("answer_ms", round(queued_ms - speech_end_ms))
        case _:
            pass


def tally_spent(counters: Counters, spent: Spent) -> None:
    """Count what a language model's work has cost, and what became of it where it was begun ahead of its turn."""
    if spent.outcome != "asked":
        counters.count("speculations", outcome=spent.outcome)
    if spent.tokens:
        counters.count("llm_tokens", spent.tokens, use="wasted" if spent.wasted else "answers")


def tally_judged(counters: Counters, judged: Judged) -> None:
    """Count what became of a question how the caller sounded; none is given where the judge is overloaded."""
    counters.count("sound_judgements", outcome=judged)


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
