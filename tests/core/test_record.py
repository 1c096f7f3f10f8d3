"""A call's record follows the call, and only along the ways a call can take."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.leg import Ending
from telephony.state.record import TRANSITIONS, CallRecord, IllegalTransitionError, decoded, encoded

CALLER_HUNG_UP = Ending("caller", "hung_up", 200)


def a_ringing_call() -> CallRecord:
    return CallRecord(
        call_id="rtc_0123456789abcdef01234567",
        node="berlin-1",
        direction="inbound",
        caller="+493023125012",
        called="1000",
        started_at_ms=1_000,
        changed_at_ms=1_000,
        route="1000",
        agent="reception",
    )


def test_a_call_rings_is_answered_and_ends() -> None:
    call = a_ringing_call().answered(3_000).ended(9_000, CALLER_HUNG_UP, recording="a.wav")

    assert (call.state, call.is_live, call.answered_at_ms, call.ended_at_ms, call.changed_at_ms, call.ending) == (
        "ended",
        False,
        3_000,
        9_000,
        9_000,
        CALLER_HUNG_UP,
    )


def test_a_call_may_end_while_it_rings() -> None:
    call = a_ringing_call().ended(2_000, Ending("caller", "cancelled", 487))
    assert (call.state, call.answered_at_ms) == ("ended", None)


def test_a_call_whose_node_died_is_lost_since_its_last_sign() -> None:
    call = a_ringing_call().answered(3_000).lost()
    assert (call.state, call.is_live, call.changed_at_ms, call.ended_at_ms) == ("lost", False, 3_000, None)


STEPS = {
    "answered": lambda call: call.answered(2_000),
    "ended": lambda call: call.ended(3_000, CALLER_HUNG_UP),
    "lost": lambda call: call.lost(),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=5))
def test_a_call_changes_by_the_table_and_no_other_way(steps: list[str]) -> None:
    call = a_ringing_call()
    for step in steps:
        if step in TRANSITIONS[call.state]:
            call = STEPS[step](call)
            assert call.state == step
        else:
            with pytest.raises(IllegalTransitionError):
                STEPS[step](call)


def test_a_record_survives_being_written() -> None:
    call = a_ringing_call().answered(3_000).ended(9_000, CALLER_HUNG_UP)
    assert decoded(encoded(call)) == call


def test_a_record_is_plain_json() -> None:
    written = json.loads(encoded(a_ringing_call().ended(2_000, CALLER_HUNG_UP)))
    assert (written["state"], written["ending"]) == ("ended", {"by": "caller", "reason": "hung_up", "sip_code": 200})


@pytest.mark.parametrize("text", [b"", b"{}", b"not json", b'{"call_id": 7}'])
def test_what_is_no_record_is_none(text: bytes) -> None:
    assert decoded(text) is None
