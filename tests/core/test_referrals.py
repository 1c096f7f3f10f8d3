"""To whom a far end may refer us: what a REFER may name, and what it is answered."""

import pytest

from telephony.referrals import address_in, allowed, broken_patterns, verdict

HOME = frozenset({"192.0.2.1", "pbx.example.com"})
HERE = ("2*", "boss", "*@phones.example.com")


@pytest.mark.parametrize(
    ("refer_to", "code"),
    [
        ("<sip:200@192.0.2.1:5060;transport=tcp>", 202),
        ('"Ann, Sales" <sips:2001@PBX.example.com>;x=y', 202),
        ("Ann <sip:2-0.0@pbx.example.com>", 202),
        ("sip:boss@pbx.example.com", 202),
        ("<sip:ann@Phones.example.com>", 202),
        ("<sip:200@192.0.2.1?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces>", 202),
        ("<sip:300@192.0.2.1>", 403),
        ("<sip:200@elsewhere.example>", 403),
        ("<sip:boss2@192.0.2.1>", 403),
        ("<sip:200@192.0.2.1;maddr=203.0.113.9>", 403),
        ("<sip:200@192.0.2.1;%6Daddr=203.0.113.9>", 403),
        ("<sip:200@192.0.2.1;Method=MESSAGE>", 403),
        ("<sip:200@192.0.2.1?Replaces=a%0D%0AX-B:c%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>", 403),
        ("<sip:2%00@192.0.2.1>", 403),
        ("<sip:200@192.0.2.1?P-Asserted-Identity=sip:chief@pbx.example.com>", 403),
        ('"<sip:200@192.0.2.1>" <sip:9@elsewhere.example>', 403),
        ('"\\"<sip:200@192.0.2.1>" <sip:9@elsewhere.example>', 403),
        ("<sip:200@192.0.2.1> <sip:9@elsewhere.example>", 416),
        ("<tel:+49301>", 416),
        ("<sip:192.0.2.1>", 416),
        ("<sip:ann@elsewhere.example/.phones.example.com>", 416),
        ("<sip:200:secret@192.0.2.1>", 416),
        ("<sip:200@192.0.2.1", 416),
        ("", 416),
    ],
)
def test_a_refer_names_whom_the_route_allows(refer_to: str, code: int) -> None:
    assert verdict(refer_to, HERE, HOME) == code


def test_where_nobody_is_named_nobody_is_followed() -> None:
    assert verdict("<sip:200@192.0.2.1>", (), HOME) == 603


def test_the_fields_that_go_with_an_address_are_no_part_of_it() -> None:
    assert address_in('"Ann" <sip:200@192.0.2.1;x?Replaces=1>') == "sip:200@192.0.2.1;x"


def test_whom_the_agent_may_transfer_to_may_be_named_too() -> None:
    targets = {"sales": "sip:*98@pbx.example.com:5080", "desk": "tel:+49-30-1"}

    everybody = allowed(("2*",), targets)

    named = ("sip:*98@pbx.example.com", "sip:+49301@192.0.2.1", "sip:2@192.0.2.1", "sip:198@pbx.example.com")
    assert [verdict(address, everybody, HOME) for address in named] == [202, 202, 202, 403]


def test_a_pattern_that_fits_nobody_is_told() -> None:
    assert list(broken_patterns(("2*", "a@b", "", "sip:a@b", "a b", "@host"))) == ["", "sip:a@b", "a b", "@host"]
