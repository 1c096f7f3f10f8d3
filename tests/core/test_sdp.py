"""What an SDP of ours says of codecs."""

from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.sdp import shaped

OURS = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 96 0 8 9 97\r\na=rtcp:4001 IN IP4 192.0.2.1\r\n"
    "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
)


def test_codecs_stand_in_their_order_and_what_is_not_spoken_is_gone() -> None:
    assert shaped(OURS, ("G722", "PCMA"), 30).partition("m=audio ")[2] == (
        "4000 RTP/AVP 9 8 97\r\na=rtcp:4001 IN IP4 192.0.2.1\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-16\r\na=sendrecv\r\na=ptime:30\r\n"
    )


def test_the_session_and_media_that_are_no_audio_stay_as_they_are() -> None:
    video = "m=video 0 RTP/AVP 31\r\na=ptime:20\r\n"
    told = shaped(OURS + video, ("opus",), 20)

    assert (told.startswith(OURS.partition("m=")[0]), told.endswith(video)) == (True, True)


def test_audio_with_nothing_that_we_speak_is_left_for_the_library_to_refuse() -> None:
    assert shaped(OURS, ("G729",), 20) == OURS


@given(st.text())
def test_whatever_it_is_it_is_not_harmed(text: str) -> None:
    assert isinstance(shaped("v=0\r\nm=audio " + text, ("PCMU",), 20), str)
