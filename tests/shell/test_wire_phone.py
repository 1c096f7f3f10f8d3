"""Two telephones on loopback: one calls, one answers."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import numpy as np
import pytest

from telephony.wire.call import Call
from telephony.wire.dialling import RefusedError
from telephony.wire.ear import Ear
from telephony.wire.listening import lost_packets
from telephony.wire.phone import Phone
from telephony.wire.sdp import Law, NoCommonAudioError
from telephony.wire.speech import Speech, speech_of
from telephony.wire.stream import CallOverError


def a_tone(hz: int, ms: int) -> Speech:
    moments = np.arange(8 * ms) / 8_000
    return speech_of((9_000 * np.cos(2 * np.pi * hz * moments)).astype("<i2").tobytes())


def loudest_hz(pcm: bytes) -> int:
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return round(float(np.argmax(spectrum)) * 8_000 / len(samples))


@contextlib.asynccontextmanager
async def two_phones() -> AsyncIterator[tuple[Phone, Phone]]:
    async with Phone(number="ann", keep_audio=True) as ann, Phone(number="bob", keep_audio=True) as bob:
        yield ann, bob


async def a_call(ann: Phone, bob: Phone, uri: str = "", laws: tuple[Law, ...] = ("ulaw", "alaw")) -> tuple[Call, Call]:
    dialling = await ann.dial(uri or bob.uri, laws=laws)
    arrival = await bob.rings()
    arrival.ring()
    await dialling.ringing.wait()
    answered = arrival.answer()
    return await dialling.answered(), answered


async def heard_talk(call: Call) -> None:
    await call.until(lambda ear, now_ms: bool(ear.talks) and not ear.speaking(now_ms))


async def test_nobody_waits_for_sounds_of_a_call_that_is_over() -> None:
    async with two_phones() as (ann, bob):
        at_ann, at_bob = await a_call(ann, bob)
        await at_ann.hang_up()
        await at_bob.ended
        for call in (at_ann, at_bob):
            with pytest.raises(CallOverError):
                await call.until(lambda ear, _: bool(ear.talks))


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
async def test_each_hears_the_others_tone(law: Law) -> None:
    async with two_phones() as (ann, bob):
        at_ann, at_bob = await a_call(ann, bob, laws=(law,))
        at_ann.say(a_tone(400, 300))
        at_bob.say(a_tone(1_000, 300))
        await asyncio.gather(heard_talk(at_ann), heard_talk(at_bob))
        await at_ann.hang_up()

    heard = loudest_hz(at_bob.ear.pcm()), loudest_hz(at_ann.ear.pcm())
    assert (at_bob.law, abs(heard[0] - 400) <= 5, abs(heard[1] - 1_000) <= 5) == (law, True, True)


async def test_nothing_is_lost_and_all_times_are_on_one_clock() -> None:
    async with two_phones() as (ann, bob):
        at_ann, at_bob = await a_call(ann, bob)
        spoken = await at_ann.say(a_tone(400, 500))
        await heard_talk(at_bob)
        await at_ann.hang_up()
        ear, talk = at_bob.ear, at_bob.ear.talks[0]

    assert lost_packets(ear.sequences, ear.ssrcs) == 0
    assert spoken.start_ms <= talk.first_ms <= spoken.end_ms <= talk.last_ms


async def test_speech_goes_out_whole_and_in_order() -> None:
    async with two_phones() as (ann, bob):
        at_ann, at_bob = await a_call(ann, bob)
        first, second = a_tone(400, 60), a_tone(700, 60)
        at_ann.say(first)
        await at_ann.say(second)
        await heard_talk(at_bob)
        await at_ann.hang_up()
        packets = [payload for _, payload in at_bob.ear.payloads]

    start = packets.index(first.ulaw[0])
    assert packets[start : start + 6] == [*first.ulaw, *second.ulaw]


async def test_digits_arrive_each_once() -> None:
    async with two_phones() as (ann, bob):
        at_ann, at_bob = await a_call(ann, bob)
        for digit in "11#":
            await at_ann.press(digit)
        await at_bob.until(lambda ear, _: len(ear.digits) == 3)
        await at_ann.hang_up()

        assert at_bob.ear.digits == ["1", "1", "#"]


async def test_who_is_called_may_hang_up() -> None:
    async with two_phones() as (ann, bob):
        at_ann, at_bob = await a_call(ann, bob)
        end = await at_bob.hang_up()
        other = await at_ann.ended

        assert [(end.by, end.how), (other.by, other.how)] == [("us", "bye"), ("far", "bye")]


async def test_a_call_goes_over_tcp() -> None:
    async with two_phones() as (ann, bob):
        at_ann, at_bob = await a_call(ann, bob, uri=f"{bob.uri};transport=tcp")
        at_ann.say(a_tone(400, 100))
        await heard_talk(at_bob)
        await at_bob.hang_up()

        assert (await at_ann.ended).how == "bye"


async def test_a_caller_who_gives_up_cancels() -> None:
    async with two_phones() as (ann, bob):
        dialling = await ann.dial(bob.uri)
        arrival = await bob.rings()
        arrival.ring()
        await dialling.cancel()
        await arrival.cancelled.wait()

        with pytest.raises(RefusedError, match="487"):
            await dialling.answered()


async def test_a_busy_phone_says_so() -> None:
    async with two_phones() as (ann, bob):
        dialling = await ann.dial(bob.uri)
        (await bob.rings()).reject(486, "Busy Here")

        with pytest.raises(RefusedError, match="486 Busy Here"):
            await dialling.answered()


async def test_no_common_codec_is_488() -> None:
    async with two_phones() as (ann, bob):
        body = b"v=0\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 9\r\n"
        dialling = await ann.dial(bob.uri, body=body)
        arrival = await bob.rings()
        with pytest.raises(NoCommonAudioError):
            arrival.answer()

        with pytest.raises(RefusedError, match="488"):
            await dialling.answered()


async def test_what_is_no_sip_harms_nobody() -> None:
    async with two_phones() as (ann, bob):
        host, port = bob.uri.partition("@")[2].split(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"INVITE everyone\r\n\r\n", (host, int(port)))
        at_ann, _ = await a_call(ann, bob)
        await at_ann.hang_up()

        assert bob.malformed == 1


async def test_garbage_on_the_audio_port_is_counted_and_not_heard() -> None:
    async with two_phones() as (ann, bob):
        at_ann, at_bob = await a_call(ann, bob)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"not rtp", ("127.0.0.1", at_bob.stream.port))
        await at_bob.until(lambda ear, _: ear.strange == 1)
        await at_ann.hang_up()

        assert not at_bob.ear.talks


async def test_silence_is_sent_all_the_time_and_is_inaudible() -> None:
    def has_heard_half_a_second(ear: Ear, _: float) -> bool:
        return len(ear.arrivals_ns) >= 25

    async with two_phones() as (ann, bob):
        at_ann, at_bob = await a_call(ann, bob)
        await at_bob.until(has_heard_half_a_second)
        await at_ann.hang_up()

        assert set(at_bob.ear.pcm()) == {0}


async def test_closing_a_phone_ends_its_calls() -> None:
    async with Phone(number="bob") as bob:
        async with Phone(number="ann") as ann:
            _, at_bob = await a_call(ann, bob)

        assert (await at_bob.ended).by == "far"


async def test_an_invite_that_got_lost_is_sent_again() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.setblocking(False)
        deaf.bind(("127.0.0.1", 0))
        async with Phone(number="ann") as ann:
            dialling = await ann.dial(f"sip:bob@127.0.0.1:{deaf.getsockname()[1]}")
            lost = await loop.sock_recv(deaf, 4_000)
            again, caller = await loop.sock_recvfrom(deaf, 4_000)
            deaf.sendto(again.replace(b"INVITE sip:bob", b"SIP/2.0 603 Decline\r\nX-Was: ", 1), caller)

            with pytest.raises(RefusedError, match="603"):
                await dialling.answered()
            ack = await loop.sock_recv(deaf, 4_000)

    assert (again, ack[:4]) == (lost, b"ACK ")


async def test_an_answer_whose_ack_got_lost_is_acknowledged_again() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.setblocking(False)
        far.bind(("127.0.0.1", 0))
        async with Phone(number="ann") as ann:
            dialling = await ann.dial(f"sip:bob@127.0.0.1:{far.getsockname()[1]}")
            invite, caller = await loop.sock_recvfrom(far, 4_000)
            answer = invite.replace(b"INVITE sip:bob", b"SIP/2.0 200 OK\r\nX-Was: ", 1)
            answer = answer.replace(b"\r\nContact: ", b"\r\nX-Contact: ")
            far.sendto(answer, caller)
            first = await loop.sock_recv(far, 4_000)
            await dialling.answered()
            far.sendto(answer, caller)
            second = await loop.sock_recv(far, 4_000)

    assert (first[:4], second) == (b"ACK ", first)
