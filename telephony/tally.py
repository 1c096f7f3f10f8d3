"""What is counted of a session's events, a call's or a client's. Rule: it only looks."""

from pipeline.ahead import Spent
from pipeline.observe import Counters
from pipeline.realtime.events import ErrorEvent, ResponseDone, ServerEvent
from pipeline.realtime.ours import BargeInJudged, TurnDecided, TurnTimeline
from pipeline.sounding import Judged


def tally(counters: Counters, event: ServerEvent) -> None:
    """Count what this event tells."""
    match event:
        case ResponseDone(response=response):
            counters.count("responses", status=response.status)
        case ErrorEvent(error=error):
            counters.count("client_mistakes", code=error.code)
        case BargeInJudged(verdict=verdict):
            counters.count("barge_ins", verdict=verdict)
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
