"""What every vendor of speech keeps to: each against a server that speaks its protocol on loopback."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from pipeline.audio import NARROW_HZ, WIDE_HZ, Resampler, Speech, ms_of, ulaw_decoded
from pipeline.providers import ProviderError, Reached
from pipeline.providers.simulated import Latency
from telephony.bench.vendor_servers.tone_words import heard_words, speech, words_of
from tests.drive.voices import (
    AT_ONCE,
    NARROW_VENDORS,
    VENDORS,
    Vendor,
    Voice,
    a_call,
    a_voice,
    audio,
    first_sound,
    narrow_audio,
    reached,
    said,
    settled,
    speaking,
    until,
)

pytestmark = pytest.mark.slow

TEXT = "Good evening, this is the restaurant by the river."
LONG = " ".join(f"{TEXT} We have {nth} tables." for nth in range(8))
SLOW = Latency(first_chunk_ms=0, times_real_time=1)
SECRET_WORDS = "the caller said their card is in the river"

every_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
narrow_vendor = pytest.mark.parametrize("vendor", NARROW_VENDORS, ids=lambda vendor: vendor.name)
timed_vendor = pytest.mark.parametrize("vendor", [vendor for vendor in VENDORS if vendor.timed], ids=lambda v: v.name)
socket_vendor = pytest.mark.parametrize("vendor", [vendor for vendor in VENDORS if vendor.socket], ids=lambda v: v.name)


async def failure_of(vendor: Vendor, text: str = TEXT, **faults: object) -> tuple[str, bool]:
    async with a_call(vendor) as (voice, server):
        for name, value in faults.items():
            setattr(server.faults, name, value)
        with pytest.raises(ProviderError) as raised:
            await said(voice, text)
    return raised.value.reason, raised.value.retryable


@every_vendor
async def test_a_sentence_arrives_sample_for_sample(vendor: Vendor) -> None:
    async with a_call(vendor) as (voice, server):
        pieces = await said(voice, TEXT)

        assert audio(pieces) == bytes(server.spoken[0].audio) == b"".join(speech(TEXT))
        assert all(len(piece) % 2 == 0 for piece in pieces if isinstance(piece, bytes))


@every_vendor
async def test_chunks_cut_within_a_sample_are_made_whole(vendor: Vendor) -> None:
    async with a_call(vendor) as (voice, server):
        server.faults.odd_bytes = True
        pieces = await said(voice, TEXT)

        assert all(len(piece) % 2 == 0 for piece in pieces if isinstance(piece, bytes))
        assert audio(pieces) == b"".join(speech(TEXT))


@narrow_vendor
async def test_a_narrow_band_line_is_given_what_it_takes_sample_for_sample(vendor: Vendor) -> None:
    async with a_call(vendor) as (voice, server):
        server.faults.odd_bytes = True
        pieces = await said(voice, TEXT)

        pcm = narrow_audio(pieces)
        assert pcm == ulaw_decoded(bytes(server.spoken[0].audio))
        assert (audio(pieces), 3 * len(pcm)) == (b"", len(b"".join(speech(TEXT))))
        assert heard_words(pcm, TEXT) == list(range(len(words_of(TEXT))))
        ends_ms = [timing.audio_ms for timing in reached(pieces)]
        assert ends_ms[-1:] == ([ms_of(pcm, NARROW_HZ)] if vendor.timed else [])


@every_vendor
async def test_the_first_chunk_is_there_long_before_the_last_is_made(vendor: Vendor) -> None:
    async with a_call(vendor, SLOW) as (voice, server), speaking(voice, LONG) as pieces:
        assert await first_sound(pieces)
        assert ms_of(bytes(server.spoken[0].audio), WIDE_HZ) < 2_000


@every_vendor
async def test_several_calls_speak_at_once_and_are_kept_apart(vendor: Vendor) -> None:
    texts = [f"Call number {nth} says {'so ' * nth} much." for nth in range(12)]
    async with a_call(vendor, Latency(first_chunk_ms=5, times_real_time=200)) as (voice, _):
        heard = await asyncio.gather(*(said(voice, text) for text in texts))

    assert [audio(pieces) for pieces in heard] == [b"".join(speech(text)) for text in texts]


@every_vendor
async def test_the_next_sentence_needs_no_new_connection(vendor: Vendor) -> None:
    async with a_call(vendor) as (voice, server):
        for _ in range(5):
            assert audio(await said(voice, TEXT))

        assert server.connections == 1


@every_vendor
async def test_a_warm_voice_speaks_on_the_connection_it_has(vendor: Vendor) -> None:
    async with a_call(vendor) as (voice, server):
        await voice.warm("anna")
        await voice.warm("anna")
        assert (server.connections, len(server.spoken)) == (1, 0)

        assert audio(await said(voice, TEXT))
        assert server.connections == 1


@every_vendor
async def test_warming_up_where_nobody_answers_is_no_failure(vendor: Vendor) -> None:
    async with vendor.server(AT_ONCE) as server:
        url = server.url

    async with a_voice(vendor, url) as voice:
        await voice.warm("anna")


@every_vendor
async def test_an_agent_that_is_interrupted_stops_the_vendor_and_leaves_nothing_behind(vendor: Vendor) -> None:
    async with vendor.server(SLOW) as server:
        before = asyncio.all_tasks()
        async with a_voice(vendor, server.url) as voice:
            async with speaking(voice, LONG) as pieces:
                assert await first_sound(pieces)
            await until(server, lambda: server.spoken[0].stopped)
            assert not server.spoken[0].finished
        await until(server, lambda: server.open == 0)
        await settled(before)


@every_vendor
async def test_a_sentence_after_an_interruption_holds_nothing_of_the_one_before(vendor: Vendor) -> None:
    async with a_call(vendor, Latency(first_chunk_ms=0, times_real_time=8)) as (voice, _):
        for _ in range(3):
            async with speaking(voice, LONG) as pieces:
                assert await first_sound(pieces)

            assert audio(await said(voice, "Yes please.")) == b"".join(speech("Yes please."))


@every_vendor
async def test_an_agent_interrupted_before_its_first_sound_stops_the_vendor(vendor: Vendor) -> None:
    async with vendor.server(Latency(first_chunk_ms=60_000)) as server:
        before = asyncio.all_tasks()
        async with a_voice(vendor, server.url) as voice:
            call = asyncio.create_task(said(voice, TEXT))
            await until(server, lambda: bool(server.spoken))
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        await until(server, lambda: server.open == 0)
        await settled(before)


@every_vendor
@pytest.mark.parametrize("text", ["", "   ", "...", "— !?", "\n"])
async def test_what_cannot_be_spoken_gives_no_sound_and_no_error(vendor: Vendor, text: str) -> None:
    async with a_call(vendor) as (voice, server):
        assert await said(voice, text) == []
        assert server.spoken == []


@every_vendor
async def test_a_text_that_the_vendor_has_no_sound_for_is_no_error(vendor: Vendor) -> None:
    async with a_call(vendor) as (voice, server):
        server.faults.silent = True

        assert audio(await said(voice, "ᚠᚢᚦ")) == b""


@every_vendor
async def test_voice_and_speed_are_passed_on(vendor: Vendor) -> None:
    async with a_call(vendor) as (voice, server):
        pieces = await said(voice, TEXT, "anna", 1.1)

        assert (server.spoken[0].text, server.spoken[0].voice, server.spoken[0].speed) == (TEXT, "anna", 1.1)
        assert audio(pieces) == b"".join(speech(TEXT, 1.1))


@every_vendor
async def test_the_key_goes_to_the_vendor_and_into_no_log(vendor: Vendor) -> None:
    with capture_logs() as logs:
        async with vendor.server(AT_ONCE) as server, a_voice(vendor, server.url, "hunter-two") as voice:
            server.faults.status = 401
            with pytest.raises(ProviderError) as raised:
                await said(voice, SECRET_WORDS)
            assert any("hunter-two" in value for _, headers in server.requests for value in headers.values())

    assert "hunter-two" not in json.dumps(logs) + str(raised.value)
    assert SECRET_WORDS not in json.dumps(logs) + str(raised.value)


@timed_vendor
async def test_each_word_is_timed_where_it_ends(vendor: Vendor) -> None:
    async with a_call(vendor) as (voice, _):
        pieces = await said(voice, TEXT)

    timings = reached(pieces)
    ends = [len(" ".join(words_of(TEXT)[: nth + 1])) for nth in range(len(words_of(TEXT)))]
    sounds, total = [], 0
    for word in speech(TEXT):
        total += ms_of(word, WIDE_HZ)
        sounds.append(total)
    assert [timing.chars for timing in timings] == ends
    assert [timing.audio_ms for timing in timings] == pytest.approx(sounds, abs=20)


@timed_vendor
@pytest.mark.parametrize(
    "text",
    [
        "Das macht 1.234,50 € — für übermorgen, ja?",
        "  leading   and\ttrailing \n",
        "我们 今天 见 👋 now",
        "No no no, no!",
        "naïve café ﬁne İstanbul straße",
    ],
)
async def test_timings_are_places_in_the_very_text(vendor: Vendor, text: str) -> None:
    async with a_call(vendor) as (voice, _):
        timings = reached(await said(voice, text))

    chars = [timing.chars for timing in timings]
    times = [timing.audio_ms for timing in timings]
    assert chars
    assert chars == sorted(set(chars))
    assert times == sorted(times)
    assert chars[-1] <= len(text.rstrip())
    assert all(place == len(text) or text[place].isspace() for place in chars)


@every_vendor
@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, ("refused", False)), (429, ("limited", True)), (500, ("internal", True)), (503, ("internal", True))],
)
async def test_a_vendor_that_will_not_serve_says_why(vendor: Vendor, status: int, expected: tuple[str, bool]) -> None:
    assert await failure_of(vendor, status=status) == expected


@every_vendor
async def test_nonsense_is_told_as_nonsense(vendor: Vendor) -> None:
    assert await failure_of(vendor, wrong_json=True) == ("malformed", False)


@every_vendor
async def test_a_vendor_that_breaks_off_in_mid_audio_is_unreachable(vendor: Vendor) -> None:
    assert await failure_of(vendor, text=LONG, close_after_chunks=3) == ("unreachable", True)


@every_vendor
async def test_what_was_heard_before_a_failure_is_not_taken_back(vendor: Vendor) -> None:
    async with a_call(vendor) as (voice, server):
        assert audio(await said(voice, TEXT))
        server.faults.close_after_chunks = 6
        heard: list[Speech | Reached] = []
        with pytest.raises(ProviderError):
            await _gather(voice, heard)

        assert audio(heard)
        assert b"".join(speech(LONG)).startswith(audio(heard))
        assert len(server.spoken) == 2


async def _gather(voice: Voice, heard: list[Speech | Reached]) -> None:
    async with speaking(voice, LONG) as pieces:
        async for piece in pieces:
            heard += [piece]


@every_vendor
async def test_a_vendor_that_is_not_there_is_unreachable(vendor: Vendor) -> None:
    async with vendor.server(AT_ONCE) as server:
        url = server.url

    async with a_voice(vendor, url) as voice:
        with pytest.raises(ProviderError) as raised:
            await said(voice, TEXT)

    assert (raised.value.reason, raised.value.retryable) == ("unreachable", True)


@every_vendor
async def test_a_failure_leaves_nothing_behind(vendor: Vendor) -> None:
    async with vendor.server(AT_ONCE) as server:
        before = asyncio.all_tasks()
        async with a_voice(vendor, server.url) as voice:
            server.faults.close_after_chunks = 2
            with pytest.raises(ProviderError):
                await said(voice, LONG)
            server.faults.close_after_chunks = None
            assert audio(await said(voice, TEXT))
        await until(server, lambda: server.open == 0)
        await settled(before)


@socket_vendor
async def test_an_error_told_inside_the_socket_is_told(vendor: Vendor) -> None:
    reason, _ = await failure_of(vendor, error_inside=True)

    assert reason in ("limited", "refused", "internal")


@every_vendor
async def test_connections_that_the_vendor_closed_meanwhile_are_replaced_unnoticed(vendor: Vendor) -> None:
    async with a_call(vendor) as (voice, server):
        for _ in range(3):
            assert audio(await said(voice, TEXT)) == b"".join(speech(TEXT))
            await server.hang_up_on_all()
            await until(server, lambda: server.open == 0)

        assert server.connections == 3


@every_vendor
async def test_the_words_are_heard_on_the_telephone(vendor: Vendor) -> None:
    async with a_call(vendor) as (voice, _):
        pcm = audio(await said(voice, TEXT))

    assert heard_words(Resampler(WIDE_HZ, NARROW_HZ).process(pcm), TEXT) == list(range(len(words_of(TEXT))))
