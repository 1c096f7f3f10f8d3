"""What every vendor's recogniser keeps: each against its own protocol on loopback, all by the same stories."""

import asyncio
import json
from time import perf_counter

import pytest
from structlog.testing import capture_logs

from pipeline.fallback.race import Candidate
from pipeline.hearing import Ear
from pipeline.providers import ProviderError, Transcript, socket
from pipeline.signals import Input
from telephony.bench.vendor_servers.fault_proxy import FaultProxy, HalfOpen, Refuse
from tests.drive import speech
from tests.drive.recognisers import (
    QUICK,
    VENDORS,
    Vendor,
    a_call,
    access_to,
    failure_of,
    heard_until,
    say,
    sound,
    until,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name.replace(" ", "_")),
    pytest.mark.timeout(20),
]

TABLE = "a table for four please"


async def test_an_utterance_is_heard_whole_and_understood(vendor: Vendor) -> None:
    async with vendor.server([TABLE], QUICK) as server, a_call(vendor, server) as hearing:
        say(hearing, 7, sound(1))
        news = await heard_until(hearing, 1)

        assert (news[-1], server.heard) == (Transcript(7, TABLE, final=True), [vendor.wire(sound(1))])


async def test_what_is_understood_so_far_is_told_in_between(vendor: Vendor) -> None:
    async with vendor.server([TABLE], QUICK) as server, a_call(vendor, server) as hearing:
        say(hearing, 7, sound(1))
        partials = [one for one in await heard_until(hearing, 1) if isinstance(one, Transcript) and not one.final]

        assert partials
        assert all(one.utterance == 7 and TABLE.startswith(one.text) for one in partials)


async def test_what_is_said_between_utterances_is_not_sent(vendor: Vendor) -> None:
    async with vendor.server([TABLE], QUICK) as server, a_call(vendor, server) as hearing:
        hearing.feed(speech.frames(sound(5))[0])
        say(hearing, 1, sound(1))
        hearing.feed(speech.frames(sound(6))[0])
        await heard_until(hearing, 1)
        say(hearing, 2, sound(2))
        await heard_until(hearing, 1)

        assert server.heard == [vendor.wire(sound(1)), vendor.wire(sound(2))]


async def test_an_utterance_of_odd_length_is_heard_to_its_last_sample(vendor: Vendor) -> None:
    pcm = sound(1, 1_260)
    async with vendor.server([TABLE], QUICK) as server, a_call(vendor, server) as hearing:
        say(hearing, 1, pcm)
        await heard_until(hearing, 1)

        assert server.heard == [vendor.wire(pcm)]


async def test_two_utterances_in_quick_succession_are_kept_apart(vendor: Vendor) -> None:
    texts = ["yes that is right", "on friday at eight", "no"]
    async with vendor.server(texts, QUICK) as server, a_call(vendor, server) as hearing:
        for nth in range(3):
            say(hearing, 10 + nth, sound(nth))
        news = [one for one in await heard_until(hearing, 3) if isinstance(one, Transcript)]

        assert [one for one in news if one.final] == [Transcript(10 + n, text, True) for n, text in enumerate(texts)]
        assert all(texts[one.utterance - 10].startswith(one.text) for one in news)
        assert server.heard == [vendor.wire(sound(nth)) for nth in range(3)]


async def test_an_utterance_that_nobody_ended_keeps_no_other_waiting(vendor: Vendor) -> None:
    async with vendor.server(["yes", TABLE], QUICK) as server, a_call(vendor, server) as hearing:
        hearing.begin(1)
        for frame in speech.frames(sound(1)):
            hearing.feed(frame)
        say(hearing, 2, sound(2))

        assert (await heard_until(hearing, 2))[-1] == Transcript(2, TABLE, final=True)


async def test_an_utterance_without_speech_has_an_empty_final(vendor: Vendor) -> None:
    async with vendor.server(["", TABLE], QUICK) as server, a_call(vendor, server) as hearing:
        say(hearing, 1, speech.silence(400))
        say(hearing, 2, sound(2))
        finals = [one for one in await heard_until(hearing, 2) if isinstance(one, Transcript) and one.final]

        assert finals == [Transcript(1, "", final=True), Transcript(2, TABLE, final=True)]


async def test_an_utterance_too_short_to_hear_has_a_final(vendor: Vendor) -> None:
    async with vendor.server([""], QUICK) as server, a_call(vendor, server) as hearing:
        hearing.begin(1)
        hearing.end(1)
        say(hearing, 2, speech.silence(20))
        finals = [one for one in await heard_until(hearing, 2) if isinstance(one, Transcript) and one.final]

        assert [(one.utterance, one.text) for one in finals] == [(1, ""), (2, "")]


async def test_a_vendor_that_has_nothing_to_say_does_not_keep_the_call_waiting(vendor: Vendor) -> None:
    if vendor.answers_always:
        pytest.skip("this vendor answers every utterance")
    async with vendor.server(["", TABLE], QUICK) as server, a_call(vendor, server) as hearing:
        server.silent = True
        say(hearing, 1, speech.silence(200))
        first = await heard_until(hearing, 1)
        server.silent = False
        say(hearing, 2, sound(2))
        second = await heard_until(hearing, 1)

        assert (first, second[-1]) == ([Transcript(1, "", final=True)], Transcript(2, TABLE, final=True))


async def test_the_caller_is_not_kept_waiting_by_a_network_that_is(vendor: Vendor) -> None:
    async with vendor.server([], QUICK) as server, FaultProxy(server.port) as proxy:
        access = access_to(server.url_at(proxy.port))
        async with vendor.speech_to_text(access).open("en", None) as hearing:
            proxy.arm(HalfOpen())
            pcm = sound(1)
            began_s = perf_counter()
            for nth in range(10):
                say(hearing, nth, pcm)

            assert perf_counter() - began_s < 0.5
            proxy.clear()
            assert len(await heard_until(hearing, 10)) >= 10


async def test_a_caller_who_speaks_before_the_recogniser_is_there_is_heard_whole(vendor: Vendor) -> None:
    posted: list[Input] = []
    pcm = sound(1)
    async with vendor.server([TABLE], QUICK) as server, FaultProxy(server.port) as proxy:
        proxy.arm(HalfOpen())
        speech_to_text = vendor.speech_to_text(access_to(server.url_at(proxy.port)))
        ear = Ear([Candidate("stt", lambda: speech_to_text.open("en", None))], posted.append)
        running = asyncio.create_task(ear.run())
        frames = speech.frames(pcm)
        ear.hear(frames[0])
        ear.begin(1, 20)
        for frame in frames[1:25]:
            ear.hear(frame)
        await until(lambda: proxy.connections > 0 or vendor.by_request)
        proxy.clear()
        for frame in frames[25:]:
            ear.hear(frame)
        ear.end(1)
        await until(lambda: Transcript(1, TABLE, final=True) in posted)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

        assert server.heard == [vendor.wire(pcm)]


@pytest.mark.parametrize(
    ("status", "expected"), [(401, ("refused", False)), (429, ("limited", True)), (500, ("internal", True))]
)
async def test_a_refusal_has_our_reason_and_nobodys_words(
    vendor: Vendor, status: int, expected: tuple[str, bool]
) -> None:
    async with vendor.server([TABLE], QUICK) as server:
        server.status = status
        with capture_logs() as logs:
            assert await failure_of(vendor, access_to(server.url)) == expected

        written = server.failure(status)
        assert logs
        assert not [word for word in _texts_in(written) if word in json.dumps(logs)]


async def test_a_server_that_hangs_up_is_unreachable_for_now(vendor: Vendor) -> None:
    async with vendor.server([TABLE]) as server:
        failing = asyncio.create_task(failure_of(vendor, access_to(server.url)))
        await until(lambda: bool(server.heard))
        await server.hang_up()

        assert await failing == ("unreachable", True)


async def test_a_server_that_is_not_there_is_unreachable(vendor: Vendor) -> None:
    async with vendor.server([]) as server, FaultProxy(server.port) as proxy:
        proxy.arm(Refuse())

        assert await failure_of(vendor, access_to(server.url_at(proxy.port))) == ("unreachable", True)


async def test_a_server_that_does_not_answer_has_stalled(vendor: Vendor) -> None:
    async with vendor.server([]) as server, FaultProxy(server.port) as proxy:
        proxy.arm(HalfOpen())
        access = access_to(server.url_at(proxy.port), connect_s=0.2)

        assert await failure_of(vendor, access) == ("stalled", True)


async def test_a_connection_that_died_without_a_word_is_noticed(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    if vendor.by_request:
        pytest.skip("keeps no connection that could die unnoticed")
    monkeypatch.setattr(socket, "PING_S", 0.1)
    async with vendor.server([]) as server, FaultProxy(server.port) as proxy:
        access = access_to(server.url_at(proxy.port))
        async with vendor.speech_to_text(access).open("en", None) as hearing:
            proxy.arm(HalfOpen())
            with pytest.raises(ProviderError) as raised:
                await heard_until(hearing, 1)

    assert (raised.value.reason, raised.value.retryable) == ("unreachable", True)


async def test_what_is_no_message_of_the_protocol_is_malformed(vendor: Vendor) -> None:
    async with vendor.server([TABLE], QUICK) as server:
        server.wrong_json = True

        assert await failure_of(vendor, access_to(server.url)) == ("malformed", False)


async def test_closing_leaves_neither_a_connection_nor_a_task(vendor: Vendor) -> None:
    async with vendor.server([TABLE]) as server:
        before = asyncio.all_tasks()
        async with a_call(vendor, server) as hearing:
            say(hearing, 1, sound(1))
            await until(lambda: bool(server.heard))
        await until(lambda: not server.talks)

        assert asyncio.all_tasks() <= before


async def test_closing_ends_the_transcripts_and_later_speech_goes_nowhere(vendor: Vendor) -> None:
    async with vendor.server([TABLE]) as server:
        async with a_call(vendor, server) as hearing:
            listening = asyncio.create_task(heard_until(hearing, 1))
            await asyncio.sleep(0)
        news = await listening
        say(hearing, 2, sound(2))

        assert (news, server.heard) == ([], [])


async def test_the_call_goes_on_after_hearing_was_lost(vendor: Vendor) -> None:
    """What is fed to a recogniser that has failed raises nothing: whoever reads the transcripts knows."""
    async with vendor.server([TABLE]) as server, a_call(vendor, server) as hearing:
        say(hearing, 1, sound(1))
        await until(lambda: bool(server.heard))
        await server.hang_up()
        with pytest.raises(Exception, match="unreachable"):
            await heard_until(hearing, 1)

        say(hearing, 2, sound(2))


def _texts_in(body: object) -> list[str]:
    match body:
        case dict():
            return [text for value in body.values() for text in _texts_in(value)]
        case str() if " " in body:
            return [body]
        case _:
            return []
