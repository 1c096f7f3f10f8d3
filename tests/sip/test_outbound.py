"""Calls of ours to a far end that answers by hand: early, late, wrongly or not at all."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

import pytest

from telephony.leg import Answered, CallRefusedError, Ending, Ringing
from telephony.settings import Trunk
from tests.drive.exchange import Office, an_office
from tests.drive.party import Party
from tests.drive.raw_sip import G729_OFFER, RawCall, RawSip, response_to, sdp

MEDIA_PORT = 9


class FarEnd:
    """One call of ours as the far end sees it."""

    def __init__(self, peer: RawSip, office: Office, party: Party, invite: str) -> None:
        self.peer = peer
        self.party = party
        self.invite = invite
        self._office = office

    def replies(self, status: str, body: str = "") -> None:
        self.peer.send(response_to(self.invite, status, body, self.peer.port), self._office.endpoint.port("udp"))

    async def gets(self, method: str) -> str:
        return await self.peer.gets(lambda message: message.startswith(f"{method} "))


@contextlib.asynccontextmanager
async def a_far_end() -> AsyncIterator[FarEnd]:
    async with an_office() as office, RawSip() as peer:
        party = await office.dials(f"sip:5000@127.0.0.1:{peer.port}")
        invite = await peer.gets(lambda message: message.startswith("INVITE "))
        yield FarEnd(peer, office, party, invite)


async def test_our_offer_names_our_codecs_in_order() -> None:
    async with a_far_end() as far_end:
        codecs = [line.split()[1] for line in far_end.invite.split("\r\n") if line.startswith("a=rtpmap:")]

    assert codecs == ["PCMU/8000", "PCMA/8000", "telephone-event/8000"]


async def test_early_media_is_no_answer() -> None:
    async with a_far_end() as far_end:
        far_end.replies("183 Session Progress", sdp(MEDIA_PORT))
        await far_end.party.sees(Ringing)
        far_end.replies("180 Ringing")
        far_end.replies("200 OK", sdp(MEDIA_PORT))
        await far_end.party.sees(Answered)

    assert far_end.party.events[:2] == [Ringing(), Answered(tells_keys=False)]


async def test_hanging_up_before_any_word_becomes_a_cancel() -> None:
    async with a_far_end() as far_end:
        far_end.party.leg.hang_up("gave_up")
        ending = await far_end.party.ends()
        far_end.replies("180 Ringing")
        cancel = await far_end.gets("CANCEL")

    assert (ending, cancel.split()[1]) == (Ending("us", "gave_up", 487), far_end.invite.split()[1])


async def test_an_answer_that_crosses_our_hanging_up_gets_a_bye() -> None:
    async with a_far_end() as far_end:
        far_end.party.leg.hang_up()
        await far_end.party.ends()
        far_end.replies("200 OK", sdp(MEDIA_PORT))
        await far_end.gets("ACK")
        await far_end.gets("BYE")

    assert not any(isinstance(event, Answered) for event in far_end.party.events)


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        ("302 Moved Temporarily", Ending("callee", "moved", 302)),
        ("401 Unauthorized", Ending("carrier", "not_permitted", 401)),
        ("408 Request Timeout", Ending("callee", "no_answer", 408)),
        ("488 Not Acceptable Here", Ending("callee", "no_common_codec", 488)),
        ("500 Server Internal Error", Ending("carrier", "failed", 500)),
        ("503 Service Unavailable", Ending("carrier", "failed", 503)),
        ("600 Busy Everywhere", Ending("callee", "busy", 600)),
        ("607 Unwanted", Ending("callee", "declined", 607)),
    ],
)
async def test_each_refusal_has_its_ending(status: str, ending: Ending) -> None:
    async with a_far_end() as far_end:
        far_end.replies(status)
        ended = await far_end.party.ends()

    assert ended == ending


async def test_an_answer_with_none_of_our_codecs_is_no_call() -> None:
    async with a_far_end() as far_end:
        far_end.replies("200 OK", sdp(MEDIA_PORT, G729_OFFER))
        ending = await far_end.party.ends()
        await far_end.gets("BYE")

    assert ending.reason == "no_common_codec"
    assert not any(isinstance(event, Answered) for event in far_end.party.events)


async def test_audio_flows_again_after_a_hold_on_another_port() -> None:
    async with an_office() as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
            media.bind(("127.0.0.1", 0))
            await call.asks("INVITE", sdp(MEDIA_PORT))
            party = await office.arrivals.get()
            await party.sees(Answered)
            await call.asks("INVITE", sdp(MEDIA_PORT, direction="sendonly"))
            await call.asks("INVITE", sdp(media.getsockname()[1]))
            answer = [message for message in peer.received if message.startswith("SIP/2.0 200")][-1]
            port = int(answer.partition("m=audio ")[2].split()[0])
            number = 0
            while not any(await party.hears(20)):
                number += 1
                header = struct.pack("!BBHII", 0x80, 0, number, number * 160, 99)
                media.sendto(header + b"\x10" * 160, ("127.0.0.1", port))
            media.setblocking(False)
            packet = await asyncio.get_running_loop().sock_recv(media, 2_048)

    assert (len(packet), packet[1] & 0x7F) == (172, 0)


async def test_a_trunk_that_is_not_there_is_told_with_those_that_are() -> None:
    carrier = Trunk(name="carrier", registrar="sip:127.0.0.1:9")
    async with an_office(trunks=(carrier,)) as office:
        with pytest.raises(CallRefusedError, match="no trunk 'carier'; there are carrier"):
            await office.endpoint.call("5000", "carier")

        assert office.endpoint.live_legs == 0


async def test_a_trunk_dials_only_what_is_allowed_and_only_so_often() -> None:
    async with RawSip() as carrier:
        server = f"sip:127.0.0.1:{carrier.port}"
        trunk = Trunk(name="carrier", registrar=server, register=False, dial=("4",), calls_out_per_hour=1)
        async with an_office(trunks=(trunk,)) as office:
            refused = []
            for number in ("5000", f"sip:5000@127.0.0.1:{carrier.port}", "4000", "4001"):
                try:
                    await office.endpoint.call(number, "carrier")
                except CallRefusedError as error:
                    refused.append((number[:8], str(error)))
            invite = await carrier.gets(lambda message: message.startswith("INVITE"))

    not_allowed = "the trunk 'carrier' dials only what its key `dial` allows, and not this"
    assert refused == [
        ("5000", not_allowed),
        ("sip:5000", not_allowed),
        ("4001", "the trunk 'carrier' has placed 1 calls within an hour"),
    ]
    assert invite.startswith("INVITE sip:4000@")
