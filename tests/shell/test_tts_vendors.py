"""What each vendor of speech has of its own, and each simulated server in the eyes of the vendor's own SDK."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from cartesia import AsyncCartesia
from deepgram import AsyncDeepgramClient
from deepgram.environment import DeepgramClientEnvironment
from elevenlabs import ElevenLabs, VoiceSettings
from openai import AsyncOpenAI
from websockets.asyncio.server import ServerConnection

from pipeline.audio import WIDE_HZ, Resampler
from pipeline.providers import Access, ProviderError, Reached
from pipeline.providers.deepgram_tts import DeepgramTextToSpeech
from pipeline.providers.elevenlabs_tts import ElevenLabsTextToSpeech
from pipeline.providers.openai_speech import OpenAISpeech
from pipeline.providers.riff import WavStream, without_header
from pipeline.providers.simulated import Latency
from pipeline.providers.spoken_words import SpokenWords, in_parts
from telephony.bench.vendor_servers.cartesia_server import CartesiaServer
from telephony.bench.vendor_servers.deepgram_speak_server import FLUSHES_A_MINUTE, DeepgramSpeakServer
from telephony.bench.vendor_servers.elevenlabs_server import ElevenLabsServer
from telephony.bench.vendor_servers.fault_proxy import CloseAfter, FaultProxy, HalfOpen, Refuse
from telephony.bench.vendor_servers.openai_speech_server import OpenAISpeechServer
from telephony.bench.vendor_servers.tone_words import heard_words, speech, words_of
from tests.drive.voices import (
    AT_ONCE,
    VENDORS,
    Vendor,
    Voice,
    a_call,
    a_voice,
    audio,
    calmed_down,
    first_sound,
    said,
    speaking,
    until,
)

TEXT = "Good evening, this is the restaurant by the river."
SOUND = b"".join(speech(TEXT))
CARTESIA, DEEPGRAM, ELEVENLABS, INWORLD, OPENAI = (
    next(vendor for vendor in VENDORS if vendor.name == name)
    for name in ("cartesia", "deepgram", "elevenlabs", "inworld", "openai")
)
every_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
socket_vendor = pytest.mark.parametrize("vendor", [vendor for vendor in VENDORS if vendor.socket], ids=lambda v: v.name)


# The vendors' own SDKs understand the simulated servers.

pytestmark = pytest.mark.slow


async def test_elevenlabs_sdk_hears_the_simulated_elevenlabs() -> None:
    async with ElevenLabsServer(AT_ONCE) as server:
        client = ElevenLabs(api_key="key", base_url=server.url.replace("http", "ws"))

        def hear() -> bytes:
            texts: Iterator[str] = iter([TEXT])
            stream = client.text_to_speech.convert_realtime(
                "anna", text=texts, model_id="m", output_format="pcm_24000", voice_settings=VoiceSettings(speed=1.1)
            )
            return b"".join(stream)

        # Its address is always a secure one.
        client.text_to_speech._ws_base_url = server.url.replace("http", "ws")
        assert await asyncio.to_thread(hear) == b"".join(speech(TEXT, 1.1))
        assert (server.spoken[0].voice, server.spoken[0].text) == ("anna", TEXT)


async def test_cartesias_sdk_hears_the_simulated_cartesia() -> None:
    async with CartesiaServer(AT_ONCE) as server:
        client = AsyncCartesia(api_key="key", base_url=server.url, websocket_base_url=server.url.replace("http", "ws"))
        pcm, words, kinds = b"", [], set()
        async with client.tts.websocket_connect() as connection:
            context = connection.context(
                model_id="sonic-3",
                voice="anna",
                output_format={"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000},
                add_timestamps=True,
            )
            await context.push(TEXT, continue_=False)
            async for event in context.receive():
                kinds.add(event.type)
                if event.type == "chunk":
                    pcm += event.audio or b""
                elif event.type == "timestamps" and event.word_timestamps:
                    words += event.word_timestamps.words
        await client.close()

    assert (pcm, words) == (SOUND, words_of(TEXT))
    assert kinds == {"chunk", "timestamps", "done"}


async def test_deepgrams_sdk_hears_the_simulated_deepgram() -> None:
    async with DeepgramSpeakServer(AT_ONCE) as server:
        ws = server.url.replace("http", "ws")
        place = DeepgramClientEnvironment(base=server.url, production=ws, agent=ws, agent_rest=server.url)
        client = AsyncDeepgramClient(api_key="key", environment=place)
        pcm, kinds = b"", list[str]()
        async with client.speak.v1.connect(model="aura-2-anna-en", encoding="linear16", sample_rate="24000") as socket:
            from deepgram.speak.v1.types import SpeakV1Text

            await socket.send_text(SpeakV1Text(text=TEXT))
            await socket.send_flush()
            await socket.send_clear()
            while not kinds or kinds[-1] != "Flushed":
                heard = await socket.recv()
                if isinstance(heard, bytes):
                    pcm += heard
                else:
                    kinds.append(heard.type)
                    if heard.type == "Cleared":
                        await socket.send_text(SpeakV1Text(text=TEXT))
                        await socket.send_flush()
                        pcm = b""

    assert pcm == SOUND
    assert kinds == ["Metadata", "Cleared", "Flushed"]


async def test_openais_sdk_hears_the_simulated_openai() -> None:
    async with OpenAISpeechServer(AT_ONCE) as server, AsyncOpenAI(api_key="key", base_url=server.url) as client:
        answer = await client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="pcm")

        assert answer.content == SOUND


# Vendors' own ways.


async def test_elevenlabs_never_has_more_contexts_than_a_socket_may_have() -> None:
    async with a_call(ELEVENLABS, Latency(first_chunk_ms=0, times_real_time=20)) as (voice, server):
        for _ in range(8):
            async with speaking(voice, TEXT) as pieces:
                assert await first_sound(pieces)
        assert audio(await said(voice, TEXT)) == SOUND
        assert server.open <= server.connections


async def test_elevenlabs_is_asked_in_its_own_words() -> None:
    async with ElevenLabsServer(AT_ONCE) as server:
        voice = ElevenLabsTextToSpeech(Access(server.url, "key"), "eleven_flash_v2_5", language="de", stability=0.4)
        await said(voice, TEXT, "id/with ?marks", 3.0)
        await voice.close()

        path, headers = server.requests[0]
        assert path.startswith("/v1/text-to-speech/id%2Fwith%20%3Fmarks/multi-stream-input?model_id=eleven_flash_v2_5")
        assert "output_format=pcm_24000" in path
        assert "language_code=de" in path
        assert headers["xi-api-key"] == "key"
        assert server.received[0]["voice_settings"] == {"stability": 0.4, "speed": 1.2}


async def test_each_elevenlabs_voice_has_its_own_connection() -> None:
    async with a_call(ELEVENLABS) as (voice, server):
        for name in ("anna", "bert", "anna", "bert"):
            await said(voice, TEXT, name)

        assert [spoken.voice for spoken in server.spoken] == ["anna", "bert", "anna", "bert"]
        assert server.connections == 2


async def test_an_idle_socket_is_kept_alive_until_nobody_has_wanted_it_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipeline.providers.socket_pool.TEND_S", 0.01)
    monkeypatch.setattr("pipeline.providers.socket_pool.IDLE_S", 0.2)
    async with a_call(ELEVENLABS) as (voice, server):
        await voice.warm("anna")
        await voice.warm("bert")

        await until(server, lambda: server.received.count({"text": ""}) >= 4)
        await until(server, lambda: server.open == 0)
        assert audio(await said(voice, TEXT)) == SOUND


@pytest.mark.parametrize(
    ("vendor", "cancelled"),
    [(CARTESIA, lambda message: message.get("cancel")), (DEEPGRAM, lambda message: message.get("type") == "Clear")],
    ids=["cartesia", "deepgram"],
)
async def test_a_vendor_that_can_be_told_to_stop_serves_on_the_same_socket(
    vendor: Vendor, cancelled: Callable[[dict[str, Any]], bool]
) -> None:
    async with a_call(vendor, Latency(first_chunk_ms=0, times_real_time=20)) as (voice, server):
        assert audio(await said(voice, TEXT)) == SOUND
        for _ in range(3):
            async with speaking(voice, TEXT) as pieces:
                assert await first_sound(pieces)
            await calmed_down()

        assert audio(await said(voice, TEXT)) == SOUND
        assert [bool(cancelled(message)) for message in server.received].count(True) == 3
        assert [spoken.stopped for spoken in server.spoken] == [False, True, True, True, False]
        assert server.connections == 1


@pytest.mark.parametrize("vendor", [ELEVENLABS, INWORLD], ids=lambda vendor: vendor.name)
async def test_a_vendor_that_cannot_be_told_to_stop_is_hung_up_on_and_called_again_at_once(vendor: Vendor) -> None:
    async with a_call(vendor, Latency(first_chunk_ms=0, times_real_time=1)) as (voice, server):
        async with speaking(voice, TEXT) as pieces:
            assert await first_sound(pieces)
        await calmed_down()
        assert server.spoken[0].stopped
        assert server.connections == 2

        async with speaking(voice, TEXT) as pieces:
            assert await first_sound(pieces)
        assert server.spoken[1].text == TEXT
        assert server.connections == 2


async def test_deepgram_is_not_flushed_more_often_than_it_allows() -> None:
    async with a_call(DEEPGRAM) as (voice, server):
        for nth in range(2 * FLUSHES_A_MINUTE + 1):
            assert audio(await said(voice, f"Number {nth}.")) == b"".join(speech(f"Number {nth}."))

        assert server.connections == 3


@pytest.mark.parametrize(
    ("model", "voice", "expected"),
    [
        ("aura-2", "thalia", "aura-2-thalia-en"),
        ("aura-2", "aura-asteria-en", "aura-asteria-en"),
        ("aura-2-thalia-en", "", "aura-2-thalia-en"),
    ],
)
async def test_a_deepgram_voice_is_a_name_or_a_whole_model(model: str, voice: str, expected: str) -> None:
    async with DeepgramSpeakServer(AT_ONCE) as server:
        deepgram = DeepgramTextToSpeech(Access(server.url, "key"), model)
        await said(deepgram, TEXT, voice)
        await deepgram.close()

        path, headers = server.requests[0]
        assert path == f"/v1/speak?model={expected}&encoding=linear16&sample_rate=24000"
        assert headers["Authorization"] == "Token key"


async def test_a_text_longer_than_deepgram_takes_at_once_is_sent_in_parts() -> None:
    text = "word " * 420
    async with a_call(DEEPGRAM) as (voice, server):
        assert len(audio(await said(voice, text.strip()))) == len(b"".join(speech(text)))
        assert max(len(message.get("text", "")) for message in server.received) <= 2_000


async def test_a_wrong_key_is_told_by_inworld_after_the_door_was_opened() -> None:
    async with a_call(INWORLD) as (voice, server):
        server.faults.status = 401
        await voice.warm("anna")
        assert server.open == 1
        with pytest.raises(ProviderError) as raised:
            await said(voice, TEXT)

    assert (raised.value.reason, raised.value.retryable) == ("refused", False)


@pytest.mark.parametrize(
    ("vendor", "expected"),
    [
        (CARTESIA, ("refused", False)),
        (DEEPGRAM, ("refused", False)),
        (ELEVENLABS, ("limited", False)),
        (INWORLD, ("refused", False)),
    ],
    ids=lambda value: value.name if isinstance(value, Vendor) else "",
)
async def test_each_vendors_error_inside_the_socket_has_our_reason(vendor: Vendor, expected: tuple[str, bool]) -> None:
    async with a_call(vendor) as (voice, server):
        server.faults.error_inside = True
        with pytest.raises(ProviderError) as raised:
            await said(voice, TEXT)

    assert (raised.value.reason, raised.value.retryable) == expected


@pytest.mark.parametrize("rate_hz", [24_000, 22_050, 16_000, 48_000])
async def test_a_server_that_answers_with_wav_is_heard_at_24_khz(rate_hz: int) -> None:
    async with OpenAISpeechServer(AT_ONCE, wav_hz=rate_hz) as server, a_voice(OPENAI, server.url) as voice:
        pcm = audio(await said(voice, TEXT))

    assert abs(len(pcm) - len(SOUND)) < len(SOUND) // 100
    assert heard_words(Resampler(WIDE_HZ, 8_000).process(pcm), TEXT) == list(range(len(words_of(TEXT))))


@pytest.mark.parametrize("mark", [b"ID3\x04", b"\xff\xfb\x90\x64", b"\xff\xf1\x50\x80", b"OggS", b"fLaC"])
async def test_sound_in_a_format_that_was_not_asked_for_is_no_noise_in_the_callers_ear(mark: bytes) -> None:
    async with OpenAISpeechServer(AT_ONCE, mark=mark) as server, a_voice(OPENAI, server.url) as voice:
        with pytest.raises(ProviderError) as raised:
            await said(voice, TEXT)

    assert (raised.value.reason, raised.value.retryable) == ("malformed", False)


async def test_raw_sound_is_taken_at_the_rate_that_the_server_tells() -> None:
    async with (
        OpenAISpeechServer(AT_ONCE, kind="audio/L16; rate=12000; channels=1") as server,
        a_voice(OPENAI, server.url) as voice,
    ):
        pcm = audio(await said(voice, TEXT))

    assert abs(len(pcm) - 2 * len(SOUND)) < 100


@pytest.mark.parametrize("how", [{"wav_hz": 7}, {"wav_hz": 24_001}, {"kind": "audio/pcm;rate=0"}])
async def test_a_rate_that_nobody_uses_is_malformed_and_costs_no_time(how: dict[str, Any]) -> None:
    async with OpenAISpeechServer(AT_ONCE, **how) as server, a_voice(OPENAI, server.url) as voice:
        with pytest.raises(ProviderError) as raised:
            await said(voice, TEXT)

    assert raised.value.reason == "malformed"


async def test_raw_sound_of_another_rate_is_resampled_when_told_so() -> None:
    async with OpenAISpeechServer(AT_ONCE) as server:
        voice = OpenAISpeech(Access(server.url), "piper", pcm_hz=12_000)
        pcm = audio(await said(voice, TEXT))
        await voice.close()

    assert abs(len(pcm) - 2 * len(SOUND)) < 100


WAV_HEADER = (
    b"RIFF\xff\xff\xff\xffWAVELIST\x04\0\0\0abcdfmt \x10\0\0\0\x01\0\x01\0\xc0\x5d\0\0\x80\xbb\0\0\x02\0\x10\0data"
)


def test_a_wav_header_is_found_however_it_is_cut() -> None:
    header = WAV_HEADER + b"\0\0\0\0"
    for size in range(1, len(header) + 9):
        stream, body = WavStream(), header + bytes(range(8))
        heard = b"".join(stream.take(body[at : at + size]) for at in range(0, len(body), size))
        assert heard == bytes(range(8))
    assert without_header(header + b"ab") == b"ab"
    assert without_header(b"ab") == b"ab"


@pytest.mark.parametrize("size", range(1, 60))
def test_what_follows_the_samples_of_a_wav_file_is_not_played(size: int) -> None:
    body = WAV_HEADER + b"\x08\0\0\0" + bytes(range(8)) + b"LIST\x10\0\0\0INFOISFT\x04\0\0\0Lavf"
    stream = WavStream()

    assert b"".join(stream.take(body[at : at + size]) for at in range(0, len(body), size)) == bytes(range(8))
    assert without_header(body) == bytes(range(8))


@pytest.mark.parametrize("size", range(1, 60))
def test_samples_beyond_the_announced_length_are_played(size: int) -> None:
    body, stream = WAV_HEADER + b"\x08\0\0\0" + bytes(range(40)), WavStream()

    assert b"".join(stream.take(body[at : at + size]) for at in range(0, len(body), size)) == bytes(range(40))
    assert without_header(body) == bytes(range(40))


@pytest.mark.parametrize(
    "sound",
    [
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\xc0\x5d\0\0\0\x77\1\0\x04\0\x10\0data\0\0\0\0",
        b"RIFF\0\0\0\0WAVEdata\0\0\0\0",
        b"RIFF" + bytes(5_000),
    ],
    ids=["stereo", "no format", "endless"],
)
def test_other_sounds_are_refused(sound: bytes) -> None:
    with pytest.raises(ValueError, match=r"mono|format|header"):
        WavStream().take(sound)


class _Chatty(ElevenLabsServer):
    async def read(self, connection: ServerConnection) -> dict[str, Any] | None:
        await connection.send('{"contextId": "u1", "news": "something that no client knew when it was written"}')
        return await super().read(connection)


async def test_messages_that_nobody_knows_yet_are_passed_over() -> None:
    async with _Chatty(AT_ONCE) as server, a_voice(ELEVENLABS, server.url) as voice:
        assert audio(await said(voice, TEXT)) == SOUND


# Faults of the way there.


def behind(proxy: FaultProxy, vendor: Vendor, server: Any) -> AbstractAsyncContextManager[Voice]:
    """A voice that reaches its server through the proxy."""
    return a_voice(vendor, server.url.replace(str(server.port), str(proxy.port)))


@every_vendor
async def test_a_connection_that_died_idle_is_replaced_unnoticed(vendor: Vendor) -> None:
    async with (
        vendor.server(AT_ONCE) as server,
        FaultProxy(server.port) as proxy,
        behind(proxy, vendor, server) as voice,
    ):
        assert audio(await said(voice, TEXT)) == SOUND
        proxy.arm(Refuse())
        proxy.clear()
        assert audio(await said(voice, TEXT)) == SOUND
        assert proxy.connections == 2


@every_vendor
async def test_a_connection_reset_in_mid_audio_is_told(vendor: Vendor) -> None:
    async with (
        vendor.server(AT_ONCE) as server,
        FaultProxy(server.port) as proxy,
        behind(proxy, vendor, server) as voice,
    ):
        proxy.arm(CloseAfter(60_000))
        with pytest.raises(ProviderError) as raised:
            await said(voice, TEXT)

    assert (raised.value.reason, raised.value.retryable) == ("unreachable", True)


@socket_vendor
async def test_a_vendor_that_does_not_answer_the_door_has_stalled(vendor: Vendor) -> None:
    async with vendor.server(AT_ONCE) as server, FaultProxy(server.port) as proxy:
        proxy.arm(HalfOpen())
        voice = vendor.voice(Access(server.url.replace(str(server.port), str(proxy.port)), "key", connect_s=0.2))
        with pytest.raises(ProviderError) as raised:
            await said(voice, TEXT)
        await voice.close()

    assert (raised.value.reason, raised.value.retryable) == ("stalled", True)


# Places in the text.


def places(text: str, *words: str) -> list[str]:
    """What of the text was reached, by the words that a vendor times."""
    known = SpokenWords(text)
    found = [timing for nth, word in enumerate(words) for timing in known.spoken(word, 100.0 * (nth + 1))]
    return [text[: timing.chars] for timing in found]


def test_numbers_that_are_spelled_out_are_passed_over() -> None:
    heard = places("We have 42 tables.", "We", "have", "forty", "two", "tables.")

    assert heard == ["We", "We have", "We have 42 tables."]


def test_words_in_pieces_and_words_drawn_together_are_put_right() -> None:
    assert places("I don't know-how it", "I", "don", "'t", "know", "-", "how", "it")[-3:] == [
        "I don't",
        "I don't know-how",
        "I don't know-how it",
    ]
    assert places("seven thirty now", "seven-thirty", "now") == ["seven thirty", "seven thirty now"]


def test_words_timed_again_move_nothing_back() -> None:
    assert places("Good day to you", "Good", "day", "Good", "day", "to") == ["Good", "Good day", "Good day to"]


def test_the_end_is_reached_with_the_last_sound() -> None:
    words = SpokenWords("It is 9.")
    words.spoken("It", 100)

    assert words.finished(900) == [Reached(8, 900)]
    assert words.finished(900) == []
    assert SpokenWords("It is 9.").finished(900) == []


def test_long_texts_are_cut_between_words() -> None:
    assert in_parts("one two three", 8) == ["one two ", "three"]
    assert in_parts("x" * 5, 2) == ["xx", "xx", "x"]
    assert in_parts("", 2) == [""]
