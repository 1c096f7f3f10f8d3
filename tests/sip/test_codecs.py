"""Codecs on real calls: which are offered and answered in which order, by trunk, and that each can be heard."""

import asyncio
import itertools
import re
import socket
import struct
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.realtime.events import PlayoutStopped
from telephony.leg import Answered
from telephony.line_settings import Codec
from telephony.settings import MediaSettings, Trunk
from tests.drive.exchange import LOOPBACK, an_office
from tests.drive.offhook import LOOPBACK as HOUSE
from tests.drive.offhook import a_house, chosen
from tests.drive.raw_sip import RawCall, RawSip, sdp
from tests.drive.tones import a_tone, loudest_hz


def formats_in(message: str) -> list[str]:
    """The formats of the audio, without that of keys."""
    names = dict(re.findall(r"^a=rtpmap:(\d+) ([\w-]+)", message, re.MULTILINE))
    medium = re.search(r"^m=audio \d+ RTP/AVP (.*?)\r?$", message, re.MULTILINE)
    assert medium, message
    return [names.get(number, number) for number in medium[1].split() if names.get(number) != "telephone-event"]


@pytest.mark.parametrize("codecs", [("PCMA", "PCMU"), ("opus", "G722", "PCMU"), ("G722",)])
async def test_a_trunk_is_offered_its_own_codecs_in_its_own_order(codecs: tuple[Codec, ...]) -> None:
    async with RawSip() as carrier:
        trunk = Trunk(
            name="carrier",
            registrar=f"sip:127.0.0.1:{carrier.port}",
            register=False,
            dial=("*",),
            codecs=codecs,
            ptime_ms=30,
        )
        async with an_office(trunks=(trunk,)) as office:
            await office.dials("1000", trunk="carrier")
            by_trunk = await carrier.gets(lambda message: message.startswith("INVITE sip:1000"))
            await office.dials(f"sip:2000@127.0.0.1:{carrier.port}")
            direct = await carrier.gets(lambda message: message.startswith("INVITE sip:2000"))

    told = (formats_in(by_trunk), "a=ptime:30" in by_trunk, formats_in(direct), "a=ptime:20" in direct)
    assert told == (list(codecs), True, ["PCMU", "PCMA"], True)


async def test_a_trunk_answers_with_a_codec_of_its_own_or_not_at_all() -> None:
    trunk = Trunk(name="carrier", registrar="sip:127.0.0.9:9", register=False, allow=("127.0.0.2",), codecs=("PCMA",))
    async with RawSip("127.0.0.2") as carrier, an_office(trunks=(trunk,)) as office:
        port = office.endpoint.port("udp")
        both = await RawCall(carrier, port).asks("INVITE", sdp(9, "0 8"))
        answer = await carrier.gets(lambda message: message.startswith("SIP/2.0 200"))
        other = await RawCall(carrier, port).asks("INVITE", sdp(9, "0"))

    assert (both, formats_in(answer), other) == (200, ["PCMA"], 488)


@pytest.mark.parametrize("codec", ["G722", "opus"])
async def test_a_wideband_codec_carries_the_call(codec: Codec) -> None:
    async with an_office(replace(LOOPBACK, codecs=(codec,))) as office:
        caller, callee = await office.a_call()
        caller.leg.audio.play(a_tone(440, 2_000))
        callee.leg.audio.play(a_tone(1_000, 2_000))
        await asyncio.gather(caller.hears_sound(), callee.hears_sound())
        at_caller, at_callee = await asyncio.gather(caller.hears(1_000), callee.hears(1_000))

    assert (loudest_hz(at_caller), loudest_hz(at_callee)) == (1_000, 440)


@pytest.mark.parametrize(("codecs", "hz"), [(("G722",), 5_500), (("opus",), 5_500), (("PCMU",), 2_500)])
async def test_on_a_wideband_node_a_line_carries_what_its_codec_does(codecs: tuple[Codec, ...], hz: int) -> None:
    async with an_office(replace(LOOPBACK, codecs=codecs, wideband=True)) as office:
        caller, callee = await office.a_call()
        caller.leg.audio.play(a_tone(hz, 3_000))
        callee.leg.audio.play(a_tone(1_000, 3_000))
        await asyncio.gather(caller.hears_sound(), callee.hears_sound())
        at_caller, at_callee = await asyncio.gather(caller.hears(1_000), callee.hears(1_000))
        played_ms = caller.leg.audio.played_ms

    assert (loudest_hz(at_caller), loudest_hz(at_callee)) == (1_000, hz)
    assert 1_000 <= played_ms <= 3_000


async def test_a_wideband_node_records_at_the_rate_of_all_recordings() -> None:
    async with an_office(replace(LOOPBACK, codecs=("G722",), wideband=True)) as office:
        caller, callee = await office.a_call()
        callee.leg.audio.set_recording(True)
        caller.leg.audio.play(a_tone(700, 3_000))
        callee.leg.audio.play(a_tone(1_000, 3_000))
        await asyncio.gather(caller.hears_sound(), callee.hears_sound())
        callee.leg.audio.read_record()
        await callee.hears(900)
        both = np.frombuffer(callee.leg.audio.read_record(), "<i2").reshape(-1, 2)

    sides = [loudest_hz(both[:, side].tobytes(), 8_000) for side in (0, 1)]
    assert sides == [700, 1_000]


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 60])
async def test_packets_are_as_long_as_the_far_end_asks_for(ptime_ms: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
        media.bind(("127.0.0.1", 0))
        media.setblocking(False)
        offer = sdp(media.getsockname()[1]) + f"a=ptime:{ptime_ms}\r\n"
        async with RawSip() as caller, an_office() as office:
            await RawCall(caller, office.endpoint.port("udp")).asks("INVITE", offer)
            await (await office.arrivals.get()).sees(Answered)
            packets = [await asyncio.get_running_loop().sock_recv(media, 2_048) for _ in range(4)]

    times = [struct.unpack("!I", packet[4:8])[0] for packet in packets]
    steps = {later - sooner for sooner, later in itertools.pairwise(times)}
    assert ({len(packet) - 12 for packet in packets}, steps) == ({8 * ptime_ms}, {8 * ptime_ms})


async def test_a_conversation_on_a_wideband_node_goes_on_with_a_caller_who_has_g711_alone(tmp_path: Path) -> None:
    settings = chosen(tmp_path, sip=replace(HOUSE, wideband=True), media=MediaSettings(recordings_dir=tmp_path))
    async with a_house(settings) as house:
        call = await house.dial_and_be_greeted()
        heard = await house.hears(call, "when do you open")
        await house.sees(PlayoutStopped)
        await call.hang_up()
        await house.service.switchboard.settled()
        record = await house.record()
    with wave.open(record.recording) as wav:
        rate_hz, samples = wav.getframerate(), np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)

    assert (heard, rate_hz) == ("when do you open", 8_000)
    assert all(np.abs(samples[:, side].astype(float)).max() > 1_000 for side in (0, 1))
