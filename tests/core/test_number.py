"""Numbers are compared in one spelling and shown in another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.number import dialled, is_e164, masked


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("+49 (30) 23125-012", "+493023125012"),
        ("tel:+49-30-23125-012;phone-context=example.com", "+493023125012"),
        ("sip:%2B493023125012;isub=1@pbx.example.com:5060;user=phone", "+493023125012"),
        ("SIPS:1000@pbx.example.com", "1000"),
        ("1000", "1000"),
        ("*98#", "*98#"),
        ("front-desk", "front-desk"),
        ("sip:anna.b@example.com", "anna.b"),
        ("", ""),
    ],
)
def test_a_number_has_one_spelling(address: str, number: str) -> None:
    assert dialled(address) == number


@pytest.mark.parametrize(
    ("number", "full"),
    [
        ("+493023125012", True),
        ("493023125012", False),
        ("+0302312512", False),
        ("+" + "1" * 16, False),
        ("1000", False),
    ],
)
def test_an_international_number_is_known_by_its_plus(number: str, full: bool) -> None:
    assert is_e164(number) is full


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("+493023125012", "+4930****12"),
        ("sip:+493023125012@carrier.example.com", "sip:+4930****12@carrier.example.com"),
        ("tel:+49-30-23125012", "tel:+4930****12"),
        ("030 23125012", "030****12"),
        ("1000", "1****"),
        ("12", "****"),
        ("anonymous", "anonymous"),
        ("front-desk", "fro****sk"),
    ],
)
def test_a_log_shows_the_ends_of_a_number(address: str, shown: str) -> None:
    assert masked(address) == shown


@given(st.integers(10**6, 10**15 - 1))
def test_a_masked_number_lacks_at_least_a_third_of_its_digits(subscriber: int) -> None:
    number = f"+{subscriber}"
    assert sum(sign.isdigit() for sign in masked(number)) <= (len(number) - 1) * 2 / 3
