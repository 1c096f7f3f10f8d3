"""What a demo call was like: the caller's own measurements joined with the service's stages. Rule: pure; one clock.

Times of a turn count from the last packet of the caller's speech, as the caller's side of the wire saw it.
"""

import re
from dataclasses import dataclass, field

from msgspec import Struct

from pipeline.realtime.events import (
    DtmfReceived,
    ItemDone,
    ItemTruncated,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    TranscriptCompleted,
)
from pipeline.realtime.items import InputText, Item, MessageItem, OutputAudio
from pipeline.realtime.ours import TurnTimeline
from telephony.wire.script import Report, StepReport

STAGES = ("turn_decided", "transcript_final", "first_token", "first_speech")


class TurnReport(Struct):
    """One turn; `stages` in ms after the caller's last packet, `first_packet` being the first audible one heard."""

    caller_said: str
    heard_as: str
    agent_said: str
    voice_to_voice_ms: int | None
    stages: dict[str, int]
    agent_heard_ms: int | None = None


class DemoReport(Struct):
    """The demo's outcome, as `--json` prints it."""

    ok: bool
    turns: list[TurnReport]
    barge_in_stop_ms: int | None
    recording: str
    word_error_rate: float
    digits_heard: str
    packets_lost: int
    ended_by: str
    problems: list[str]


@dataclass(slots=True)
class _Response:
    agent_said: str = ""
    stages: dict[str, float] = field(default_factory=dict)
    heard_ms: int | None = None


@dataclass(slots=True)
class _Turn:
    heard_as: str
    response: _Response | None = None


@dataclass(slots=True)
class Minutes:
    """Follows a session's events: what was heard, and which response answered it."""

    turns: dict[str, _Turn] = field(default_factory=dict)
    digits: str = ""
    _responses: dict[str, _Response] = field(default_factory=dict)
    _spoken: dict[str, _Response] = field(default_factory=dict)

    def observe(self, event: ServerEvent) -> None:
        """Take one event."""
        match event:
            case ItemDone(item=MessageItem(role="user", id=item_id, content=content)):
                self.turns[item_id] = _Turn(" ".join(part.text for part in content if isinstance(part, InputText)))
            case ResponseCreated(response=response):
                opened = self._responses[response.id] = _Response()
                for turn in self.turns.values():
                    turn.response = turn.response or opened
            case TranscriptCompleted(item_id=item_id, transcript=words):
                self.turns[item_id].heard_as = words
            case ResponseDone(response=response):
                for item in response.output:
                    self._said(response.id, item)
            case ItemTruncated(item_id=item_id, audio_end_ms=heard_ms):
                self._spoken[item_id].heard_ms = heard_ms
            case TurnTimeline(response_id=response_id, stages=stages):
                self._responses[response_id].stages = dict(stages)
            case DtmfReceived(event=digit):
                self.digits += digit
            case _:
                pass

    def _said(self, response_id: str, item: Item) -> None:
        match item:
            case MessageItem(id=item_id, content=(OutputAudio(words),)):
                self._responses[response_id].agent_said = words.strip()
                self._spoken[item_id] = self._responses[response_id]
            case _:
                pass


def report(minutes: Minutes, call: Report, recording: str) -> DemoReport:
    """Join what the caller measured with what the session reported."""
    steps = [step for step in call.steps if step.do in {"say", "barge_in", "press"}]
    turns = [_turn(step, heard) for step, heard in zip(steps, minutes.turns.values(), strict=False)]
    barge_ins = [
        round(step.agent_stopped_ms - step.caller_start_ms)
        for step in steps
        if step.agent_stopped_ms is not None and step.caller_start_ms is not None
    ]
    spoken = [turn for turn, step in zip(turns, steps, strict=False) if step.do != "press"]
    problems = _problems(steps, turns, minutes, call)
    return DemoReport(
        ok=not problems,
        turns=turns,
        barge_in_stop_ms=barge_ins[0] if barge_ins else None,
        recording=recording,
        word_error_rate=round(word_error_rate([(turn.caller_said, turn.heard_as) for turn in spoken]), 3),
        digits_heard=minutes.digits,
        packets_lost=call.packets_lost,
        ended_by=call.ended_by,
        problems=problems,
    )


def no_call(reason: str) -> DemoReport:
    """There was nothing to measure."""
    return DemoReport(
        ok=False,
        turns=[],
        barge_in_stop_ms=None,
        recording="",
        word_error_rate=0.0,
        digits_heard="",
        packets_lost=0,
        ended_by="",
        problems=[f"there was no call: {reason}"],
    )


def word_error_rate(pairs: list[tuple[str, str]]) -> float:
    """Substitutions, deletions and insertions per word said (Levenshtein over words); case and signs do not count."""
    errors = said_words = 0
    for said, heard in pairs:
        reference, hypothesis = _words(said), _words(heard)
        errors += _distance(reference, hypothesis)
        said_words += len(reference)
    return errors / said_words if said_words else 0.0


def _distance(reference: list[str], hypothesis: list[str]) -> int:
    row = list(range(len(hypothesis) + 1))
    for done, word in enumerate(reference, 1):
        before, row = row, [done]
        for at, other in enumerate(hypothesis):
            row.append(min(before[at] + (word != other), before[at + 1] + 1, row[at] + 1))
    return row[-1]


def _words(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9' ]", " ", text.lower()).split()


def _turn(step: StepReport, heard: _Turn) -> TurnReport:
    response = heard.response or _Response()
    origin_ms, first_ms = step.caller_end_ms, step.agent_first_ms
    stages: dict[str, int] = {}
    if origin_ms is not None:
        stages = {name: round(at - origin_ms) for name in STAGES if (at := response.stages.get(name)) is not None}
        if first_ms is not None:
            stages["first_packet"] = round(first_ms - origin_ms)
    return TurnReport(
        caller_said=step.text if step.do != "press" else f"[key {step.text}]",
        heard_as=heard.heard_as,
        agent_said=response.agent_said,
        voice_to_voice_ms=stages.get("first_packet"),
        stages=stages,
        agent_heard_ms=response.heard_ms,
    )


def _problems(steps: list[StepReport], turns: list[TurnReport], minutes: Minutes, call: Report) -> list[str]:
    """What did not happen as it should; empty when the call was as it has to be."""
    found = [f"no answer was heard to {turn.caller_said!r}" for turn in turns if turn.voice_to_voice_ms is None]
    if len(turns) < len(steps):
        found.append(f"the agent took {len(turns)} turns of {len(steps)}")
    if not any(step.agent_stopped_ms is not None for step in steps if step.do == "barge_in"):
        found.append("the agent did not yield to the barge-in")
    pressed = "".join(step.text for step in steps if step.do == "press")
    if minutes.digits != pressed:
        found.append(f"digits {pressed!r} were heard as {minutes.digits!r}")
    if call.ended_by == "caller":
        found.append("the agent did not hang up")
    if call.packets_lost:
        found.append(f"{call.packets_lost} packets were lost")
    return found
