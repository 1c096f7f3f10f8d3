"""What the process counts, in Prometheus' text format. Rule: pure; every name begins with `offhook_`."""

from collections.abc import Iterator, Mapping
from typing import Final

from pipeline.observe import Counters

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MEANINGS: Final = {
    "answer_ms": "Milliseconds from the end of the caller's speech to the first audio of the answer, summed up.",
    "answers_timed": "Answers that answer_ms is the sum of.",
    "barge_ins": "Verdicts on what callers said over the agent's words; words that overturn one bring another.",
    "calls_answered_by": "Calls of ours that were answered, by who or what answered.",
    "calls_begun": "Calls that have begun, by direction.",
    "calls_ended": "Calls that have ended, by who ended them and why.",
    "calls_live": "Calls under way on this node.",
    "client_mistakes": "Error events that clients were sent, by code.",
    "connections": "WebSocket connections open on this node.",
    "connections_opened": "WebSocket connections that were let in, by what for.",
    "echoes": "The agent's own voice that came back from a caller's telephone, by what it was at first taken for.",
    "llm_tokens": "About how many tokens language models read and wrote, by what for.",
    "calls_measured": "Calls that RTCP has measured, by trunk.",
    "mos_hundredths": "Estimated MOS (ITU-T G.107) of the calls measured, times 100, summed up, by trunk.",
    "rtp_packets": "RTP packets that came, by trunk.",
    "rtp_packets_lost": "RTP packets that should have come and did not, by trunk.",
    "one_way_calls": "Calls in which one side heard nothing for seconds, by trunk and by whom.",
    "recordings_lost": "Calls of which not all could be recorded that was to be.",
    "responses": "Responses that are over, by how.",
    "sound_judgements": "Questions how a pausing caller sounds, by what became of them; not_given is for want of time.",
    "strangers": "SIP requests of sources that no trunk and no setting knows.",
    "calls_throttled": "INVITEs beyond what one source may send in a second.",
    "trunk_up": "Whether calls can come and go by a trunk, by name.",
    "speculations": "Answers that were begun before the caller's turn was decided, by what became of them.",
    "turn_silence_ms": "Milliseconds from the end of the caller's speech to the end of the turn, summed up, by why.",
    "turns_ended": "Callers' turns that were taken for finished, by why.",
}


def exposition(counters: Counters) -> str:
    """All counters and levels."""
    lines = [*_family(counters.levels(), "gauge"), *_family(counters.snapshot(), "counter")]
    return "".join(f"{line}\n" for line in lines)


def _family(values: Mapping[str, int], kind: str) -> Iterator[str]:
    told: set[str] = set()
    for key, value in values.items():
        name, brace, labels = key.partition("{")
        full = f"offhook_{name}" + ("_total" if kind == "counter" else "")
        if name not in told:
            told.add(name)
            if name in _MEANINGS:
                yield f"# HELP {full} {_MEANINGS[name]}"
            yield f"# TYPE {full} {kind}"
        yield f"{full}{brace}{labels} {value}"
