"""Which calls may be: limits of calls at a time, and what a trunk may be asked to dial."""

import pytest

from telephony.traffic import DialRules, Limits, Passage, Traffic

FREE = DialRules(prefixes=("*",))


def traffic(limits: Limits, **rules: DialRules) -> Traffic:
    return Traffic(limits, rules)


def test_a_node_that_is_full_takes_nobody() -> None:
    calls = traffic(Limits(node=2))
    for key in (1, 2):
        calls.enter(key, Passage(None, "1000", "192.0.2.1"))
    full = (calls.is_full, calls.refusal(Passage("carrier", "1001")))

    calls.leave(1, 0.0)

    assert (full, calls.refusal(Passage("carrier", "1001"))) == ((True, "all lines are busy"), None)


@pytest.mark.parametrize(
    ("limits", "busy", "free"),
    [
        (Limits(node=9, per_trunk={"a": 1}), Passage("a", "2", "192.0.2.2"), Passage("b", "1", "192.0.2.1")),
        (Limits(node=9, per_did=1), Passage("b", "1", "192.0.2.2"), Passage("a", "2", "192.0.2.1")),
        (Limits(node=9, per_source=1), Passage("b", "2", "192.0.2.1"), Passage("a", "1", "192.0.2.2")),
    ],
)
def test_a_trunk_a_did_and_a_source_have_limits_of_their_own(limits: Limits, busy: Passage, free: Passage) -> None:
    calls = traffic(limits)
    calls.enter(1, Passage("a", "1", "192.0.2.1"))

    assert (calls.refusal(busy) is None, calls.refusal(free)) == (False, None)


@pytest.mark.parametrize(
    ("source", "why"), [("192.0.2.1", None), ("192.0.2.3", None), ("192.0.2.2", "192.0.2.2 has 1 calls here already")]
)
def test_who_takes_anothers_place_counts_as_if_that_one_were_gone(source: str, why: str | None) -> None:
    calls = traffic(Limits(node=2, per_source=1, per_did=2, per_trunk={"a": 2}))
    for key in (1, 2):
        calls.enter(key, Passage("a", "1", f"192.0.2.{key}"))

    assert calls.refusal(Passage("a", "1", source), instead_of=1) == why


@pytest.mark.parametrize("written", ["1000", "1-000", "(10)00", "10%200.0"])
def test_a_did_has_its_limit_however_it_is_written(written: str) -> None:
    calls = traffic(Limits(node=9, per_did=1))
    calls.enter(1, Passage(None, "10.00", "192.0.2.1"))

    assert calls.refusal(Passage(None, written, "192.0.2.2")) == "the number called has 1 calls already"


def test_calls_that_we_place_count_for_the_trunk_and_not_for_a_did() -> None:
    calls = traffic(Limits(node=9, per_did=1, per_trunk={"a": 1}), a=FREE)
    calls.enter(1, Passage("a", "1"))

    assert (calls.refusal(Passage("b", "1", "192.0.2.1")), calls.refusal(Passage("a", "2", "192.0.2.1"))) == (
        None,
        "all 1 lines of the trunk 'a' are busy",
    )


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("+4930123", True),
        ("sip:1-(0)01@carrier.example", True),
        ("+441234", False),
        ("004930123", False),
        ("1001", True),
        ("tel:+4930123", True),
    ],
)
def test_a_trunk_dials_what_its_prefixes_allow(target: str, allowed: bool) -> None:
    calls = traffic(Limits(node=9), a=DialRules(prefixes=("+49", "1")))

    assert (calls.dial_refusal("a", target, 0.0) is None) is allowed


def test_a_trunk_that_says_nothing_dials_nothing_and_a_direct_call_is_nobodys_money() -> None:
    calls = traffic(Limits(node=9), a=DialRules())

    assert (calls.dial_refusal("a", "1", 0.0) is None, calls.dial_refusal(None, "sip:1@h", 0.0)) == (False, None)


@pytest.mark.parametrize("trunk", [None, "pbx"])
@pytest.mark.parametrize(
    "target",
    [
        "sip:+1900@carrier.example",
        "sips:+1900@Carrier.example.:5060",
        "sip:+1900@192.0.2.9:5080;transport=tcp",
        "sip:+1900@elsewhere.example;maddr=carrier.example",
    ],
)
def test_who_is_called_at_a_trunks_own_server_is_called_by_its_rules(trunk: str | None, target: str) -> None:
    carrier = DialRules(prefixes=("+49",), servers=("sip:carrier.example;transport=tcp",), per_hour=1)
    calls = traffic(Limits(node=9), carrier=carrier, pbx=FREE)
    calls.found("carrier", "192.0.2.9:5080")
    allowed = target.replace("+1900", "+4930")
    before = [calls.dial_refusal(trunk, each, 0.0) is None for each in (target, allowed)]

    calls.placed(1, trunk, allowed, 0.0)

    assert (before, calls.dial_refusal("carrier", "+4930", 1.0)) == (
        [False, True],
        "the trunk 'carrier' has placed 1 calls within an hour",
    )


@pytest.mark.parametrize(
    "place",
    [
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:05060",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.01",
        "017700000001",
        "elsewhere;%6daddr=127.0.0.1",
        "elsewhere;MADDR=127.1",
        "elsewhere;maddr=there;maddr=127.0.0.1",
        "127.0.0.1;a=%3Bmaddr%3Delsewhere",
        '127.0.0.1;a="x;maddr=elsewhere"',
        "127.0.0.1;maddr%3Delsewhere=1",
        "127.0.0.1;transport=tls",
        "127.0.0.1;x-transport=tls",
    ],
)
def test_a_trunks_server_is_known_in_every_spelling(place: str) -> None:
    calls = traffic(Limits(node=9), a=DialRules(servers=("sip:127.0.0.1",)))

    assert calls.dial_refusal(None, f"sip:+1900@{place}", 0.0) is not None


@pytest.mark.parametrize(
    "place", ["127.0.0.1:5062", "127.0.0.2", "127.0.0.1.1.1.1", "300.1", "9" * 40, "1.x", "", "08.1"]
)
def test_who_is_somewhere_else_is_called_by_no_trunks_rules(place: str) -> None:
    calls = traffic(Limits(node=9), a=DialRules(servers=("sip:127.0.0.1",)))

    assert calls.dial_refusal(None, f"sip:+1900@{place}", 0.0) is None


def test_two_trunks_at_one_server_keep_their_own_rules() -> None:
    there = ("sip:pbx.example",)
    calls = traffic(Limits(node=9), a=DialRules(servers=there), b=DialRules(servers=there, prefixes=("1",)))

    assert [calls.dial_refusal(trunk, "sip:1@pbx.example", 0.0) is None for trunk in ("a", "b", None)] == [
        False,
        True,
        False,
    ]


def test_calls_placed_are_counted_at_a_time_and_by_the_hour() -> None:
    calls = traffic(Limits(node=9), a=DialRules(prefixes=("*",), at_a_time=1, per_hour=2))
    calls.placed(1, "a", "1", 0.0)
    still_live = calls.dial_refusal("a", "1", 1.0)
    calls.leave(1, 2.0)
    after_one = calls.dial_refusal("a", "1", 3.0)
    calls.placed(2, "a", "1", 3.0)
    calls.leave(2, 4.0)

    later = [calls.dial_refusal("a", "1", now_s) is None for now_s in (5.0, 3_599.0, 3_601.0)]

    assert (still_live is None, after_one, later) == (False, None, [False, False, True])


def test_what_calls_cost_in_a_day_has_a_limit() -> None:
    rules = DialRules(prefixes=("*",), prices={"*": 0.1, "+44": 1.0, "+4420": 0.0}, cost_per_day=2.0)
    calls = traffic(Limits(node=9), a=rules)
    calls.placed(1, "a", "+441", 0.0)
    calls.answered(1, 10.0)

    told = [calls.dial_refusal("a", number, now_s) is None for number, now_s in (("+4930", 69), ("+4930", 70))]
    free = calls.dial_refusal("a", "+44201", 80.0)
    calls.leave(1, 100.0)
    next_day = [calls.dial_refusal("a", "+4930", now_s) is None for now_s in (86_000.0, 86_600.0)]
    calls.placed(2, "a", "+4930", 86_600.0)

    assert (told, free, next_day, calls.dial_refusal("a", "+4930", 86_601.0)) == (
        [True, False],
        None,
        [False, True],
        None,
    )


def test_calls_that_ring_cost_what_they_will_when_they_are_answered() -> None:
    calls = traffic(Limits(node=9), a=DialRules(prefixes=("*",), prices={"*": 1.0}, cost_per_day=2.0))
    for key in (1, 2):
        calls.placed(key, "a", "1", 0.0)
    while_ringing = calls.dial_refusal("a", "1", 1.0)

    calls.leave(1, 2.0)

    assert (while_ringing is None, calls.dial_refusal("a", "1", 3.0)) == (False, None)


def test_a_call_that_nobody_answered_costs_nothing() -> None:
    calls = traffic(Limits(node=9), a=DialRules(prefixes=("*",), prices={"*": 5.0}, cost_per_day=1.0))
    calls.placed(1, "a", "1", 0.0)
    calls.leave(1, 60.0)

    assert calls.dial_refusal("a", "1", 61.0) is None


def test_calls_that_take_each_others_place_cost_what_they_are() -> None:
    rules = DialRules(prefixes=("*",), at_a_time=1)
    calls = traffic(Limits(node=9, per_source=1), a=rules)
    calls.enter(1, Passage("a", "1000", "192.0.2.1"))
    calls.enter(2, Passage("a", "2000"))
    calls.placed(2, "a", "2000", 0.0)

    calls.trade(1, 2)
    calls.leave(2, 1.0)

    again = calls.refusal(Passage("a", "1000", "192.0.2.1"))
    assert (again, calls.dial_refusal("a", "2000", 2.0) is None, calls.calls) == (None, False, 1)
