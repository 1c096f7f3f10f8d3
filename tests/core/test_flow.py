"""A flow says what is wrong with it before a caller finds out, and what its callers may say."""

from typing import Any

import msgspec
import pytest

from pipeline.flow import Flow
from pipeline.flow_faults import faults as faults_in

SOUND: dict[str, Any] = {
    "greeting": "Hello.",
    "start": "open",
    "otherwise": ["Pardon?"],
    "when": [{"keywords": ["table"], "reply": "Certainly.", "goto": "booking", "forget": ["people"]}],
    "slots": {"people": {"values": {"two": ["two", "a couple"], "four": []}, "frames": ["for {}"]}},
    "states": {
        "open": {},
        "booking": {"needs": {"people": "For how many?"}, "then": "done"},
        "done": {
            "ask": "A table for {people}. Anything else?",
            "when": [{"says": ["no"], "call": {"name": "hang_up"}}],
        },
    },
}


def flow_with(**changes: Any) -> Flow:
    return msgspec.convert({**SOUND, **changes}, Flow)


def booking(**changes: Any) -> dict[str, Any]:
    return {**SOUND["states"], "booking": {**SOUND["states"]["booking"], **changes}}


def rule(**fields: Any) -> list[dict[str, Any]]:
    return [*SOUND["when"], {"keywords": ["x"], "reply": "Y.", **fields}]


def test_a_sound_flow_has_no_faults() -> None:
    assert faults_in(flow_with()) == []


@pytest.mark.parametrize(
    ("changes", "path", "problem"),
    [
        ({"start": "begin"}, ("start",), "there is no state 'begin'"),
        ({"greeting": " "}, ("greeting",), "the agent needs something to say first"),
        ({"greeting": "Hello {name}."}, ("greeting",), "slot 'name' is never captured"),
        ({"when": rule(goto="nowhere")}, ("when", 1, "goto"), "there is no state 'nowhere'"),
        (
            {"when": rule(call={"name": "f", "goto": "nowhere"})},
            ("when", 1, "call", "goto"),
            "there is no state 'nowhere'",
        ),
        (
            {"when": rule(call={"name": "f", "arguments": {"a": "{age}"}})},
            ("when", 1, "call", "arguments", "a"),
            "slot 'age' is never captured",
        ),
        ({"when": rule(reply=["Yes.", "For {age}."])}, ("when", 1, "reply", 1), "slot 'age' is never captured"),
        ({"when": rule(pattern="(")}, ("when", 1, "pattern"), "not a regular expression"),
        ({"when": rule(digits="one")}, ("when", 1, "digits"), "digits are 0-9 * # A-D"),
        ({"when": rule(keywords=["?"])}, ("when", 1, "keywords", 0), "there is no word in it"),
        ({"when": rule(says=["for {age}"])}, ("when", 1, "says", 0), "there is no slot 'age'"),
        ({"when": rule(forget=["age"])}, ("when", 1, "forget", 0), "slot 'age' is never captured"),
        ({"when": rule(keywords=[])}, ("when", 1), "nothing can match this rule"),
        ({"when": rule(reply="")}, ("when", 1), "this rule does nothing"),
        ({"when": rule(reply="", goto="open")}, ("when", 1), "nothing to say"),
        ({"otherwise": []}, ("states", "open", "otherwise"), "nothing to say when the caller is not understood"),
        ({"states": booking(needs={"age": "?"})}, ("states", "booking", "needs", "age"), "there is no slot 'age'"),
        ({"states": booking(amends=["age"])}, ("states", "booking", "amends", 0), "there is no slot 'age'"),
        ({"states": booking(then="")}, ("states", "booking", "then"), "must name the state after it"),
        ({"states": booking(then="open")}, ("states", "booking", "then"), "nothing to say: state 'open' asks nothing"),
        ({"states": booking(then="booking")}, ("states", "booking", "then"), "state 'booking' asks nothing"),
        (
            {"slots": {**SOUND["slots"], "account": {"digits": "8-6"}}},
            ("slots", "account", "digits"),
            "no number has so many digits",
        ),
        ({"states": {**SOUND["states"], "attic": {}}}, ("states", "attic"), "no call can come to this state"),
        ({"slots": {"people": {"values": {}}}}, ("slots", "people", "values"), "at least one value"),
        (
            {"slots": {"people": {"values": {"two": []}, "frames": ["for"]}}},
            ("slots", "people", "frames", 0),
            "a frame holds {} once",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(changes: dict[str, Any], path: tuple[str | int, ...], problem: str) -> None:
    faults = dict(faults_in(flow_with(**changes)))

    assert problem in faults[path]


def test_all_faults_are_told_together() -> None:
    flow = flow_with(start="begin", when=rule(pattern="(", goto="nowhere"))

    assert {path for path, _ in faults_in(flow)} >= {("start",), ("when", 1, "pattern"), ("when", 1, "goto")}


def test_states_that_lead_only_to_each_other_are_not_reached() -> None:
    attic = {"attic": {"ask": "?", "then": "cellar"}, "cellar": {"ask": "?", "then": "attic"}}

    faults = faults_in(flow_with(states={**SOUND["states"], **attic}))

    assert [path for path, _ in faults] == [("states", "attic"), ("states", "cellar")]


def test_a_key_that_means_nothing_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `replay`"):
        flow_with(when=[{"keywords": ["x"], "replay": "Y."}])


def test_the_recogniser_is_told_every_phrase_and_every_value_once() -> None:
    flow = flow_with(when=rule(says=["a table for {people}", "good evening"]))

    assert flow.phrases() == (
        "table",
        "a table for two",
        "a table for a couple",
        "a table for four",
        "good evening",
        "x",
        "no",
        "two",
        "for two",
        "a couple",
        "for a couple",
        "four",
        "for four",
    )
