"""Far ends that speak SIP by hand: what they may do, and what they should not have done."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

import pytest
import structlog

from telephony.leg import Answered, DigitPressed, Ending, TransferProgress
from tests.drive.exchange import Office, an_office, rejects, rings
from tests.drive.party import Party
from tests.drive.raw_sip import G729_OFFER, RawCall, RawSip, response_to, sdp

SILENT_PORT = 9  # nobody sends RTP from here


@contextlib.asynccontextmanager
async def a_raw_call(office: Office) -> AsyncIterator[tuple[RawSip, RawCall, Party]]:
    """An answered call from a far end that sends no RTP unless the story says so."""
    async with RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        assert await call.asks("INVITE", sdp(SILENT_PORT)) == 200
        party = await office.arrivals.get()
        await party.sees(Answered)
        yield peer, call, party


async def test_trying_and_ringing_come_before_the_answer() -> None:
    async with an_office(decide=rings) as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        call.send("INVITE", sdp(SILENT_PORT))
        party = await office.arrivals.get()
        await peer.gets(lambda message: message.startswith("SIP/2.0 180"))
        party.leg.answer()
        await call.answered()

    assert [message[8:11] for message in peer.received] == ["100", "180", "200"]


async def test_a_call_is_cancelled_early() -> None:
    async with an_office(decide=rings) as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        call.send("INVITE", sdp(SILENT_PORT))
        party = await office.arrivals.get()
        await peer.gets(lambda message: message.startswith("SIP/2.0 180"))
        call.send("CANCEL")
        codes = await call.answered("CANCEL"), await call.answered("INVITE")
        ending = await party.ends()

    assert (codes, ending) == ((200, 487), Ending("caller", "cancelled", 487))


async def test_no_common_codec_is_488_and_no_call() -> None:
    async with an_office() as office, RawSip() as peer:
        code = await RawCall(peer, office.endpoint.port("udp")).asks("INVITE", sdp(SILENT_PORT, G729_OFFER))
        nobody_called = office.arrivals.empty()

    assert (code, nobody_called) == (488, True)


@pytest.mark.parametrize(
    "offer",
    [
        sdp(SILENT_PORT).replace("c=IN IP4 127.0.0.1", "c=IN IP6 ::1"),
        sdp(SILENT_PORT, "101") + "a=rtpmap:101 telephone-event/8000\r\n",
    ],
    ids=["IPv6", "only keys"],
)
async def test_an_offer_that_nobody_can_hear_is_488_before_it_rings(offer: str) -> None:
    with structlog.testing.capture_logs() as log:
        async with an_office() as office, RawSip() as peer:
            code = await RawCall(peer, office.endpoint.port("udp")).asks("INVITE", offer)
            told = [message[8:11] for message in peer.received]
            nobody_called = office.arrivals.empty()

    assert (code, "180" in told, nobody_called) == (488, False, True)
    assert not [entry for entry in log if entry["log_level"] == "error"]


async def test_an_offer_from_a_host_that_does_not_exist_is_488_and_no_fault_of_ours() -> None:
    offer = sdp(SILENT_PORT).replace("c=IN IP4 127.0.0.1", "c=IN IP4 no-such-host.invalid")
    with structlog.testing.capture_logs() as log:
        async with an_office() as office, RawSip() as peer:
            code = await RawCall(peer, office.endpoint.port("udp")).asks("INVITE", offer)
            ending = await (await office.arrivals.get()).ends()

    assert (code, ending) == (488, Ending("caller", "no_common_codec", 488))
    assert not [entry for entry in log if entry["log_level"] == "error"]


async def test_a_new_offer_without_a_common_codec_is_488_and_the_call_goes_on() -> None:
    async with an_office() as office, a_raw_call(office) as (_, call, party):
        refused = await call.asks("INVITE", sdp(SILENT_PORT, G729_OFFER))
        alive = party.ending is None
        taken = await call.asks("INVITE", sdp(SILENT_PORT))

    assert (refused, alive, taken) == (488, True, 200)


async def test_a_caller_who_hangs_up_before_the_ack_has_hung_up() -> None:
    async with an_office() as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        call.send("INVITE", sdp(SILENT_PORT))
        party = await office.arrivals.get()
        await call.answered()
        code = await call.asks("BYE")
        ending = await party.ends()

    assert (code, ending) == (200, Ending("caller", "hung_up", 200))


async def test_a_caller_waited_for_in_vain_never_acknowledged() -> None:
    async with an_office() as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        call.send("INVITE", sdp(SILENT_PORT))
        party = await office.arrivals.get()
        await call.answered()
        party.leg.hang_up("no_answer")
        ending = await party.ends()

    assert (ending.by, ending.reason) == ("caller", "no_ack")


ELSEWHERE = ["REGISTER", "REFER", "PUBLISH", "FOO", "MESSAGE"]
INSIDE_ONLY = ["BYE", "INFO", "NOTIFY", "PRACK", "UPDATE"]


@pytest.mark.parametrize(
    ("method", "code"), [*((method, 405) for method in ELSEWHERE), *((method, 481) for method in INSIDE_ONLY)]
)
async def test_a_request_of_a_stranger_is_answered(method: str, code: int) -> None:
    extra = "Event: x\r\nRAck: 1 1 INVITE\r\nRefer-To: <sip:1@127.0.0.1>\r\n"
    async with an_office() as office, RawSip() as peer:
        answered = await RawCall(peer, office.endpoint.port("udp")).asks(method, extra=extra)
        allowed = [line for line in peer.received[0].split("\r\n") if line.startswith("Allow:")]

    assert answered == code
    assert allowed == ["Allow: INVITE, ACK, BYE, CANCEL, OPTIONS"] or code != 405


async def test_a_caller_without_sdp_is_made_an_offer() -> None:
    async with an_office() as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        call.send("INVITE")
        party = await office.arrivals.get()
        await call.answered()
        offer = next(message for message in peer.received if message.startswith("SIP/2.0 200"))
        call.send("ACK", sdp(SILENT_PORT))
        await party.sees(Answered)

    assert "m=audio" in offer
    assert ("PCMU/8000" in offer, "PCMA/8000" in offer, "telephone-event/8000" in offer) == (True, True, True)


async def test_an_answer_offers_the_right_interface_and_codecs_in_order() -> None:
    async with an_office() as office, a_raw_call(office) as (peer, _, _):
        answer = next(message for message in peer.received if message.startswith("SIP/2.0 200"))

    assert "c=IN IP4 127.0.0.1" in answer
    assert "Contact: <sip:" in answer
    assert "m=audio" in answer
    assert "RTP/AVP 0" in answer


async def test_the_caller_says_bye() -> None:
    async with an_office() as office, a_raw_call(office) as (_, call, party):
        code = await call.asks("BYE")
        ending = await party.ends()

    assert (code, ending) == (200, Ending("caller", "hung_up", 200))


async def test_we_say_bye() -> None:
    async with an_office() as office, a_raw_call(office) as (peer, _, party):
        party.leg.hang_up()
        bye = await peer.gets(lambda message: message.startswith("BYE "))

    assert bye.startswith(f"BYE sip:raw@127.0.0.1:{peer.port} ")


async def test_rtp_that_never_comes_ends_the_call() -> None:
    async with an_office(rtp_timeout_s=0.5) as office, a_raw_call(office) as (peer, _, party):
        ending = await party.ends()
        await peer.gets(lambda message: message.startswith("BYE "))

    assert ending == Ending("unknown", "media_timeout", 200)


async def test_a_caller_on_hold_is_not_given_up() -> None:
    async with an_office(rtp_timeout_s=0.8) as office, a_raw_call(office) as (_, call, party):
        code = await call.asks("INVITE", sdp(SILENT_PORT, direction="inactive"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(party.ends(), 1.7)
        resumed = await call.asks("INVITE", sdp(SILENT_PORT))
        ending = await party.ends()

    assert (code, resumed, ending.reason) == (200, 200, "media_timeout")


async def test_garbage_and_strange_ssrcs_on_the_rtp_port_harm_nothing() -> None:
    async with an_office() as office, a_raw_call(office) as (peer, _, party):
        answer = next(message for message in peer.received if message.startswith("SIP/2.0 200"))
        port = int(answer.partition("m=audio ")[2].split()[0])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(100):
                stranger = struct.pack("!BBHII", 0x80, 0, number, number * 160, number % 7) + bytes(160)
                for packet in (b"", b"\x80", bytes(range(256)) * 5, stranger):
                    sender.sendto(packet, ("127.0.0.1", port))
            number = 0
            while not any(await party.hears(20)):
                number += 1
                header = struct.pack("!BBHII", 0x80, 0, number, number * 160, 99)
                sender.sendto(header + b"\x10" * 160, ("127.0.0.1", port))
        alive = party.ending is None
        party.leg.hang_up()
        ending = await party.ends()

    assert (alive, ending.by) == (True, "us")


async def test_a_key_by_sip_info_arrives() -> None:
    async with an_office() as office, a_raw_call(office) as (_, call, party):
        code = await call.asks("INFO", "Signal=5\r\nDuration=160\r\n", "application/dtmf-relay")
        key = await party.sees(DigitPressed)

    assert (code, key) == (200, DigitPressed("5"))


@pytest.mark.parametrize(("body", "key"), [("7", "7"), ("11\r\n", "#"), (" d \r\n", "D")])
async def test_a_key_by_plain_sip_info_arrives(body: str, key: str) -> None:
    async with an_office() as office, a_raw_call(office) as (_, call, party):
        code = await call.asks("INFO", body, "application/dtmf")
        pressed = await party.sees(DigitPressed)

    assert (code, pressed) == (200, DigitPressed(key))


async def test_a_message_inside_a_call_that_nobody_reads_is_answered() -> None:
    async with an_office() as office, a_raw_call(office) as (_, call, party):
        empty = await call.asks("INFO")
        no_key = await call.asks("INFO", "99", "application/dtmf")
        other = await call.asks("INFO", "{}", "application/json")
        alive = party.ending is None

    assert (empty, no_key, other, alive) == (200, 400, 415, True)


async def test_a_trunk_may_ask_whether_a_call_still_lives() -> None:
    async with an_office() as office, a_raw_call(office) as (_, call, party):
        while_it_lives = await call.asks("OPTIONS")
        party.leg.hang_up()
        await party.ends()
        stranger = RawCall(call.peer, office.endpoint.port("udp"))
        stranger.to_tag = "nobody"
        without_a_call = await stranger.asks("OPTIONS")

    assert (while_it_lives, without_a_call) == (200, 481)


async def test_options_outside_a_call_is_answered() -> None:
    async with an_office() as office, RawSip() as peer:
        code = await RawCall(peer, office.endpoint.port("udp")).asks("OPTIONS")

    assert code == 200


async def test_a_transfer_reports_its_progress() -> None:
    async with an_office() as office, a_raw_call(office) as (peer, call, party):
        party.leg.refer("sip:2000@example.org")
        refer = await peer.gets(lambda message: message.startswith("REFER "))
        peer.send(response_to(refer, "202 Accepted"), office.endpoint.port("udp"))
        event = "Event: refer\r\nSubscription-State: "
        await call.asks("NOTIFY", "SIP/2.0 180 Ringing\r\n", "message/sipfrag", event + "active\r\n")
        await call.asks("NOTIFY", "SIP/2.0 200 OK\r\n", "message/sipfrag", event + "terminated\r\n")
        await party.until(lambda: any(isinstance(event, TransferProgress) and event.final for event in party.events))

    assert "Refer-To: <sip:2000@example.org>" in refer
    progress = [(event.sip_code, event.final) for event in party.events if isinstance(event, TransferProgress)]
    assert progress == [(100, False), (180, False), (200, True)]


async def test_a_refused_transfer_is_told_and_the_call_goes_on() -> None:
    async with an_office() as office, a_raw_call(office) as (peer, _, party):
        party.leg.refer("tel:+4930123")
        refer = await peer.gets(lambda message: message.startswith("REFER "))
        peer.send(response_to(refer, "603 Decline"), office.endpoint.port("udp"))
        progress = await party.sees(TransferProgress)
        alive = party.ending is None

    assert (progress, alive) == (TransferProgress(603, final=True), True)


async def test_a_caller_cannot_make_us_call_others() -> None:
    async with an_office() as office, a_raw_call(office) as (peer, call, _):
        code = await call.asks("REFER", extra=f"Refer-To: <sip:victim@127.0.0.1:{peer.port}>\r\n")
        calls_placed = [message for message in peer.received if message.startswith("INVITE ")]

    assert (code, calls_placed) == (603, [])


async def test_a_stranger_cannot_make_us_keep_subscriptions() -> None:
    watch = "Event: presence\r\nExpires: 3600\r\nAccept: application/pidf+xml\r\n"
    async with an_office() as office, RawSip() as peer:
        code = await RawCall(peer, office.endpoint.port("udp")).asks("SUBSCRIBE", extra=watch)

    assert code == 489


MALFORMED = [
    b"",
    b"\r\n\r\n",
    b"\x00\xff\xfe" * 200,
    b"INVITE\r\n\r\n",
    b"INVITE sip:1000@127.0.0.1 SIP/2.0\r\n\r\n",
    b"INVITE sip:1000@127.0.0.1 SIP/9.9\r\nVia: x\r\n\r\n",
    b"INVITE sip:%zz@@@ SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bK\r\nFrom: <\r\nTo: >\r\n\r\n",
    b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n",
    b"A" * 60_000,
    b"INVITE sip:1000@127.0.0.1 SIP/2.0\r\n" + b"X-Long: " + b"y" * 20_000 + b"\r\n\r\n",
]


async def test_malformed_sip_harms_nobody() -> None:
    async with an_office() as office, RawSip() as peer:
        port = office.endpoint.port("udp")
        call = RawCall(peer, port)
        valid = call.request("INVITE", sdp(SILENT_PORT))
        cut = [valid[:length].encode() for length in range(0, len(valid), 37)]
        for message in [*MALFORMED, *cut]:
            peer.send(message, port)
        good = RawCall(peer, port, "2000")
        code = await good.asks("INVITE", sdp(SILENT_PORT))

    assert code == 200


async def test_a_broken_body_is_refused() -> None:
    async with an_office() as office, RawSip() as peer:
        port = office.endpoint.port("udp")
        bad_sdp = await RawCall(peer, port).asks("INVITE", "v=0\r\nthis is no sdp")
        other_kind = await RawCall(peer, port).asks("INVITE", "<xml/>", "application/xml")

    assert (bad_sdp, other_kind) == (400, 415)


async def test_an_invite_of_twenty_kilobytes_over_tcp_is_taken() -> None:
    async with an_office(decide=rejects(404)) as office, RawSip() as here:
        call = RawCall(here, office.endpoint.port("udp"))
        reader, writer = await asyncio.open_connection("127.0.0.1", office.endpoint.port("tcp"))
        invite = call.request("INVITE", sdp(SILENT_PORT), extra=f"X-Long: {'y' * 20_000}\r\n").replace("/UDP", "/TCP")
        writer.write(invite.encode())
        codes: list[str] = []
        while codes[-1:] != ["404"]:
            line = (await reader.readline()).decode()
            codes += [line.split()[1]] if line.startswith("SIP/2.0") else []
        writer.close()

    assert codes == ["100", "404"]


@pytest.mark.parametrize("size", [1_000, 10_000])
async def test_long_headers_are_taken(size: int) -> None:
    async with an_office(decide=rejects(404)) as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        code = await call.asks("INVITE", sdp(SILENT_PORT), extra=f"X-Long: {'y' * size}\r\n")
        party = await office.arrivals.get()

    assert (code, len(party.leg.headers["x-long"])) == (404, size)


async def test_credentials_are_not_passed_on_and_odd_bytes_are_made_text() -> None:
    async with an_office() as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        extra = 'Authorization: Digest username="a", response="secret"\r\nX-Name: J\xfcrgen\r\n'
        peer.send(call.request("INVITE", sdp(SILENT_PORT), extra=extra).encode("latin-1"), office.endpoint.port("udp"))
        party = await office.arrivals.get()
        await call.answered()

    assert ("authorization" in party.leg.headers, party.leg.headers["X-Name"]) == (False, "J\ufffdrgen")
