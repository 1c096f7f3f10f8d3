"""TLS and SRTP on real calls: certificates, keys by SDES and DTLS, required and optional, peers known by a name."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from telephony.leg import Answered
from telephony.line_settings import Use
from telephony.settings import SipSettings, Trunk
from tests.drive.certificate import NAME, a_certificate
from tests.drive.exchange import LOOPBACK, Office, an_office
from tests.drive.raw_sip import RawCall, RawSip, sdp
from tests.drive.tones import a_tone, loudest_hz


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> SipSettings:
    """An endpoint with TLS, whose certificate is its own authority."""
    certificate, key = a_certificate(tmp_path_factory.mktemp("tls") / "keys")
    return replace(
        LOOPBACK, udp_port=None, tls_port=0, tls_certificate=certificate, tls_key=key, tls_authorities=certificate
    )


def over_tls(office: Office) -> str:
    return f"sip:1000@127.0.0.1:{office.endpoint.port('tls')};transport=tls"


async def tones_heard(office: Office, uri: str) -> tuple[float, float]:
    """A call to ourselves: what is heard at each end of what the other plays."""
    caller = await office.dials(uri)
    callee = await office.arrivals.get()
    await asyncio.gather(caller.sees(Answered), callee.sees(Answered))
    caller.leg.audio.play(a_tone(440, 2_000))
    callee.leg.audio.play(a_tone(1_000, 2_000))
    await asyncio.gather(caller.hears_sound(), callee.hears_sound())
    at_caller, at_callee = await asyncio.gather(caller.hears(1_000), callee.hears(1_000))
    return loudest_hz(at_caller), loudest_hz(at_callee)


async def test_a_call_over_tls(house: SipSettings) -> None:
    async with an_office(house) as office:
        heard = await tones_heard(office, over_tls(office))
        await office.dials(over_tls(office))
        via = (await office.arrivals.get()).leg.headers["Via"]

    assert (heard, via.split()[0]) == ((1_000, 440), "SIP/2.0/TLS")


async def test_a_server_whose_certificate_nobody_vouches_for_is_not_called(house: SipSettings) -> None:
    strict = replace(house, tls_authorities=Path("/etc/ssl/certs/ca-certificates.crt"))
    async with an_office(strict) as office:
        ending = await (await office.dials(over_tls(office))).ends()

    assert (ending.by, ending.reason, office.arrivals.empty()) == ("carrier", "unreachable", True)


@pytest.mark.parametrize("keys", ["sdes", "dtls"])
@pytest.mark.parametrize("srtp", ["optional", "required"])
async def test_audio_is_encrypted_both_ways(srtp: Use, keys: Literal["sdes", "dtls"]) -> None:
    async with an_office(replace(LOOPBACK, srtp=srtp, srtp_keys=(keys,))) as office:
        heard = await tones_heard(office, office.uri())
        medium = await medium_offered(office)

    shown = "a=crypto:" if keys == "sdes" else "a=fingerprint:"
    profiles = ("RTP/AVP",) if f"{srtp} {keys}" == "optional sdes" else ("RTP/SAVP", "UDP/TLS/RTP/SAVP")
    assert (heard, shown in medium, medium.startswith(profiles)) == ((1_000, 440), True, True)


async def medium_offered(office: Office) -> str:
    """What an INVITE of ours says of its audio, from the protocol on."""
    async with RawSip() as far_end:
        await office.dials(f"sip:1@127.0.0.1:{far_end.port}")
        invite = await far_end.gets(lambda message: message.startswith("INVITE"))
    found = re.search(r"^m=audio \d+ (.*)", invite, re.MULTILINE | re.DOTALL)
    assert found, invite
    return found[1]


async def test_a_caller_without_srtp_is_refused_where_it_is_required_and_taken_where_it_is_not() -> None:
    codes = []
    uses: tuple[Use, Use] = ("required", "optional")
    for srtp in uses:
        async with RawSip() as caller, an_office(replace(LOOPBACK, srtp=srtp)) as office:
            codes.append(await RawCall(caller, office.endpoint.port("udp")).asks("INVITE", sdp(9)))

    assert codes == [488, 200]


async def test_a_peer_is_known_by_the_name_in_its_certificate(house: SipSettings) -> None:
    pbx = Trunk(name="pbx", registrar="sip:127.0.0.9:9", register=False, allow=(NAME,))
    nobody_else = replace(house, allow=())
    async with an_office(nobody_else, trunks=(pbx,)) as office:
        await office.dials(over_tls(office))
        known = (await office.arrivals.get()).leg.trunk
    async with an_office(nobody_else, trunks=(replace(pbx, allow=("other.example",)),)) as office:
        ending = await (await office.dials(over_tls(office))).ends()

    assert (known, ending.sip_code) == ("pbx", 403)
