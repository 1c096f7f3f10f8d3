"""When a provider rests."""

from pipeline.fallback.breaker import FAILURES, REST_MS, Breaker


def a_resting_breaker() -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(0.0)
    return breaker


def test_a_provider_rests_after_failures_in_a_row() -> None:
    breaker = Breaker()
    opened = [breaker.failed(float(at)) for at in range(FAILURES)]

    assert (opened, breaker.lets_through(10.0)) == ([False] * (FAILURES - 1) + [True], False)


def test_a_success_between_failures_begins_a_new_count() -> None:
    breaker = Breaker()
    for at in range(2 * FAILURES):
        breaker.failed(float(at))
        breaker.worked()

    assert breaker.lets_through(100.0)


def test_one_failure_may_be_the_fault_of_who_asked() -> None:
    breaker = Breaker()
    breaker.failed(0.0)

    assert (breaker.lets_through(1.0), a_resting_breaker().lets_through(REST_MS - 1)) == (True, False)


def test_one_request_probes_a_provider_that_has_rested() -> None:
    breaker = a_resting_breaker()
    before = [breaker.lets_through(REST_MS + at) for at in range(2)]
    breaker.asked(REST_MS + 2)
    during = breaker.lets_through(REST_MS + 3)
    breaker.worked()

    assert (before, during, breaker.lets_through(REST_MS + 4)) == ([True, True], False, True)


def test_a_probe_that_fails_doubles_the_rest() -> None:
    breaker = a_resting_breaker()
    breaker.asked(REST_MS)
    breaker.failed(REST_MS)

    assert [breaker.lets_through(REST_MS + wait) for wait in (REST_MS, 2 * REST_MS - 1, 2 * REST_MS)] == [
        False,
        False,
        True,
    ]


def test_a_probe_that_nobody_ever_reports_on_is_not_the_last_one() -> None:
    breaker = a_resting_breaker()
    breaker.asked(REST_MS)

    assert [breaker.lets_through(at) for at in (2 * REST_MS - 1, 2 * REST_MS)] == [False, True]


def test_what_was_asked_before_the_rest_does_not_prolong_it() -> None:
    breaker = a_resting_breaker()
    opened = [breaker.failed(float(at)) for at in range(20)]

    assert (any(opened), breaker.lets_through(REST_MS)) == (False, True)
