"""What the settings of a line promise is on the wire: proxy, passwords, public address, keep-alives, symmetric RTP."""

import asyncio
import re
import struct
from dataclasses import replace

import pytest

from telephony.leg import Answered, Waiting
from telephony.settings import Secret, Trunk
from telephony.sip.trunk import Registered
from tests.drive.exchange import LOOPBACK, an_office
from tests.drive.raw_rtp import RawRtp
from tests.drive.raw_sip import RawCall, RawSip, response_to, sdp
from tests.drive.registrar import Algorithm, Registrar, digest

HEADER_BYTES = 12


async def test_requests_of_a_trunk_go_by_its_proxy() -> None:
    async with Registrar() as proxy:
        trunk = Trunk(
            name="carrier",
            registrar="sip:carrier.invalid",
            proxy=f"sip:127.0.0.1:{proxy.port};lr",
            username="alice",
            password=Secret("secret"),
            dial=("*",),
        )
        async with an_office(trunks=(trunk,)) as office:
            await office.endpoint.trunks["carrier"].until(Registered)
            await office.dials("1000", trunk="carrier")
            invite = await proxy.gets(lambda message: message.startswith("INVITE"))

    assert invite.startswith("INVITE sip:1000@carrier.invalid SIP/2.0")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_a_call_proves_by_digest_who_it_is(algorithm: Algorithm) -> None:
    async with RawSip() as carrier:
        trunk = Trunk(
            name="carrier",
            registrar=f"sip:127.0.0.1:{carrier.port}",
            register=False,
            username="alice",
            password=Secret("secret"),
            dial=("*",),
        )
        async with an_office(trunks=(trunk,)) as office:
            await office.dials("1000", trunk="carrier")
            asked = await carrier.gets(lambda message: message.startswith("INVITE"))
            challenge = f'Proxy-Authenticate: Digest realm="trunk", nonce="n0nce", algorithm={algorithm}'
            carrier.send(response_to(asked, f"407 Who\r\n{challenge}"), office.endpoint.port("udp"))
            proof = await carrier.gets(
                lambda message: message.startswith("INVITE") and "Proxy-Authorization" in message
            )

    said = dict(re.findall(r'(\w+)="([^"]+)"', proof.partition("Proxy-Authorization: ")[2].partition("\r\n")[0]))
    ours, wanted = digest("alice:trunk:secret", algorithm), digest(f"INVITE:{said['uri']}", algorithm)
    assert (said["username"], said["response"]) == ("alice", digest(f"{ours}:n0nce:{wanted}", algorithm))


async def test_others_are_told_the_public_address() -> None:
    async with RawSip() as far_end, an_office(replace(LOOPBACK, public_address="203.0.113.7")) as office:
        await office.dials(f"sip:1@127.0.0.1:{far_end.port}")
        invite = await far_end.gets(lambda message: message.startswith("INVITE"))

    assert re.findall(r"^(?:c=IN IP4 |Contact: <sip:\S*@)([\d.]+)", invite, re.MULTILINE) == ["203.0.113.7"] * 2


async def test_a_registered_trunk_is_kept_open_through_nat() -> None:
    async with Registrar() as registrar:
        trunk = Trunk(name="a", registrar=registrar.uri, username="alice", password=Secret("secret"), keep_alive_s=1)
        async with an_office(trunks=(trunk,)):
            kept_open = await registrar.gets(lambda message: not message.strip())

    assert kept_open.strip() == ""


async def test_rtp_goes_where_it_comes_from_and_not_where_the_sdp_says() -> None:
    async with RawSip() as caller, an_office() as office:
        call = RawCall(caller, office.endpoint.port("udp"))
        await call.asks("INVITE", sdp(9))
        await (await office.arrivals.get()).sees(Answered)
        answer = next(message for message in caller.received if message.startswith("SIP/2.0 200"))
        with RawRtp(int(answer.partition("m=audio ")[2].split()[0]), host="127.0.0.3") as rtp:
            sending = asyncio.create_task(rtp.tone(600, 4_000))
            packet = await rtp.hears()
            sending.cancel()

    assert (packet[0] >> 6, packet[1] & 0x7F, len(packet)) == (2, 0, HEADER_BYTES + 160)


async def test_silence_is_sent_as_sound_and_comfort_noise_is_not_offered() -> None:
    async with RawSip() as far_end, an_office() as office:
        party = await office.dials(f"sip:1@127.0.0.1:{far_end.port}")
        invite = await far_end.gets(lambda message: message.startswith("INVITE"))
        with RawRtp(9) as rtp:
            answer = response_to(invite, "200 OK", sdp(rtp.port, "0 13"), far_end.port)
            far_end.send(answer, office.endpoint.port("udp"))
            await party.sees(Answered)
            packets = [await rtp.hears() for _ in range(25)]

    stamps = [struct.unpack("!I", packet[4:8])[0] for packet in packets]
    assert " 13" not in re.findall(r"^m=audio .*", invite, re.MULTILINE)[0]
    assert ({packet[1] & 0x7F for packet in packets}, stamps[-1] - stamps[0]) == ({0}, 24 * 160)


async def test_an_offer_by_update_is_answered() -> None:
    async with RawSip() as caller, an_office() as office:
        call = RawCall(caller, office.endpoint.port("udp"))
        await call.asks("INVITE", sdp(9))
        party = await office.arrivals.get()
        await party.sees(Answered)
        codes = [await call.asks("UPDATE", sdp(9, direction=way)) for way in ("sendonly", "sendrecv")]
        answers = [message for message in caller.received if re.search(r"^CSeq: \d+ UPDATE", message, re.MULTILINE)]
        await party.until(lambda: Waiting(False) in party.events)

    assert (codes, ["a=recvonly" in answers[0], "a=sendrecv" in answers[1]]) == ([200, 200], [True, True])


async def test_who_offers_srtp_alone_is_refused_where_it_is_off() -> None:
    keys = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"
    offer = sdp(9).replace("RTP/AVP", "RTP/SAVP") + keys
    async with RawSip() as caller, an_office() as office:
        plain = await RawCall(caller, office.endpoint.port("udp")).asks("INVITE", offer)
    async with RawSip() as caller, an_office(replace(LOOPBACK, srtp="optional")) as office:
        secret = await RawCall(caller, office.endpoint.port("udp")).asks("INVITE", offer)

    assert (plain, secret) == (488, 200)
