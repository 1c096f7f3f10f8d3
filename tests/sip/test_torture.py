"""What far ends should not do and do: every call that comes of it ends once, and nothing stays behind."""

import asyncio
import contextlib
import itertools
import random
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from telephony.leg import Answered, LegEnded
from telephony.sip.exchange import Occupancy
from telephony.sip.leg import SipLeg
from tests.drive.exchange import LOOPBACK, Office, an_office, rejects
from tests.drive.odd_messages import odd_messages
from tests.drive.party import Party
from tests.drive.raw_rtp import COMFORT_NOISE, RawRtp
from tests.drive.raw_sip import RawCall, RawSip, response_to, sdp
from tests.drive.tones import loudest_hz

SILENT_PORT = 9
TONE_HZ = 600
EMPTY = Occupancy(0, 0, 1)


@dataclass
class Talk:
    """An answered call from a far end that speaks by hand."""

    office: Office
    peer: RawSip
    call: RawCall
    party: Party

    @property
    def rtp_port(self) -> int:
        """Where the endpoint wants its RTP."""
        answer = next(message for message in self.peer.received if message.startswith("SIP/2.0 200"))
        return int(answer.partition("m=audio ")[2].split()[0])


@contextlib.asynccontextmanager
async def a_talk(offer: str = sdp(SILENT_PORT), *, rtp_timeout_s: float = 20.0) -> AsyncIterator[Talk]:
    async with an_office(rtp_timeout_s=rtp_timeout_s) as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        assert await call.asks("INVITE", offer) == 200
        party = await office.arrivals.get()
        await party.sees(Answered)
        yield Talk(office, peer, call, party)


async def settled(office: Office) -> list[int]:
    """Wait until nothing is left; how often each call that arrived has ended."""
    async with asyncio.timeout(60):
        while await office.endpoint.occupancy() != EMPTY or office.endpoint.live_legs:
            pass
    parties = [office.arrivals.get_nowait() for _ in range(office.arrivals.qsize())]
    return [sum(isinstance(event, LegEnded) for event in party.events) for party in parties]


async def tone_heard(party: Party) -> float:
    await party.hears_sound()
    await party.hears(200)
    return loudest_hz(await party.hears(400))


def answers_later(leg: SipLeg) -> None:
    leg.ring()
    asyncio.get_running_loop().call_later(0.02, leg.answer)


async def test_a_call_cancelled_at_any_moment_ends_once() -> None:
    moments_ms = [*range(0, 44, 2)] * 2
    async with an_office(decide=answers_later) as office, RawSip() as peer:
        for moment_ms in moments_ms:
            call = RawCall(peer, office.endpoint.port("udp"))
            call.send("INVITE", sdp(SILENT_PORT))
            await asyncio.sleep(moment_ms / 1_000)
            call.send("CANCEL")
            code = await call.answered("INVITE")
            call.send("ACK")
            if code == 200:  # the answer overtook it
                assert await call.asks("BYE") in {200, 481}
            else:
                assert code == 487
        ended = await settled(office)

    assert ended == [1] * len(moments_ms)


async def test_both_hang_up_at_once() -> None:
    async with a_talk() as talk:
        talk.party.leg.hang_up()
        ours = await talk.peer.gets(lambda message: message.startswith("BYE"))
        talk.call.send("BYE")
        talk.peer.send(response_to(ours, "481 Gone"), talk.office.endpoint.port("udp"))
        code = await talk.call.answered("BYE")
        await talk.party.ends()
        talk.office.arrivals.put_nowait(talk.party)
        ended = await settled(talk.office)

    assert (code in {200, 481}, ended) == (True, [1])


async def test_a_storm_of_new_offers_leaves_the_call_as_it_was() -> None:
    async with a_talk() as talk:
        for number in range(60):
            talk.call.send("INVITE", sdp(SILENT_PORT, direction=("sendonly", "inactive", "sendrecv")[number % 3]))
        await talk.call.answered()
        for number in range(talk.call.sequence):
            talk.call.sequence = number + 1
            talk.call.send("ACK")
        calm = await talk.call.asks("INVITE", sdp(SILENT_PORT))
        with RawRtp(talk.rtp_port) as rtp:
            sending = asyncio.create_task(rtp.tone(TONE_HZ, 3_000))
            heard = await tone_heard(talk.party)
            sending.cancel()
        alive = talk.party.ending is None

    assert (calm, heard, alive) == (200, TONE_HZ, True)


async def test_new_offers_that_cross_each_other_leave_the_call_as_it_was() -> None:
    async with a_talk() as talk:
        port = talk.office.endpoint.port("udp")
        talk.party.leg.hold()
        ours = await talk.peer.gets(lambda message: message.startswith("INVITE"))
        crossing = await talk.call.asks("INVITE", sdp(SILENT_PORT, direction="sendonly"))
        talk.peer.send(response_to(ours, "491 Request Pending", "", talk.peer.port), port)
        await talk.peer.gets(lambda message: message.startswith("ACK"))
        calm = await talk.call.asks("INVITE", sdp(SILENT_PORT))
        with RawRtp(talk.rtp_port) as rtp:
            sending = asyncio.create_task(rtp.tone(TONE_HZ, 3_000))
            heard = await tone_heard(talk.party)
            sending.cancel()
        alive = talk.party.ending is None

    assert (crossing in {491, 500}, calm, heard, alive) == (True, 200, TONE_HZ, True)


@pytest.mark.parametrize("first", ["m=video 9 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n", "m=image 9 udptl t38\r\n"])
async def test_a_caller_who_offers_pictures_before_sound_is_heard_and_measured(first: str) -> None:
    async with a_talk(sdp(SILENT_PORT).replace("m=audio", f"{first}m=audio"), rtp_timeout_s=3.0) as talk:
        with RawRtp(talk.rtp_port) as rtp:
            sending = asyncio.create_task(rtp.tone(TONE_HZ, 20_000))
            heard = await tone_heard(talk.party)
            sending.cancel()
        ending, measured = await talk.party.ends(), await talk.party.measured()

    assert (heard, ending.reason, measured is not None) == (TONE_HZ, "media_timeout", True)


async def test_rtp_that_stops_without_a_bye_ends_the_call() -> None:
    async with a_talk(rtp_timeout_s=3.0) as talk:
        with RawRtp(talk.rtp_port) as rtp:
            sending = asyncio.create_task(rtp.tone(TONE_HZ, 20_000))
            heard = await tone_heard(talk.party)
            sending.cancel()
        ending = await talk.party.ends()
        bye = await talk.peer.gets(lambda message: message.startswith("BYE"))

    assert (heard, ending.reason, bye.startswith("BYE")) == (TONE_HZ, "media_timeout", True)


async def test_each_message_three_times_and_in_any_order_is_one_call() -> None:
    shuffle = random.Random(4475).shuffle
    async with an_office() as office, RawSip() as peer:
        calls = [RawCall(peer, office.endpoint.port("udp")) for _ in range(10)]
        codes: list[int] = []
        for method in ("INVITE", "ACK", "BYE"):
            messages = [call.request(method, sdp(SILENT_PORT) if method == "INVITE" else "") for call in calls] * 3
            shuffle(messages)
            for message in messages:
                peer.send(message, office.endpoint.port("udp"))
            if method != "ACK":
                codes = [await call.answered(method) for call in calls]
        ended = await settled(office)

    assert (codes, ended) == ([200] * 10, [1] * 10)


@pytest.mark.parametrize("ptime_ms", [10, 30, 40, 60])
async def test_packets_of_any_length_are_heard(ptime_ms: int) -> None:
    async with a_talk(sdp(SILENT_PORT) + f"a=ptime:{ptime_ms}\r\n") as talk:
        with RawRtp(talk.rtp_port) as rtp:
            sending = asyncio.create_task(rtp.tone(TONE_HZ, 3_000, ptime_ms))
            heard = await tone_heard(talk.party)
            sending.cancel()

    assert heard == TONE_HZ


async def test_a_new_source_of_the_stream_is_heard() -> None:
    async with a_talk() as talk:
        with RawRtp(talk.rtp_port) as rtp:
            await rtp.tone(TONE_HZ, 400)
            rtp.ssrc, rtp.sequence, rtp.timestamp = 77, 9, 123_456
            sending = asyncio.create_task(rtp.tone(900, 3_000))
            while loudest_hz(await talk.party.hears(400)) != 900:
                pass
            alive = talk.party.ending is None
            sending.cancel()

    assert alive


async def test_comfort_noise_is_no_speech_and_harms_nothing() -> None:
    async with a_talk(sdp(SILENT_PORT, "0 13")) as talk:
        with RawRtp(talk.rtp_port) as rtp:
            await rtp.tone(TONE_HZ, 300)
            for _ in range(10):
                rtp.send(b"\x40", COMFORT_NOISE, samples=1_600)
                await asyncio.sleep(0.02)
            sending = asyncio.create_task(rtp.tone(900, 3_000))
            while loudest_hz(await talk.party.hears(400)) != 900:
                pass
            alive = talk.party.ending is None
            sending.cancel()

    assert alive


async def test_rtp_from_an_address_that_nobody_named_is_heard() -> None:
    async with a_talk() as talk:
        with RawRtp(talk.rtp_port, host="127.0.0.3") as rtp:
            sending = asyncio.create_task(rtp.tone(TONE_HZ, 3_000))
            heard = await tone_heard(talk.party)
            sending.cancel()

    assert heard == TONE_HZ


@pytest.mark.parametrize(
    "offer",
    [
        sdp(SILENT_PORT).partition("m=")[0],
        sdp(0),
        sdp(SILENT_PORT).replace("m=audio", "m=video"),
        sdp(SILENT_PORT, direction="inactive"),
    ],
    ids=["no media", "refused audio", "only video", "inactive"],
)
async def test_an_offer_without_media_leaves_nothing_behind(offer: str) -> None:
    async with an_office() as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        code = await call.asks("INVITE", offer)
        if code == 200 and await call.asks("BYE") not in {200, 481}:
            raise AssertionError("the BYE was not answered")
        ended = await settled(office)

    assert (code in {200, 400, 488}, set(ended) <= {1}) == (True, True)


async def test_odd_messages_harm_nobody() -> None:
    async with an_office(decide=rejects(404)) as office, RawSip() as peer:
        port = office.endpoint.port("udp")
        calls = (RawCall(peer, port) for _ in itertools.count())
        names = [name for name, _ in odd_messages(next(calls).request("INVITE", sdp(SILENT_PORT)))]
        for number in range(len(names)):
            peer.send([*odd_messages(next(calls).request("INVITE", sdp(SILENT_PORT)))][number][1], port)
        after = await next(calls).asks("INVITE", sdp(SILENT_PORT))
        ended = await settled(office)

    assert (after, set(ended)) == (404, {1})


@pytest.mark.parametrize("name", ["short names", "wide spaces", "folded lines", "shouted names", "unknown fields"])
async def test_odd_but_right_messages_are_understood(name: str) -> None:
    async with an_office(decide=rejects(404)) as office, RawSip() as peer:
        call = RawCall(peer, office.endpoint.port("udp"))
        odd = dict(odd_messages(call.request("INVITE", sdp(SILENT_PORT))))[name]
        peer.send(odd, office.endpoint.port("udp"))
        code = await call.answered()
        party = await office.arrivals.get()

    assert (code, party.leg.called, party.leg.caller) == (404, "1000", "raw")


async def insists(port: int) -> int:
    """A caller whose INVITE is sent again and again until it is answered."""
    async with RawSip() as caller:
        call = RawCall(caller, port)
        invite = call.request("INVITE", sdp(SILENT_PORT))
        while True:
            caller.send(invite, port)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    return await call.answered()


@pytest.mark.slow
async def test_ten_thousand_invites_of_a_stranger_keep_nobody_from_calling() -> None:
    own = replace(LOOPBACK, allow=("127.0.0.1",))
    async with an_office(own, decide=rejects(404)) as office, RawSip() as named:
        port = office.endpoint.port("udp")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.9", 0))
            for number in range(10_000):
                stranger.sendto(RawCall(named, port).request("INVITE", sdp(SILENT_PORT)).encode(), ("127.0.0.1", port))
                if number % 50 == 0:
                    await asyncio.sleep(0)
            code = await insists(port)
        ended = await settled(office)

    assert (code, ended) == (404, [1])
