"""SIP, SDP and RTP as the test phone reads and writes them."""

import pytest

from telephony.wire import rtp, sdp
from telephony.wire.message import (
    MalformedMessageError,
    Request,
    Response,
    bare_uri,
    cseq,
    first_message_bytes,
    parameter,
    read,
    text_of,
    value,
    values,
)
from telephony.wire.speech import AUDIBLE_LEVEL, level_of, loudness_table, silence, speech_of

OPTIONS = Request("OPTIONS", "sip:a@b", (("Via", "SIP/2.0/UDP h;branch=z9hG4bKx"), ("CSeq", "7 OPTIONS")), b"hello")


def test_a_message_survives_the_wire() -> None:
    assert read(text_of(OPTIONS)) == OPTIONS


def test_compact_and_folded_fields_are_understood() -> None:
    wire = b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP one\r\nVIA: SIP/2.0/UDP two;\r\n branch=x\r\ni: 1@h\r\n\r\n"

    message = read(wire)

    assert (values(message, "Via"), value(message, "Call-ID")) == (
        ["SIP/2.0/UDP one", "SIP/2.0/UDP two; branch=x"],
        "1@h",
    )


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"hello",
        b"OPTIONS sip:a@b SIP/2.0\r\nVia: x",
        b"OPTIONS sip:a@b HTTP/1.1\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nno colon\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 9\r\n\r\nshort",
        b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_what_is_no_sip_is_refused(wire: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        read(wire)


def test_a_stream_is_cut_between_its_messages() -> None:
    whole = text_of(OPTIONS)
    lengths = [first_message_bytes((whole + whole)[:length]) for length in (10, len(whole) - 1, len(whole) + 20)]

    assert lengths == [0, 0, len(whole)]


def test_parts_of_an_address_are_found() -> None:
    address = '"Ann" <sip:ann@h;transport=tcp>;tag=9f'

    assert (bare_uri(address), parameter(address, "tag"), parameter(bare_uri(address), "transport")) == (
        "sip:ann@h;transport=tcp",
        "9f",
        "tcp",
    )


def test_a_broken_cseq_is_zero() -> None:
    assert cseq(Response(200, "OK", (("CSeq", "x INVITE"),))) == (0, "INVITE")


def test_an_offer_is_read_as_it_was_written() -> None:
    offer = sdp.Description("127.0.0.1", 4_000, ("alaw", "ulaw"), 101, "sendonly")

    assert sdp.read(sdp.text_of(offer)) == offer


def test_an_offer_without_g711_has_nothing_for_us() -> None:
    with pytest.raises(sdp.NoCommonAudioError):
        sdp.read(b"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 9\r\n")


def test_the_far_end_numbers_its_events_as_it_likes() -> None:
    body = b"v=0\r\nc=IN IP4 192.0.2.7\r\nm=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"

    assert sdp.read(body) == sdp.Description("192.0.2.7", 4_000, ("ulaw",), 96)


def test_a_packet_with_sources_extension_and_padding_yields_its_payload() -> None:
    head = bytearray(rtp.header(0, marker=True, sequence=5, timestamp=6, ssrc=7))
    head[0] |= 0x20 | 0x10 | 0x01
    wire = bytes(head) + b"SRC1" + b"\xbe\xde\x00\x01EXT1" + b"speech" + b"\0\0\x03"

    assert rtp.read(wire) == rtp.Packet(0, True, 5, 6, 7, b"speech")


@pytest.mark.parametrize("wire", [b"", b"\x80" * 11, b"\x00" * 40, b"\x9f" + b"\x00" * 20])
def test_garbage_is_no_packet(wire: bytes) -> None:
    assert rtp.read(wire) is None


def test_a_key_press_grows_while_held_and_ends_three_times() -> None:
    press = list(rtp.key_press("#", hold_ms=60))

    assert (
        [int.from_bytes(payload[2:], "big") for payload in press],
        [rtp.key_released(payload) for payload in press],
    ) == ([160, 320, 480, 480, 480, 480], [None, None, None, "#", "#", "#"])


def test_speech_is_cut_to_what_is_audible() -> None:
    sound = b"\x00\x20\x00\xe0" * 400
    speech = speech_of(bytes(4_000) + sound + bytes(9_000))

    assert (len(speech.ulaw), speech.duration_ms, [len(packet) for packet in speech.alaw]) == (5, 100, [160] * 5)


def test_the_last_sample_of_a_speech_is_audible() -> None:
    speech = speech_of(bytes(700) + b"\x00\x20\x00\xe0" * 101 + bytes(700))

    assert speech.ulaw[-1][-40:] != silence("ulaw")[-40:]


def test_silence_in_either_law_is_inaudible_and_a_whisper_is_not() -> None:
    whisper = speech_of(b"\x60\x00\xa0\xff" * 80)
    levels = [
        level_of(packet, loudness_table(law))
        for law in ("ulaw", "alaw")
        for packet in (silence(law), whisper.packets(law)[0])
    ]

    assert [level >= AUDIBLE_LEVEL for level in levels] == [False, True, False, True]
