"""A key pressed once is one digit, whoever reports it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.dtmf import KEYS, SAME_PRESS_MS, KeyReports, Means

Report = tuple[str, Means, float]


def digits_of(reports: list[Report]) -> str:
    keys = KeyReports()
    return "".join(keys.reported(*report) or "" for report in reports)


@pytest.mark.parametrize(
    ("reports", "digits"),
    [
        ([("1", "rfc4733", 0)], "1"),
        ([("1", "rfc4733", 0), ("1", "info", 80)], "1"),
        ([("1", "info", 0), ("1", "rfc4733", 5), ("1", "in_band", 60)], "1"),
        ([("1", "rfc4733", 0), ("1", "rfc4733", 150)], "11"),
        ([("1", "rfc4733", 0), ("1", "info", 20), ("1", "rfc4733", 200), ("1", "info", 220)], "11"),
        ([("1", "rfc4733", 0), ("1", "rfc4733", 120), ("1", "info", 180), ("1", "info", 260)], "11"),
        ([("1", "rfc4733", 0), ("2", "info", 20)], "12"),
        ([("1", "rfc4733", 0), ("2", "rfc4733", 100), ("1", "info", 110), ("2", "info", 190)], "12"),
        ([("1", "rfc4733", 0), ("1", "info", SAME_PRESS_MS + 1)], "11"),
    ],
)
def test_one_press_is_one_digit(reports: list[Report], digits: str) -> None:
    assert digits_of(reports) == digits


@given(
    st.lists(st.tuples(st.sampled_from(sorted(KEYS)), st.integers(80, 1_000)), max_size=12),
    st.lists(st.integers(0, 70), min_size=12, max_size=12),
)
def test_two_means_never_change_what_was_dialled(presses: list[tuple[str, int]], lags_ms: list[int]) -> None:
    reports: list[Report] = []
    at_ms = 0.0
    for (key, pause_ms), lag_ms in zip(presses, lags_ms, strict=False):
        at_ms += pause_ms
        reports += [(key, "rfc4733", at_ms), (key, "info", at_ms + lag_ms)]

    assert digits_of(sorted(reports, key=lambda report: report[2])) == "".join(key for key, _ in presses)
