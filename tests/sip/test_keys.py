"""A key that a trunk reports by telephone-event and by SIP INFO at once is one digit."""

import socket
import struct

from telephony.leg import Answered
from tests.drive.exchange import an_office
from tests.drive.raw_sip import RawCall, RawSip, sdp

EVENTS = 101
NO_RTP_HERE = 9


def key_packets(key: int, first_sequence: int, timestamp: int) -> list[bytes]:
    """One key press as RFC 4733 section 2.5 sends it: the growing event, and its end three times."""
    return [
        struct.pack("!BBHII", 0x80, EVENTS | (0x80 if step == 0 else 0), first_sequence + step, timestamp, 7)
        + struct.pack("!BBH", key, 0x80 | 10 if step >= 5 else 10, min(step + 1, 6) * 160)
        for step in range(8)
    ]


async def test_a_key_reported_by_two_means_is_one_digit() -> None:
    async with an_office() as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        offer = sdp(NO_RTP_HERE, f"0 {EVENTS}") + f"a=rtpmap:{EVENTS} telephone-event/8000\r\n"
        await call.asks("INVITE", offer)
        party = await office.arrivals.get()
        await party.sees(Answered)
        answer = next(message for message in peer.received if message.startswith("SIP/2.0 200"))
        port = int(answer.partition("m=audio ")[2].split()[0])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk:
            for number, key in enumerate((5, 5, 7)):
                for packet in key_packets(key, number * 8, 1_000 + number * 4_000):
                    trunk.sendto(packet, ("127.0.0.1", port))
                pressed = number + 1
                await party.until(lambda pressed=pressed: len(party.digits) >= pressed)  # type: ignore[misc]
                await call.asks("INFO", f"Signal={key}\r\nDuration=160\r\n", "application/dtmf-relay")
        await call.asks("INFO", "Signal=9\r\nDuration=160\r\n", "application/dtmf-relay")
        await party.until(lambda: party.digits.endswith("9"))

    assert party.digits == "5579"
