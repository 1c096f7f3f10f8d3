"""What the demo says of a call, from what its two sides reported."""

from typing import Literal

import pytest

from pipeline.realtime.events import (
    DtmfReceived,
    ItemDone,
    ItemTruncated,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    TranscriptCompleted,
)
from pipeline.realtime.items import InputAudio, InputText, MessageItem, OutputAudio, ResponseObject
from pipeline.realtime.ours import TurnTimeline
from telephony.demo_report import Minutes, no_call, report, word_error_rate
from telephony.wire.script import Report, StepReport


def turn(number: int, heard: str, said: str) -> list[ServerEvent]:
    """One spoken turn's events."""
    caller, agent, response = f"item_{number}", f"answer_{number}", f"resp_{number}"
    answer = MessageItem(id=agent, role="assistant", content=(OutputAudio(said),))
    return [
        ItemDone(event_id="", item=MessageItem(id=caller, role="user", content=(InputAudio(),)), previous_item_id=None),
        ResponseCreated(event_id="", response=ResponseObject(id=response, status="in_progress")),
        TranscriptCompleted(event_id="", item_id=caller, transcript=heard, usage=None),  # type: ignore[arg-type]
        TurnTimeline(event_id="", response_id=response, stages={"turn_decided": 5_500.0, "first_token": 5_520.0}),
        ResponseDone(event_id="", response=ResponseObject(id=response, status="completed", output=(answer,))),
    ]


def minutes_of(*events: ServerEvent) -> Minutes:
    minutes = Minutes()
    for event in events:
        minutes.observe(event)
    return minutes


def a_call(*steps: StepReport, ended_by: Literal["caller", "agent"] = "agent", packets_lost: int = 0) -> Report:
    return Report(ended_by, "bye", 0, 0.0, 9_000.0, list(steps), [], 400, packets_lost, {}, 0.0, None)


SAID = StepReport(0, "say", "what time do you open", 4_000.0, 5_000.0, 5_600.0)
CUT_IN = StepReport(1, "barge_in", "and the menu", 7_000.0, 8_000.0, 8_500.0, agent_stopped_ms=7_080.0)


def test_each_turn_has_its_words_and_its_stages_from_the_callers_last_packet() -> None:
    minutes = minutes_of(*turn(1, "what time do you open", "At nine. "), *turn(2, "and the menu", "Fish."))
    told = report(minutes, a_call(SAID, CUT_IN), "call.wav")

    assert [(said.heard_as, said.agent_said) for said in told.turns] == [
        ("what time do you open", "At nine."),
        ("and the menu", "Fish."),
    ]
    assert told.turns[0].stages == {"turn_decided": 500, "first_token": 520, "first_packet": 600}
    assert (told.ok, told.barge_in_stop_ms, told.word_error_rate) == (True, 80, 0.0)


def test_a_cut_answer_tells_how_much_was_heard() -> None:
    cut = ItemTruncated(event_id="", item_id="answer_1", audio_end_ms=2_100)
    minutes = minutes_of(*turn(1, "what time do you open", "A long story."), cut, *turn(2, "and the menu", "Fish."))

    assert report(minutes, a_call(SAID, CUT_IN), "").turns[0].agent_heard_ms == 2_100


def test_a_key_is_a_turn() -> None:
    pressed = MessageItem(id="key", role="user", content=(InputText("[digits: 1]"),))
    events = [DtmfReceived(event_id="", event="1", received_at=0), *turn(1, "what time do you open", "At nine.")]
    key_turn = [ItemDone(event_id="", item=pressed, previous_item_id=None), *turn(2, "and the menu", "Fish.")[1:2]]
    press = StepReport(2, "press", "1", 8_600.0, 8_700.0, 8_900.0)
    told = report(minutes_of(*events, *key_turn), a_call(SAID, press), "")

    assert [said.caller_said for said in told.turns] == ["what time do you open", "[key 1]"]
    assert told.turns[1].heard_as == "[digits: 1]"


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (a_call(StepReport(0, "say", "hello", 4_000.0, 5_000.0, None), CUT_IN), "no answer was heard to 'hello'"),
        (a_call(SAID, StepReport(1, "say", "x", 7_000.0, 8_000.0, 8_500.0)), "did not yield to the barge-in"),
        (a_call(SAID, CUT_IN, ended_by="caller"), "the agent did not hang up"),
        (a_call(SAID, CUT_IN, packets_lost=3), "3 packets were lost"),
        (a_call(SAID, CUT_IN, StepReport(2, "press", "1", 8_600.0, 8_700.0, 8_900.0)), "digits '1' were heard as ''"),
    ],
)
def test_what_went_wrong_is_named(call: Report, problem: str) -> None:
    told = report(minutes_of(*turn(1, "hello", "Hi."), *turn(2, "and the menu", "Fish.")), call, "")

    assert not told.ok
    assert any(problem in found for found in told.problems)


def test_without_a_call_there_is_a_report_all_the_same() -> None:
    assert (no_call("404 Not Found").ok, no_call("404 Not Found").problems) == (
        False,
        ["there was no call: 404 Not Found"],
    )


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [
        ("one two three", "one two three", 0.0),
        ("One, two!", "one two", 0.0),
        ("one two", "one three four", 1.0),
        ("", "", 0.0),
    ],
)
def test_words_are_compared_without_case_and_signs(said: str, heard: str, rate: float) -> None:
    assert word_error_rate([(said, heard)]) == rate
