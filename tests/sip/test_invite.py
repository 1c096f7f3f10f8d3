"""What is read from an INVITE, whoever wrote it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.leg import Ending
from telephony.sip.ending import unanswered_outbound_ending
from telephony.sip.invite import host_of, offers_audio, parse_invite, user_of
from telephony.sip.rtp_silence import RtpSilence
from telephony.sip.trunk import Backoff

INVITE = (
    "INVITE sip:+4930%2A1234;phone-context=x@10.0.0.1:5060;user=phone SIP/2.0\r\n"
    "v: SIP/2.0/UDP 10.0.0.2\r\n"
    'f: "sip:liar@here" <sip:alice@example.org>;tag=1\r\n'
    "t: <sip:x@y>\r\ni: abc@def\r\n"
    "Subject: first\r\n  second line\r\n"
    "X-Twice: one\r\nx-twice: two\r\n"
    "Proxy-Authorization: Digest secret\r\n"
    "No colon here\r\n"
    "\r\nX-Body: is no header\r\n"
)


def test_an_invite_tells_who_calls_whom() -> None:
    invite = parse_invite(INVITE)

    assert (invite.caller, invite.called, invite.call_id) == ("alice", "+4930*1234", "abc@def")


def test_header_fields_have_their_full_names_and_credentials_are_left_out() -> None:
    assert dict(parse_invite(INVITE).headers) == {
        "Via": "SIP/2.0/UDP 10.0.0.2",
        "From": '"sip:liar@here" <sip:alice@example.org>;tag=1',
        "To": "<sip:x@y>",
        "Call-ID": "abc@def",
        "Subject": "first second line",
        "x-twice": "two",
    }


def test_header_fields_in_order_are_as_they_were_written() -> None:
    assert parse_invite(INVITE).fields == (
        ("v", "SIP/2.0/UDP 10.0.0.2"),
        ("f", '"sip:liar@here" <sip:alice@example.org>;tag=1'),
        ("t", "<sip:x@y>"),
        ("i", "abc@def"),
        ("Subject", "first second line"),
        ("X-Twice", "one"),
        ("x-twice", "two"),
    )


def test_the_case_of_a_header_name_does_not_matter() -> None:
    headers = parse_invite(INVITE).headers

    assert (headers["CALL-id"], headers.get("proxy-authorization")) == ("abc@def", None)


@pytest.mark.parametrize(
    ("uri", "user"),
    [
        ("sip:1000@host", "1000"),
        ("<sips:%2B49@host;x=y>;tag=z", "+49"),
        ("tel:+49-30;ext=5", "+49-30"),
        ("sip:alice:password@host", "alice"),
        ("sip:host", ""),
        ("anonymous", ""),
    ],
)
def test_the_user_part_of_a_uri(uri: str, user: str) -> None:
    assert user_of(uri) == user


def test_the_host_part_of_a_uri() -> None:
    hosts = [host_of(uri) for uri in ("sip:a@h:5080;transport=tcp", "<sip:h>", "sip:h:5060")]

    assert hosts == ["h:5080;transport=tcp", "h", "h:5060"]


@given(st.text())
def test_whatever_was_sent_is_read_without_an_error(text: str) -> None:
    assert parse_invite(text).caller == parse_invite(text).caller


@given(st.integers(min_value=300, max_value=699), st.booleans())
def test_every_refusal_has_an_ending_that_is_not_ours(sip_code: int, from_peer: bool) -> None:
    ending = unanswered_outbound_ending(sip_code=sip_code, from_peer=from_peer)

    assert ending == Ending(ending.by, ending.reason, sip_code)
    assert ending.by in {"callee", "carrier"}


@pytest.mark.parametrize(
    ("sdp", "usable"),
    [
        ("", True),
        ("c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n", True),
        ("c=IN IP6 ::1\r\nm=audio 4000 RTP/AVP 0\r\n", False),
        ("c=IN IP6 ::1\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n", True),
        ("m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n", False),
        ("m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n", True),
    ],
)
def test_audio_that_can_be_heard_is_ipv4_and_more_than_keys(sdp: str, usable: bool) -> None:
    assert offers_audio(f"INVITE sip:1@h SIP/2.0\r\nv: x\r\n\r\n{sdp}") is usable


@given(st.text())
def test_whatever_is_offered_is_judged(text: str) -> None:
    assert offers_audio("INVITE\r\n\r\nm=audio " + text) in {True, False}


def test_the_next_try_comes_ever_later_up_to_a_limit() -> None:
    backoff = Backoff(2.0, 30.0)

    assert [backoff.wait_s(failures) for failures in (1, 2, 3, 4, 5, 2_000)] == [2, 4, 8, 16, 30, 30]


def test_silence_counts_from_the_last_packet_and_not_on_hold() -> None:
    silence = RtpSilence()
    counts = [(5, 0), (5, 1_000), (6, 2_000), (6, 3_500), (None, 4_000), (6, 9_000), (6, 9_500)]

    assert [silence.lasted_ms(packets, now_ms) for packets, now_ms in counts] == [0, 1_000, 0, 1_500, 0, 0, 500]
